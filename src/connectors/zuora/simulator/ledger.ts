/** The simulated tenant's books as the ledger that both simulators share. */
import type {
  Ledger,
  LedgerCredit,
  LedgerDebit,
  LedgerInvoice,
  LedgerPayment,
} from '../../../core/ledger.ts';
import { formatMoney } from '../../../core/money.ts';
import type { Invoice } from './books.ts';
import type { CreditMemo, DebitMemo, Payment } from './funds.ts';
import type { RequestLog } from './request-log.ts';
import { targetOf } from './settlement.ts';
import type { Tenant } from './tenant.ts';

export function ledgerOf(tenant: Tenant, log: RequestLog): Ledger {
  const { books } = tenant;
  const { calls, rateLimited } = log.counts();
  return {
    account: tenant.tenantId,
    customers: [...books.accounts.values()].map(({ id, number, name, currency, billToId }) => ({
      id,
      number,
      name,
      email: books.contacts.get(billToId)?.fields['workEmail'] ?? '',
      currency,
    })),
    invoices: [...books.invoices.values()].map((invoice) => ledgerInvoice(tenant, invoice)),
    payments: [...books.payments.values()].map((payment) => ledgerPayment(tenant, payment)),
    credits: [...books.creditMemos.values()].map((memo) => ledgerCredit(tenant, memo)),
    debits: [...books.debitMemos.values()].map((memo) => ledgerDebit(tenant, memo)),
    refunds: [...books.refunds.values()].map((refund) => ({
      id: refund.id,
      number: refund.number,
      reference: refund.referenceId,
      paymentNumber: books.payments.get(refund.paymentId)?.number ?? '',
      currency: refund.currency,
      amount: text(refund.amountMinor, refund),
      refundedOn: refund.refundDate,
      state: refund.status === 'Canceled' ? 'cancelled' : 'live',
    })),
    applications: [...books.applications.values()].map((part) => {
      const target = targetOf(tenant, part);
      const funds = part.source === 'payment' ? books.payments : books.creditMemos;
      return {
        from: part.source === 'payment' ? 'payment' : 'credit',
        fromNumber: funds.get(part.sourceId)?.number ?? '',
        to: part.target === 'invoice' ? 'invoice' : 'debit',
        toNumber: target.number,
        currency: target.currency,
        amount: text(part.amountMinor, target),
      };
    }),
    calls,
    rateLimited,
  };
}

function text(amountMinor: bigint, { currency }: { currency: string }): string {
  return formatMoney({ amountMinor, currency });
}

/** What follows the mark of a copy is text for people. */
function markOf(comment: string): string {
  return comment.split(' | ')[0] ?? '';
}

function customerOf({ books }: Tenant, accountId: string | undefined): string {
  return books.accounts.get(accountId ?? '')?.number ?? '';
}

const MEMO_STATE = { Draft: 'draft', Posted: 'live', Canceled: 'cancelled' } as const;
const STATE = { Draft: 'draft', Posted: 'posted', Canceled: 'cancelled' } as const;

function ledgerInvoice(tenant: Tenant, invoice: Invoice): LedgerInvoice {
  const state = invoice.reversed ? 'reversed' : STATE[invoice.status];
  return {
    id: invoice.id,
    number: invoice.number,
    reference: markOf(invoice.comments),
    customer: customerOf(tenant, invoice.accountId),
    currency: invoice.currency,
    total: text(invoice.totalMinor, invoice),
    outstanding: text(invoice.balanceMinor, invoice),
    issuedOn: invoice.invoiceDate,
    dueOn: invoice.dueDate,
    state: invoice.isDeleted ? 'deleted' : state,
  };
}

function ledgerPayment(tenant: Tenant, payment: Payment): LedgerPayment {
  return {
    id: payment.id,
    number: payment.number,
    reference: payment.referenceId,
    customer: customerOf(tenant, payment.accountId),
    currency: payment.currency,
    amount: text(payment.amountMinor, payment),
    applied: text(payment.appliedMinor, payment),
    unapplied: text(payment.unappliedMinor, payment),
    refunded: text(payment.refundedMinor, payment),
    invoiceNumbers: settledNumbers(tenant, payment.id),
    paidOn: payment.effectiveDate,
    state: payment.isDeleted ? 'deleted' : payment.status === 'Canceled' ? 'cancelled' : 'live',
  };
}

function ledgerCredit(tenant: Tenant, memo: CreditMemo): LedgerCredit {
  return {
    ...ledgerMemo(tenant, memo),
    creditType: memo.origin,
    applied: text(memo.appliedMinor, memo),
    unapplied: text(memo.unappliedMinor, memo),
    invoiceNumbers: settledNumbers(tenant, memo.id),
  };
}

function ledgerDebit(tenant: Tenant, memo: DebitMemo): LedgerDebit {
  return { ...ledgerMemo(tenant, memo), outstanding: text(memo.balanceMinor, memo) };
}

function ledgerMemo(tenant: Tenant, memo: CreditMemo | DebitMemo) {
  return {
    id: memo.id,
    number: memo.number,
    reference: markOf(memo.comment),
    customer: customerOf(tenant, memo.accountId),
    currency: memo.currency,
    amount: text(memo.amountMinor, memo),
    issuedOn: memo.memoDate,
    invoiceNumber: tenant.books.invoices.get(memo.invoiceId ?? '')?.number ?? '',
    state: memo.isDeleted ? ('deleted' as const) : MEMO_STATE[memo.status],
  };
}

function settledNumbers(tenant: Tenant, id: string): string[] {
  const invoices = tenant.books.applicationsFrom(id).filter(({ target }) => target === 'invoice');
  return invoices.map((part) => targetOf(tenant, part).number);
}
