/** Payments, refunds and memos as v1 shows them. */
import { amountOf, type JsonRecord, stampsOf } from './answers.ts';
import { type Call, pageOf } from './call.ts';
import type { Application, CreditMemo, DebitMemo, Payment, Refund } from './funds.ts';
import type { Tenant } from './tenant.ts';

export function paymentAnswer(tenant: Tenant, payment: Payment): JsonRecord {
  const money = (amountMinor: bigint) => amountOf(amountMinor, payment.currency);
  const account = payment.accountId === undefined ? undefined : tenant.books.accounts.get(payment.accountId);
  return {
    id: payment.id,
    number: payment.number,
    accountId: payment.accountId,
    accountNumber: account?.number,
    status: payment.status,
    type: 'External',
    amount: money(payment.amountMinor),
    appliedAmount: money(payment.appliedMinor),
    unappliedAmount: money(payment.unappliedMinor),
    refundAmount: money(payment.refundedMinor),
    creditBalanceAmount: money(0n),
    currency: payment.currency,
    effectiveDate: payment.effectiveDate,
    comment: payment.comment,
    referenceId: payment.referenceId,
    paymentMethodId: payment.methodId,
    gatewayState: 'NotSubmitted',
    cancelledOn: payment.cancelledAt === undefined ? undefined : tenant.localTime(payment.cancelledAt),
    prepayment: payment.prepayment,
    standalone: false,
    financeInformation: { transferredToAccounting: payment.transferredToAccounting },
    ...payment.fields,
    ...stampsOf(tenant, payment),
    success: true,
  };
}

export function refundAnswer(tenant: Tenant, refund: Refund): JsonRecord {
  return {
    id: refund.id,
    number: refund.number,
    paymentId: refund.paymentId,
    accountId: refund.accountId,
    amount: amountOf(refund.amountMinor, refund.currency),
    status: refund.status,
    type: 'External',
    methodType: refund.methodType,
    refundDate: refund.refundDate,
    referenceId: refund.referenceId,
    comment: refund.comment,
    gatewayState: 'NotSubmitted',
    cancelledOn: refund.cancelledAt === undefined ? undefined : tenant.localTime(refund.cancelledAt),
    ...stampsOf(tenant, refund),
    success: true,
  };
}

export function creditMemoAnswer(tenant: Tenant, memo: CreditMemo): JsonRecord {
  const money = (amountMinor: bigint) => amountOf(amountMinor, memo.currency);
  return {
    ...memoAnswer(tenant, memo),
    creditMemoDate: memo.memoDate,
    appliedAmount: money(memo.appliedMinor),
    unappliedAmount: money(memo.unappliedMinor),
    refundAmount: money(memo.refundedMinor),
    autoApplyUponPosting: memo.autoApply,
    excludeFromAutoApplyRules: memo.excludeFromAutoApplyRules,
    reversed: memo.reversed,
    source: memo.origin === 'charge' ? 'AdhocFromPrpc' : 'AdhocFromInvoice',
    success: true,
  };
}

export function debitMemoAnswer(tenant: Tenant, memo: DebitMemo): JsonRecord {
  return {
    ...memoAnswer(tenant, memo),
    debitMemoDate: memo.memoDate,
    dueDate: memo.dueDate,
    balance: amountOf(memo.balanceMinor, memo.currency),
    beAppliedAmount: amountOf(memo.amountMinor - memo.balanceMinor, memo.currency),
    referredCreditMemoId: memo.creditMemoId,
    autoPay: false,
    success: true,
  };
}

function memoAnswer(tenant: Tenant, memo: CreditMemo | DebitMemo): JsonRecord {
  return {
    id: memo.id,
    number: memo.number,
    accountId: memo.accountId,
    accountNumber: tenant.books.accounts.get(memo.accountId)?.number,
    status: memo.status,
    amount: amountOf(memo.amountMinor, memo.currency),
    taxAmount: amountOf(0n, memo.currency),
    currency: memo.currency,
    comment: memo.comment,
    reasonCode: memo.reasonCode,
    referredInvoiceId: memo.invoiceId ?? null,
    sourceType: memo.invoiceId === undefined ? 'Standalone' : 'Invoice',
    postedOn: memo.postedOn ?? null,
    postedById: memo.postedOn === undefined ? null : tenant.userId,
    cancelledOn: memo.cancelledAt === undefined ? null : tenant.localTime(memo.cancelledAt),
    transferredToAccounting: 'No',
    ...stampsOf(tenant, memo),
  };
}

/** The parts of a payment or credit memo. */
export function partsAnswer(call: Call, path: string, funds: Payment | CreditMemo): JsonRecord {
  const { rows, nextPage } = pageOf(call, path, call.tenant.books.applicationsFrom(funds.id));
  const parts = rows.map(
    (part): JsonRecord => ({
      id: part.id,
      ...(part.target === 'invoice' ? { invoiceId: part.targetId } : { debitMemoId: part.targetId }),
      amount: amountOf(part.amountMinor, funds.currency),
      ...stampsOf(call.tenant, part),
    }),
  );
  return { parts, nextPage, success: true };
}

/** What is applied to an invoice or debit memo. */
export function applicationPartsAnswer(
  call: Call,
  path: string,
  { id, currency }: { id: string; currency: string },
): JsonRecord {
  const { rows, nextPage } = pageOf<Application>(call, path, call.tenant.books.applicationsTo(id));
  const applicationParts = rows.map(
    (part): JsonRecord => ({
      ...(part.source === 'payment' ? { paymentId: part.sourceId } : { creditMemoId: part.sourceId }),
      appliedAmount: amountOf(part.amountMinor, currency),
      ...stampsOf(call.tenant, part),
    }),
  );
  return { applicationParts, nextPage, success: true };
}
