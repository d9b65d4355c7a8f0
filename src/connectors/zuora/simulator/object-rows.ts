/** Rows as Object Query shows them. */
import {
  accountBalanceMinor,
  accountSums,
  amountOf,
  type JsonRecord,
  number,
  settledMinor,
  taxMinor,
} from './answers.ts';
import {
  type Account,
  type Contact,
  type Invoice,
  type InvoiceItem,
  itemTaxMinor,
  type TaxItem,
} from './books.ts';
import type { Application, CreditMemo, DebitMemo, Payment, Refund } from './funds.ts';
import type { Tenant } from './tenant.ts';

function stamps(tenant: Tenant, row: { createdAt: number; updatedAt: number }): JsonRecord {
  return {
    createdById: tenant.userId,
    createdDate: tenant.offsetTime(row.createdAt),
    updatedById: tenant.userId,
    updatedDate: tenant.offsetTime(row.updatedAt),
  };
}

export function showAccount(account: Account, tenant: Tenant): JsonRecord {
  const sums = accountSums(tenant, account);
  return {
    id: account.id,
    ...stamps(tenant, account),
    accountNumber: account.number,
    name: account.name,
    currency: account.currency,
    status: 'Active',
    autoPay: account.autoPay,
    balance: amountOf(accountBalanceMinor(sums), account.currency),
    totalInvoiceBalance: amountOf(sums.invoicesMinor, account.currency),
    unappliedBalance: amountOf(sums.unappliedMinor, account.currency),
    batch: account.fields['batch'] ?? 'Batch1',
    billCycleDay: number(account.billCycleDay),
    billToId: account.billToId,
    soldToId: account.soldToId,
    shipToId: account.shipToId,
    invoiceDeliveryPrefsEmail: account.emailInvoices,
    invoiceDeliveryPrefsPrint: account.printInvoices,
    paymentTerm: account.paymentTerm,
    ...account.fields,
  };
}

export function showContact(contact: Contact, tenant: Tenant): JsonRecord {
  const { zipCode, ...fields } = contact.fields;
  return {
    id: contact.id,
    ...stamps(tenant, contact),
    accountId: contact.accountId,
    postalCode: zipCode,
    ...fields,
  };
}

export function showsReversed({ reversed, reversedShownFrom }: Invoice, { clock }: Tenant): boolean {
  return reversed && clock.now() >= reversedShownFrom;
}

export function showInvoice(invoice: Invoice, tenant: Tenant): JsonRecord {
  const money = (amountMinor: bigint) => amountOf(amountMinor, invoice.currency);
  return {
    id: invoice.id,
    ...stamps(tenant, invoice),
    accountId: invoice.accountId,
    invoiceNumber: invoice.number,
    amount: money(invoice.totalMinor),
    amountWithoutTax: money(invoice.totalMinor - taxMinor(invoice)),
    taxAmount: money(taxMinor(invoice)),
    balance: money(invoice.balanceMinor),
    paymentAmount: money(settledMinor(tenant, invoice, 'payment')),
    creditMemoAmount: money(settledMinor(tenant, invoice, 'creditMemo')),
    autoPay: invoice.autoPay,
    comments: invoice.comments,
    currency: invoice.currency,
    invoiceDate: invoice.invoiceDate,
    dueDate: invoice.dueDate,
    postedDate: invoice.postedOn,
    reversed: showsReversed(invoice, tenant),
    source: 'API',
    sourceType: 'Standalone',
    status: invoice.status,
    transferredToAccounting: invoice.transferredToAccounting,
    ...invoice.fields,
  };
}

export type ItemRow = { invoice: Invoice; item: InvoiceItem };

export function showItem({ invoice, item }: ItemRow, tenant: Tenant): JsonRecord {
  const { description: _description, uom, sku, ...fields } = item.fields;
  return {
    id: item.id,
    ...stamps(tenant, invoice),
    invoiceId: invoice.id,
    accountId: invoice.accountId,
    chargeAmount: amountOf(item.amountMinor, invoice.currency),
    taxAmount: amountOf(itemTaxMinor(item), invoice.currency),
    quantity: number(item.quantity),
    unitPrice: item.unitPrice === undefined ? undefined : number(item.unitPrice),
    processingType: item.kind === 'Discount' ? '1' : '0',
    appliedToInvoiceItemId: item.parentId,
    sourceItemType: 'None',
    serviceStartDate: item.serviceStartDate,
    uOM: uom,
    sKU: sku,
    ...fields,
  };
}

export function showPayment(payment: Payment, tenant: Tenant): JsonRecord {
  const money = (amountMinor: bigint) => amountOf(amountMinor, payment.currency);
  return {
    id: payment.id,
    ...stamps(tenant, payment),
    accountId: payment.accountId,
    paymentNumber: payment.number,
    amount: money(payment.amountMinor),
    appliedAmount: money(payment.appliedMinor),
    unappliedAmount: money(payment.unappliedMinor),
    refundAmount: money(payment.refundedMinor),
    comment: payment.comment,
    currency: payment.currency,
    effectiveDate: payment.effectiveDate,
    gatewayState: 'NotSubmitted',
    paymentMethodId: payment.methodId,
    prepayment: payment.prepayment,
    referenceId: payment.referenceId,
    source: 'API',
    status: payment.status,
    type: 'External',
    transferredToAccounting: payment.transferredToAccounting,
    ...payment.fields,
  };
}

export function showApplication(application: Application, tenant: Tenant): JsonRecord {
  const payment = tenant.books.payments.get(application.sourceId);
  return {
    id: application.id,
    ...stamps(tenant, application),
    applyAmount: amountOf(application.amountMinor, payment?.currency ?? 'USD'),
    effectiveDate: application.effectiveDate,
    paymentApplicationStatus: 'Processed',
    accountId: payment?.accountId,
    paymentId: application.sourceId,
    ...targetIds(application),
  };
}

export function showMemoApplication(application: Application, tenant: Tenant): JsonRecord {
  const memo = tenant.books.creditMemos.get(application.sourceId);
  return {
    id: application.id,
    ...stamps(tenant, application),
    amount: amountOf(application.amountMinor, memo?.currency ?? 'USD'),
    effectiveDate: application.effectiveDate,
    accountId: memo?.accountId,
    creditMemoId: application.sourceId,
    ...targetIds(application),
  };
}

function targetIds({ target, targetId }: Application): JsonRecord {
  return target === 'invoice' ? { invoiceId: targetId } : { debitMemoId: targetId };
}

function showMemo(memo: CreditMemo | DebitMemo, tenant: Tenant): JsonRecord {
  return {
    id: memo.id,
    ...stamps(tenant, memo),
    memoNumber: memo.number,
    accountId: memo.accountId,
    invoiceId: memo.invoiceId,
    memoDate: memo.memoDate,
    totalAmount: amountOf(memo.amountMinor, memo.currency),
    currency: memo.currency,
    reasonCode: memo.reasonCode,
    sourceType: memo.invoiceId === undefined ? 'Standalone' : 'Invoice',
    status: memo.status,
    transferredToAccounting: 'No',
  };
}

export function showCreditMemo(memo: CreditMemo, tenant: Tenant): JsonRecord {
  return {
    ...showMemo(memo, tenant),
    comment: memo.comment,
    appliedAmount: amountOf(memo.appliedMinor, memo.currency),
    balance: amountOf(memo.unappliedMinor, memo.currency),
    refundAmount: amountOf(memo.refundedMinor, memo.currency),
    excludeFromAutoApplyRules: memo.excludeFromAutoApplyRules,
    reversed: memo.reversed,
  };
}

export function showDebitMemo(memo: DebitMemo, tenant: Tenant): JsonRecord {
  return {
    ...showMemo(memo, tenant),
    comments: memo.comment,
    balance: amountOf(memo.balanceMinor, memo.currency),
    dueDate: memo.dueDate,
  };
}

export function showRefund(refund: Refund, tenant: Tenant): JsonRecord {
  return {
    id: refund.id,
    ...stamps(tenant, refund),
    refundNumber: refund.number,
    accountId: refund.accountId,
    amount: amountOf(refund.amountMinor, refund.currency),
    refundDate: refund.refundDate,
    status: refund.status,
    type: 'External',
    methodType: refund.methodType,
    referenceID: refund.referenceId,
    comment: refund.comment,
  };
}

export type TaxRow = ItemRow & { tax: TaxItem };

export function showTaxItem({ invoice, item, tax }: TaxRow, tenant: Tenant): JsonRecord {
  const { name, taxCode, taxMode, taxRateType, jurisdiction, locationCode } = tax.fields;
  return {
    id: tax.id,
    ...stamps(tenant, invoice),
    invoiceItemId: item.id,
    name,
    taxCode,
    taxMode,
    taxRateType,
    jurisdiction,
    locationCode,
    taxDate: tax.date,
    taxRate: number(tax.rate),
    taxAmount: amountOf(tax.amountMinor, invoice.currency),
  };
}
