/** Creating standalone invoices, one or many, and reading them. */
import { Exact } from '../../../core/money.ts';
import type { JsonRecord } from './answers.ts';
import { invoiceAnswer, itemAnswer, number } from './answers.ts';
import { type Body, readBody } from './body.ts';
import { CREATE_INVOICE, CREATE_INVOICES, FLEXIBLE_BILLING_FIELDS, MAX_ITEMS } from './body-specs.ts';
import { type Account, type Invoice, type InvoiceItem, itemTotalMinor, type TaxItem } from './books.ts';
import { type Call, pageOf, paramOf } from './call.ts';
import { Refusal, refuse } from './refusal.ts';
import { addDays, minorOf, requireActiveCurrency, requireOpenPeriod, type Tenant } from './tenant.ts';

const RESOURCE = 'standaloneInvoice';

export function createInvoice(call: Call): JsonRecord {
  const { tenant } = call;
  const body = readBody(call.body, CREATE_INVOICE, RESOURCE, invoiceCustomFields(tenant));
  return invoiceAnswer(tenant, storeInvoice(tenant, draftInvoice(tenant, body)));
}

export function createInvoices(call: Call): JsonRecord {
  const { tenant } = call;
  const body = readBody(call.body, CREATE_INVOICES, RESOURCE, invoiceCustomFields(tenant));
  const wanted = body.list('invoices');
  const items = wanted.reduce((sum, invoice) => sum + invoice.list('invoiceItems').length, 0);
  if (items > MAX_ITEMS)
    throw refuse(RESOURCE, 'rule', `A request can hold at most ${MAX_ITEMS} invoice items in all.`);
  if (body.flag('useSingleTransaction') === true) {
    const numbers = new Set<string>();
    const drafts = wanted.map((one) => draftInvoice(tenant, one, numbers));
    return {
      success: true,
      invoices: drafts.map((draft) => invoiceAnswer(tenant, storeInvoice(tenant, draft))),
    };
  }
  const invoices = wanted.map((one, objectIndex): JsonRecord => {
    try {
      return invoiceAnswer(tenant, storeInvoice(tenant, draftInvoice(tenant, one)));
    } catch (error) {
      return { objectIndex: number(objectIndex), ...memberFailure(tenant, error) };
    }
  });
  return { success: true, invoices };
}

/** A failed member of a batch; anything but a refusal is a programmer error and passes through. */
export function memberFailure(tenant: Tenant, error: unknown): JsonRecord {
  if (!(error instanceof Refusal)) throw error;
  return {
    success: false,
    processId: tenant.newProcessId(),
    reasons: error.reasons.map(({ code, message }) => ({ code: number(code), message })),
  };
}

export function readInvoice(call: Call): JsonRecord {
  const { tenant } = call;
  const key = paramOf(call, 'key');
  const still = tenant.books.shownStill.get(key);
  const isShown = still !== undefined && tenant.clock.now() < still.until;
  return invoiceAnswer(tenant, isShown ? still.invoice : invoiceByKey(tenant, key));
}

export function readInvoiceItems(call: Call): JsonRecord {
  const invoice = invoiceByKey(call.tenant, paramOf(call, 'key'));
  const { rows, nextPage } = pageOf(call, `/v1/invoices/${paramOf(call, 'key')}/items`, invoice.items);
  return {
    invoiceItems: rows.map((item) => itemAnswer(call.tenant, invoice, item)),
    nextPage,
    success: true,
  };
}

export function invoiceByKey(tenant: Tenant, key: string): Invoice {
  const invoice = tenant.books.findInvoice(key);
  if (invoice === undefined) throw refuse('unknown', 'notFound', `Cannot find entity by key: '${key}'.`);
  return invoice;
}

export function invoiceCustomFields({ features: { customFields } }: Tenant): ReadonlySet<string> {
  return new Set([...customFields.invoice, ...customFields.invoiceItem]);
}

/** Checks everything and builds the invoice without touching the books. */
function draftInvoice(tenant: Tenant, body: Body, numbersOfRequest = new Set<string>()): Invoice {
  const account = accountOfInvoice(tenant, body);
  if (!tenant.features.flexibleBillingAttributes) {
    const refused = FLEXIBLE_BILLING_FIELDS.find((name) => body.has(name));
    if (refused !== undefined) {
      throw refuse(RESOURCE, 'badValue', `'${refused}' needs the Flexible Billing Attributes feature.`);
    }
  }
  const currency = currencyOf(tenant, body, account);
  const invoiceDate = body.mustText('invoiceDate');
  requireOpenPeriod(tenant, invoiceDate, RESOURCE);
  const items = body.list('invoiceItems').flatMap((item, index) => itemsOf(tenant, item, currency, index));
  if (items.length === 0) throw refuse(RESOURCE, 'missingField', "'invoiceItems' is required.");
  const totalMinor = items.reduce((sum, item) => sum + itemTotalMinor(item), 0n);
  if (totalMinor < 0n)
    throw refuse(RESOURCE, 'rule', 'The total amount of the invoice must not be negative.');
  const isPosted = body.text('status') === 'Posted';
  return {
    id: tenant.newId(),
    number: numberOf(tenant, body, numbersOfRequest),
    accountId: account.id,
    currency,
    invoiceDate,
    dueDate: dueDateOf(tenant, body, account, invoiceDate),
    status: isPosted ? 'Posted' : 'Draft',
    isDeleted: false,
    reversed: false,
    reversedShownFrom: 0,
    autoPay: body.flag('autoPay') ?? false,
    comments: body.text('comments') ?? '',
    transferredToAccounting: body.text('transferredToAccounting') ?? 'No',
    postedOn: isPosted ? tenant.today() : undefined,
    items,
    totalMinor,
    balanceMinor: totalMinor,
    fields: customTexts(body),
    ...tenant.stamps(),
  };
}

function storeInvoice(tenant: Tenant, invoice: Invoice): Invoice {
  const { books } = tenant;
  books.invoices.set(invoice.id, invoice);
  books.invoiceNumbers.set(invoice.number, invoice.id);
  books.assertInvoice(invoice);
  return invoice;
}

function accountOfInvoice(tenant: Tenant, body: Body): Account {
  const id = body.text('accountId');
  const accountNumber = body.text('accountNumber');
  if (id === undefined && accountNumber === undefined) {
    throw refuse(RESOURCE, 'missingField', "'accountId' or 'accountNumber' is required.");
  }
  const account =
    id === undefined
      ? tenant.books.accounts.get(tenant.books.accountNumbers.get(accountNumber ?? '') ?? '')
      : tenant.books.accounts.get(id);
  if (account !== undefined) return account;
  const named = id === undefined ? `accountNumber ${accountNumber}` : `accountId ${id}`;
  throw refuse(RESOURCE, 'badValue', `No account is found with ${named}.`);
}

function currencyOf(tenant: Tenant, body: Body, account: Account): string {
  const currency = body.text('currency') ?? account.currency;
  if (currency !== account.currency && !tenant.features.multipleCurrencies) {
    throw refuse(
      RESOURCE,
      'badValue',
      `The currency '${currency}' is not the account's currency '${account.currency}'.`,
    );
  }
  requireActiveCurrency(tenant, currency, RESOURCE);
  return currency;
}

function numberOf(tenant: Tenant, body: Body, numbersOfRequest: Set<string>): string {
  const isTaken = (text: string) => tenant.books.invoiceNumbers.has(text) || numbersOfRequest.has(text);
  const wanted = body.text('invoiceNumber');
  if (wanted !== undefined) {
    if (isTaken(wanted)) throw refuse(RESOURCE, 'badValue', `The invoice number '${wanted}' already exists.`);
    const { invoicePrefix } = tenant.features;
    if (wanted.startsWith(invoicePrefix) && /^\d+$/.test(wanted.slice(invoicePrefix.length))) {
      throw refuse(
        RESOURCE,
        'badValue',
        `The invoice number '${wanted}' collides with the prefix '${invoicePrefix}'.`,
      );
    }
  }
  const chosen = wanted ?? tenant.nextNumber(tenant.features.invoicePrefix, isTaken);
  numbersOfRequest.add(chosen);
  return chosen;
}

function dueDateOf(tenant: Tenant, body: Body, account: Account, invoiceDate: string): string {
  const wanted = body.text('dueDate');
  if (wanted !== undefined) {
    if (wanted >= invoiceDate) return wanted;
    throw refuse(RESOURCE, 'badValue', 'The due date must not be earlier than the invoice date.');
  }
  const name = body.text('paymentTerm') ?? account.paymentTerm;
  return addDays(invoiceDate, tenant.terms.find((term) => term.name === name)?.days ?? 0);
}

/** The charge and its discounts, in that order. */
export function itemsOf(tenant: Tenant, body: Body, currency: string, index: number): InvoiceItem[] {
  const charge = itemOf(tenant, body, currency, `invoiceItems[${index}]`, undefined);
  const discounts = body
    .list('discountItems')
    .map((one, at) => itemOf(tenant, one, currency, `invoiceItems[${index}].discountItems[${at}]`, charge));
  return [charge, ...discounts];
}

function itemOf(
  tenant: Tenant,
  body: Body,
  currency: string,
  path: string,
  parent: InvoiceItem | undefined,
): InvoiceItem {
  if (body.text('productRatePlanChargeId') !== undefined) {
    throw refuse(
      RESOURCE,
      'badValue',
      `'${path}.productRatePlanChargeId' does not exist in the product catalog.`,
    );
  }
  if ((body.text('chargeName') ?? '') === '') {
    throw refuse(
      RESOURCE,
      'missingField',
      `'${path}.chargeName' is required without a productRatePlanChargeId.`,
    );
  }
  requireTaxation(tenant, body, path);
  const amountMinor = minorOf(body.mustDecimal('amount'), currency, RESOURCE, `${path}.amount`);
  if (parent !== undefined && amountMinor >= 0n) {
    throw refuse(RESOURCE, 'badValue', `'${path}.amount' of a discount must be negative.`);
  }
  const start = body.text('serviceStartDate') ?? parent?.serviceStartDate ?? '';
  if ((body.text('serviceEndDate') ?? start) < start) {
    throw refuse(RESOURCE, 'badValue', `'${path}.serviceEndDate' is earlier than the start date.`);
  }
  return {
    id: tenant.newId(),
    kind: parent === undefined ? 'Charge' : 'Discount',
    parentId: parent?.id,
    amountMinor,
    quantity: body.decimal('quantity') ?? new Exact(1),
    unitPrice: body.decimal('unitPrice'),
    serviceStartDate: start,
    taxItems: body
      .list('taxItems')
      .map((tax, at) => taxItemOf(tenant, tax, currency, `${path}.taxItems[${at}]`)),
    fields: itemTexts(body),
  };
}

function requireTaxation(tenant: Tenant, body: Body, path: string): void {
  const taxFields = ['taxItems', 'taxCode', 'taxMode'].filter((name) => body.has(name));
  if (taxFields.length > 0 && !tenant.features.taxation) {
    throw refuse(
      RESOURCE,
      'permission',
      `'${path}.${taxFields[0]}' needs the Taxation feature, which is not enabled.`,
    );
  }
  if (body.has('taxItems') && taxFields.length > 1) {
    throw refuse(RESOURCE, 'badValue', `'${path}' must not have taxCode or taxMode together with taxItems.`);
  }
}

function taxItemOf(tenant: Tenant, body: Body, currency: string, path: string): TaxItem {
  if (body.text('taxMode') !== 'TaxExclusive') {
    throw refuse(RESOURCE, 'badValue', `'${path}.taxMode' must be TaxExclusive.`);
  }
  const { taxDate, taxMode: _taxMode, ...fields } = body.allTexts();
  return {
    id: tenant.newId(),
    amountMinor: minorOf(body.mustDecimal('taxAmount'), currency, RESOURCE, `${path}.taxAmount`),
    rate: body.mustDecimal('taxRate'),
    date: taxDate ?? '',
    fields,
  };
}

export function itemTexts(body: Body): Record<string, string> {
  const { id: _id, serviceStartDate: _serviceStartDate, ...fields } = body.allTexts();
  return fields;
}

export function customTexts(body: Body): Record<string, string> {
  return Object.fromEntries(Object.entries(body.allTexts()).filter(([name]) => name.endsWith('__c')));
}
