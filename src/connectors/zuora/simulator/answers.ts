/** Answers as v1 and Object Query show them: amounts are exact JSON numbers in the currency's decimals. */
import { LosslessNumber } from 'lossless-json';
import { type Exact, formatMoney } from '../../../core/money.ts';
import { type Account, type Contact, type Invoice, type InvoiceItem, itemTaxMinor } from './books.ts';
import type { Application, DebitMemo, Funds } from './funds.ts';
import type { Tenant } from './tenant.ts';

export type Json = string | boolean | null | LosslessNumber | Json[] | { [name: string]: Json | undefined };
export type JsonRecord = { [name: string]: Json | undefined };

export const number = (value: number | string | Exact) => new LosslessNumber(value.toString());
export const amountOf = (amountMinor: bigint, currency: string) =>
  new LosslessNumber(formatMoney({ amountMinor, currency }));

function discountMinor(invoice: Invoice): bigint {
  return invoice.items.reduce((sum, item) => (item.kind === 'Discount' ? sum + item.amountMinor : sum), 0n);
}

export function taxMinor(invoice: Invoice): bigint {
  return invoice.items.reduce((sum, item) => sum + itemTaxMinor(item), 0n);
}

/** What of an invoice is settled by payments, or by credit memos. */
export function settledMinor({ books }: Tenant, { id }: Invoice, by: Application['source']): bigint {
  return books
    .applicationsTo(id)
    .reduce((sum, { source, amountMinor }) => (source === by ? sum + amountMinor : sum), 0n);
}

export function stampsOf(tenant: Tenant, row: { createdAt: number; updatedAt: number }): JsonRecord {
  return {
    createdById: tenant.userId,
    createdDate: tenant.localTime(row.createdAt),
    updatedById: tenant.userId,
    updatedDate: tenant.localTime(row.updatedAt),
  };
}

export function contactAnswer(tenant: Tenant, contact: Contact): JsonRecord {
  const account = tenant.books.accounts.get(contact.accountId);
  return {
    id: contact.id,
    accountId: contact.accountId,
    accountNumber: account?.number,
    ...contact.fields,
    asBillTo: account?.billToId === contact.id || contact.roles.has('asBillTo'),
    asSoldTo: account?.soldToId === contact.id || contact.roles.has('asSoldTo'),
    asShipTo: account?.shipToId === contact.id || contact.roles.has('asShipTo'),
  };
}

export function accountAnswer(tenant: Tenant, account: Account): JsonRecord {
  const { books } = tenant;
  const contact = (id: string) => {
    const found = books.contacts.get(id);
    if (found === undefined) return undefined;
    const { accountId: _accountId, accountNumber: _accountNumber, ...shown } = contactAnswer(tenant, found);
    return shown;
  };
  const sums = accountSums(tenant, account);
  // The document types these as texts, unlike every other amount.
  const money = (amountMinor: bigint) => formatMoney({ amountMinor, currency: account.currency });
  const metrics = {
    balance: money(accountBalanceMinor(sums)),
    totalInvoiceBalance: money(sums.invoicesMinor),
    unappliedPaymentAmount: money(sums.unappliedMinor),
    unappliedCreditMemoAmount: money(sums.creditsMinor),
    totalDebitMemoBalance: money(sums.debitsMinor),
    contractedMrr: money(0n),
    reservedPaymentAmount: money(0n),
  };
  const { batch = 'Batch1', taxInfo: _taxInfo, ...fields } = account.fields;
  return {
    basicInfo: {
      id: account.id,
      name: account.name,
      accountNumber: account.number,
      batch,
      status: 'Active',
      ...fields,
    },
    billingAndPayment: {
      billCycleDay: number(account.billCycleDay),
      bcdSettingOption: account.billCycleDay === '0' ? 'AutoSet' : 'ManualSet',
      currency: account.currency,
      paymentTerm: account.paymentTerm,
      autoPay: account.autoPay,
      invoiceDeliveryPrefsEmail: account.emailInvoices,
      invoiceDeliveryPrefsPrint: account.printInvoices,
      additionalEmailAddresses: [...account.additionalEmails],
    },
    metrics: {
      ...metrics,
      creditBalance: money(0n),
      // A number here and a text below: so says the document.
      reservedPaymentAmount: amountOf(0n, account.currency),
    },
    metricsData: [{ ...metrics, currency: account.currency }],
    billToContact: contact(account.billToId),
    soldToContact: contact(account.soldToId),
    shipToContact: contact(account.shipToId),
    success: true,
  };
}

type Sums = { invoicesMinor: bigint; debitsMinor: bigint; unappliedMinor: bigint; creditsMinor: bigint };

export function accountSums({ books }: Tenant, { id, currency }: Account): Sums {
  const isOwn = (row: { accountId: string | undefined; currency: string }) =>
    row.accountId === id && row.currency === currency;
  const owed = (rows: Iterable<Invoice | DebitMemo>) => {
    let sum = 0n;
    for (const row of rows) if (isOwn(row) && row.status === 'Posted') sum += row.balanceMinor;
    return sum;
  };
  const left = (rows: Iterable<Funds & { status: string }>) => {
    let sum = 0n;
    for (const row of rows) if (isOwn(row) && row.status !== 'Draft') sum += row.unappliedMinor;
    return sum;
  };
  return {
    invoicesMinor: owed(books.invoices.values()),
    debitsMinor: owed(books.debitMemos.values()),
    unappliedMinor: left(books.payments.values()),
    creditsMinor: left(books.creditMemos.values()),
  };
}

export function accountBalanceMinor({
  invoicesMinor,
  debitsMinor,
  unappliedMinor,
  creditsMinor,
}: Sums): bigint {
  return invoicesMinor + debitsMinor - unappliedMinor - creditsMinor;
}

/** What credit memos may still take from an item: with its discounts, without its taxes. */
export function creditableMinor({ books }: Tenant, invoice: Invoice, item: InvoiceItem): bigint {
  const own = invoice.items.filter(({ id, parentId }) => id === item.id || parentId === item.id);
  let room = own.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
  for (const memo of books.creditMemos.values()) {
    if (memo.invoiceId !== invoice.id || memo.status === 'Canceled') continue;
    for (const { invoiceItemId, amountMinor } of memo.items)
      if (invoiceItemId === item.id) room -= amountMinor;
  }
  return room > 0n ? room : 0n;
}

export function invoiceAnswer(tenant: Tenant, invoice: Invoice): JsonRecord {
  const money = (amountMinor: bigint) => amountOf(amountMinor, invoice.currency);
  const account = tenant.books.accounts.get(invoice.accountId);
  const taxedMinor = taxMinor(invoice);
  return {
    id: invoice.id,
    invoiceNumber: invoice.number,
    accountId: invoice.accountId,
    amount: money(invoice.totalMinor),
    amountWithoutTax: money(invoice.totalMinor - taxedMinor),
    discount: money(discountMinor(invoice)),
    taxAmount: money(taxedMinor),
    taxExemptAmount: money(0n),
    balance: money(invoice.balanceMinor),
    paymentAmount: money(settledMinor(tenant, invoice, 'payment')),
    creditMemoAmount: money(settledMinor(tenant, invoice, 'creditMemo')),
    refundAmount: money(0n),
    adjustmentAmount: money(0n),
    creditBalanceAdjustmentAmount: money(0n),
    autoPay: invoice.autoPay,
    billToContactId: account?.billToId ?? null,
    soldToContactId: account?.soldToId ?? null,
    shipToContactId: account?.shipToId ?? null,
    comments: invoice.comments,
    currency: invoice.currency,
    invoiceDate: invoice.invoiceDate,
    dueDate: invoice.dueDate,
    targetDate: invoice.invoiceDate,
    includesOneTime: true,
    includesRecurring: false,
    includesUsage: false,
    invoiceGroupNumber: null,
    paymentTerm: account?.paymentTerm ?? null,
    postedBy: invoice.postedOn === undefined ? undefined : tenant.userId,
    postedDate: invoice.postedOn,
    sequenceSetId: null,
    source: 'API',
    sourceId: '',
    sourceType: 'Standalone',
    status: invoice.status,
    taxMessage: null,
    taxStatus: 'Complete',
    templateId: null,
    transferredToAccounting: invoice.transferredToAccounting,
    ...invoice.fields,
    ...stampsOf(tenant, invoice),
    success: true,
  };
}

/** PUT /v1/invoices/{key} shows less and names some fields differently (facts section 6). */
export function updatedInvoiceAnswer(tenant: Tenant, invoice: Invoice): JsonRecord {
  const shown = invoiceAnswer(tenant, invoice);
  const same = [
    'id',
    'accountId',
    'amount',
    'autoPay',
    'balance',
    'creditBalanceAdjustmentAmount',
    'currency',
    'discount',
    'dueDate',
    'invoiceDate',
    'status',
    'targetDate',
    'taxAmount',
  ];
  return {
    ...Object.fromEntries(same.map((name) => [name, shown[name]])),
    number: invoice.number,
    comment: invoice.comments,
    postedById: shown['postedBy'],
    postedOn: shown['postedDate'],
    totalTaxExemptAmount: shown['taxExemptAmount'],
    transferredToAccounting:
      invoice.transferredToAccounting === 'No' ? false : invoice.transferredToAccounting,
    ...invoice.fields,
    ...stampsOf(tenant, invoice),
    success: true,
  };
}

export function itemAnswer(tenant: Tenant, invoice: Invoice, item: InvoiceItem): JsonRecord {
  const money = (amountMinor: bigint) => amountOf(amountMinor, invoice.currency);
  // The document types these as texts, unlike every other amount.
  const text = (amountMinor: bigint) => formatMoney({ amountMinor, currency: invoice.currency });
  const { description, uom, ...fields } = item.fields;
  return {
    id: item.id,
    chargeAmount: text(item.amountMinor),
    availableToCreditAmount:
      item.kind === 'Charge' ? money(creditableMinor(tenant, invoice, item)) : undefined,
    taxAmount: text(itemTaxMinor(item)),
    quantity: item.quantity.toString(),
    unitPrice: item.unitPrice === undefined ? undefined : number(item.unitPrice),
    unitOfMeasure: uom,
    description: description ?? '',
    chargeType: 'OneTime',
    processingType: item.kind,
    appliedToItemId: item.parentId,
    sourceItemType: 'None',
    serviceStartDate: item.serviceStartDate,
    productName: '',
    ...fields,
    taxationItems: {
      data: item.taxItems.map((tax) => ({
        id: tax.id,
        taxAmount: money(tax.amountMinor),
        taxRate: number(tax.rate),
        taxDate: tax.date,
        exemptAmount: money(0n),
        creditAmount: money(0n),
        paymentAmount: money(0n),
        balance: money(tax.amountMinor),
        ...tax.fields,
      })),
    },
  };
}
