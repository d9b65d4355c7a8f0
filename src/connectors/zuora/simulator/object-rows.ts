/** Rows as Object Query shows them. */
import { accountSums, amountOf, type JsonRecord, number, paidMinor, taxMinor } from './answers.ts';
import {
  type Account,
  type Application,
  type Contact,
  type Invoice,
  type InvoiceItem,
  itemTaxMinor,
  type Payment,
  type Refund,
  type TaxItem,
} from './books.ts';
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
  const { invoicesMinor, unappliedMinor } = accountSums(tenant, account);
  return {
    id: account.id,
    ...stamps(tenant, account),
    accountNumber: account.number,
    name: account.name,
    currency: account.currency,
    status: 'Active',
    autoPay: account.autoPay,
    balance: amountOf(invoicesMinor - unappliedMinor, account.currency),
    totalInvoiceBalance: amountOf(invoicesMinor, account.currency),
    unappliedBalance: amountOf(unappliedMinor, account.currency),
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
    paymentAmount: money(paidMinor(tenant, invoice)),
    creditMemoAmount: money(invoice.creditedMinor),
    autoPay: invoice.autoPay,
    comments: invoice.comments,
    currency: invoice.currency,
    invoiceDate: invoice.invoiceDate,
    dueDate: invoice.dueDate,
    postedDate: invoice.postedOn,
    reversed: invoice.reversed,
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
  const payment = tenant.books.payments.get(application.paymentId);
  return {
    id: application.id,
    ...stamps(tenant, application),
    applyAmount: amountOf(application.amountMinor, payment?.currency ?? 'USD'),
    effectiveDate: application.effectiveDate,
    paymentApplicationStatus: 'Processed',
    accountId: payment?.accountId,
    paymentId: application.paymentId,
    invoiceId: application.invoiceId,
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
    referenceId: refund.referenceId,
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
