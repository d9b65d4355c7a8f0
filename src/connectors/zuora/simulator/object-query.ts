/** Object Query: filters, paging by cursor, chosen fields and one level of expansion over the books. */
import { Exact, formatMoney } from '../../../core/money.ts';
import { accountBalanceMinor, accountSums, type Json, type JsonRecord } from './answers.ts';
import type { Account, Contact, Invoice } from './books.ts';
import { type Call, paramOf } from './call.ts';
import type { Application, CreditMemo, DebitMemo, Payment, Refund } from './funds.ts';
import {
  type ItemRow,
  showAccount,
  showApplication,
  showContact,
  showCreditMemo,
  showDebitMemo,
  showInvoice,
  showItem,
  showMemoApplication,
  showPayment,
  showRefund,
  showsReversed,
  showTaxItem,
  type TaxRow,
} from './object-rows.ts';
import { parseFilter } from './query-filter.ts';
import { refuse } from './refusal.ts';
import type { PaymentMethod, Tenant } from './tenant.ts';

type Cell = string | boolean | Exact | null;
type Collection<Row> = {
  rows: (tenant: Tenant) => Iterable<Row>;
  /** Filterable fields in lower case. */
  cells: Readonly<Record<string, (row: Row, tenant: Tenant) => Cell>>;
  show: (row: Row, tenant: Tenant) => JsonRecord;
  expand: Readonly<Record<string, (row: Row, tenant: Tenant) => JsonRecord>>;
  idOf: (row: Row) => string;
  needsFilter?: true;
};

const exact = (amountMinor: bigint, currency: string) => new Exact(formatMoney({ amountMinor, currency }));

function collection<Row>(definition: Collection<Row>): (call: Call) => JsonRecord {
  return (call) => {
    const { tenant, query } = call;
    const key = paramOf(call, 'key');
    const shape = (row: Row): JsonRecord => shaped(call, definition, row);
    if (key !== '') {
      for (const row of definition.rows(tenant)) if (definition.idOf(row) === key) return shape(row);
      throw refuse('unknown', 'notFound', `Cannot find entity by key: '${key}'.`);
    }
    const texts = query.getAll('filter[]').flatMap((text) => (text === '' ? [] : [text]));
    if (definition.needsFilter === true && texts.length === 0) {
      throw refuse('objectQuery', 'badQuery', 'A filter is required for this object.');
    }
    const filters = texts.map((text) => parseFilter(text, Object.keys(definition.cells)));
    const pageSize = pageSizeOf(query);
    const from = cursorOf(query);
    let found: Row[] = [];
    for (const row of definition.rows(tenant)) {
      if (filters.every(({ field, matches }) => matches(definition.cells[field]?.(row, tenant) ?? null)))
        found.push(row);
    }
    found = sorted(call, definition, found);
    const data: Json[] = found.slice(from, from + pageSize).map(shape);
    const isLast = from + pageSize >= found.length;
    const nextPage = isLast ? undefined : Buffer.from(`o:${from + pageSize}`).toString('base64url');
    return { data, nextPage };
  };
}

function shaped<Row>({ tenant, query }: Call, definition: Collection<Row>, row: Row): JsonRecord {
  const wanted = query.getAll('fields[]').flatMap((text) => text.split(','));
  const all = definition.show(row, tenant);
  const lower = new Set(wanted.map((name) => name.toLowerCase()));
  const shown =
    lower.size === 0
      ? all
      : Object.fromEntries(
          Object.entries(all).filter(([name]) => name === 'id' || lower.has(name.toLowerCase())),
        );
  for (const name of query.getAll('expand[]').flatMap((text) => text.split(','))) {
    const expand = definition.expand[name.toLowerCase()];
    if (expand === undefined)
      throw refuse('objectQuery', 'badQuery', `The expand '${name}' is not supported.`);
    Object.assign(shown, expand(row, tenant));
  }
  return shown;
}

function sorted<Row>({ tenant, query }: Call, definition: Collection<Row>, rows: Row[]): Row[] {
  const [sort, second] = query.getAll('sort[]');
  if (sort === undefined) return rows;
  const [field = '', direction = 'ASC'] = sort.split('.');
  const cell = definition.cells[field.toLowerCase()];
  if (second !== undefined || cell === undefined)
    throw refuse('objectQuery', 'badQuery', `Cannot sort by '${sort}'.`);
  const sign = direction.toUpperCase() === 'DESC' ? -1 : 1;
  const compare = (a: Cell, b: Cell) =>
    a instanceof Exact && b instanceof Exact
      ? a.cmp(b)
      : String(a) < String(b)
        ? -1
        : String(a) > String(b)
          ? 1
          : 0;
  return rows.sort((a, b) => sign * compare(cell(a, tenant), cell(b, tenant)));
}

function pageSizeOf(query: URLSearchParams): number {
  const raw = query.get('pageSize') ?? '10';
  const size = /^\d{1,4}$/.test(raw) ? parseInt(raw, 10) : 0;
  if (size < 1 || size > 99) throw refuse('objectQuery', 'badQuery', 'pageSize must be between 1 and 99.');
  return size;
}

function cursorOf(query: URLSearchParams): number {
  const raw = query.get('cursor');
  if (raw === null) return 0;
  const match = /^o:(\d+)$/.exec(Buffer.from(raw, 'base64url').toString());
  if (match === null) throw refuse('objectQuery', 'badQuery', 'The cursor is not valid.');
  return parseInt(match[1] ?? '0', 10);
}

const accountOf = (row: { accountId: string | undefined }, tenant: Tenant): JsonRecord => {
  const account = tenant.books.accounts.get(row.accountId ?? '');
  return { account: account === undefined ? undefined : showAccount(account, tenant) };
};
const contactOf = (name: string, id: string, tenant: Tenant): JsonRecord => {
  const contact = tenant.books.contacts.get(id);
  return { [name]: contact === undefined ? undefined : showContact(contact, tenant) };
};
const updatedDate = (row: { updatedAt: number }) => new Date(row.updatedAt).toISOString();
const createdDate = (row: { createdAt: number }) => new Date(row.createdAt).toISOString();
const live = function* <Row extends { isDeleted: boolean }>(rows: Iterable<Row>): Iterable<Row> {
  for (const row of rows) if (!row.isDeleted) yield row;
};
const itemRows = function* (tenant: Tenant): Iterable<ItemRow> {
  for (const invoice of live(tenant.books.invoices.values()))
    for (const item of invoice.items) yield { invoice, item };
};

const taxRows = function* (tenant: Tenant): Iterable<TaxRow> {
  if (!tenant.features.taxation) {
    throw refuse('objectQuery', 'permission', 'The Taxation feature is not enabled for this tenant.');
  }
  for (const { invoice, item } of itemRows(tenant))
    for (const tax of item.taxItems) yield { invoice, item, tax };
};

const applicationsOf = function* ({ books }: Tenant, source: Application['source']): Iterable<Application> {
  for (const application of books.applications.values()) if (application.source === source) yield application;
};

const MEMO_CELLS: Collection<CreditMemo | DebitMemo>['cells'] = {
  id: ({ id }) => id,
  accountid: ({ accountId }) => accountId,
  invoiceid: ({ invoiceId }) => invoiceId ?? null,
  memonumber: (memo) => memo.number,
  memodate: ({ memoDate }) => memoDate,
  status: ({ status }) => status,
  updateddate: updatedDate,
};

/** By the last part of the path. */
export const OBJECT_QUERIES: Readonly<Record<string, (call: Call) => JsonRecord>> = {
  accounts: collection<Account>({
    rows: ({ books }) => books.accounts.values(),
    idOf: ({ id }) => id,
    cells: {
      id: ({ id }) => id,
      accountnumber: (row) => row.number,
      name: ({ name }) => name,
      currency: ({ currency }) => currency,
      crmid: ({ fields }) => fields['crmId'] ?? null,
      batch: ({ fields }) => fields['batch'] ?? 'Batch1',
      billtoid: ({ billToId }) => billToId,
      soldtoid: ({ soldToId }) => soldToId,
      status: () => 'Active',
      balance: (row, tenant) => {
        return exact(accountBalanceMinor(accountSums(tenant, row)), row.currency);
      },
      updateddate: updatedDate,
    },
    show: showAccount,
    expand: {
      billto: (row, tenant) => contactOf('billTo', row.billToId, tenant),
      soldto: (row, tenant) => contactOf('soldTo', row.soldToId, tenant),
      shipto: (row, tenant) => contactOf('shipTo', row.shipToId, tenant),
    },
  }),
  contacts: collection<Contact>({
    rows: ({ books }) => books.contacts.values(),
    idOf: ({ id }) => id,
    cells: {
      id: ({ id }) => id,
      accountid: ({ accountId }) => accountId,
      workemail: ({ fields }) => fields['workEmail'] ?? null,
      personalemail: ({ fields }) => fields['personalEmail'] ?? null,
      firstname: ({ fields }) => fields['firstName'] ?? null,
      lastname: ({ fields }) => fields['lastName'] ?? null,
      workphone: ({ fields }) => fields['workPhone'] ?? null,
      country: ({ fields }) => fields['country'] ?? null,
      updateddate: updatedDate,
    },
    show: showContact,
    expand: {},
  }),
  invoices: collection<Invoice>({
    rows: ({ books }) => live(books.invoices.values()),
    idOf: ({ id }) => id,
    cells: {
      id: ({ id }) => id,
      accountid: ({ accountId }) => accountId,
      amount: (row) => exact(row.totalMinor, row.currency),
      balance: (row) => exact(row.balanceMinor, row.currency),
      duedate: ({ dueDate }) => dueDate,
      invoicedate: ({ invoiceDate }) => invoiceDate,
      invoicenumber: (row) => row.number,
      reversed: (row, tenant) => showsReversed(row, tenant),
      sourcetype: () => 'Standalone',
      status: ({ status }) => status,
      updateddate: updatedDate,
    },
    show: showInvoice,
    expand: {
      account: accountOf,
      invoiceitems: (invoice, tenant) => ({
        invoiceItems: invoice.items.map((item) => showItem({ invoice, item }, tenant)),
      }),
    },
  }),
  'invoice-items': collection<ItemRow>({
    rows: itemRows,
    idOf: ({ item }) => item.id,
    needsFilter: true,
    cells: {
      id: ({ item }) => item.id,
      invoiceid: ({ invoice }) => invoice.id,
      accountid: ({ invoice }) => invoice.accountId,
      updateddate: ({ invoice }) => updatedDate(invoice),
    },
    show: showItem,
    expand: { invoice: ({ invoice }, tenant) => ({ invoice: showInvoice(invoice, tenant) }) },
  }),
  payments: collection<Payment>({
    rows: ({ books }) => live(books.payments.values()),
    idOf: ({ id }) => id,
    cells: {
      id: ({ id }) => id,
      accountid: ({ accountId }) => accountId ?? null,
      amount: (row) => exact(row.amountMinor, row.currency),
      unappliedamount: (row) => exact(row.unappliedMinor, row.currency),
      createddate: createdDate,
      updateddate: updatedDate,
      effectivedate: ({ effectiveDate }) => effectiveDate,
      paymentmethodid: ({ methodId }) => methodId,
      paymentnumber: (row) => row.number,
      referenceid: ({ referenceId }) => (referenceId === '' ? null : referenceId),
      source: () => 'API',
      status: ({ status }) => status,
    },
    show: showPayment,
    expand: {
      account: accountOf,
      paymentapplications: (payment, tenant) => ({
        paymentApplications: tenant.books
          .applicationsFrom(payment.id)
          .map((row) => showApplication(row, tenant)),
      }),
    },
  }),
  'payment-applications': collection<Application>({
    rows: (tenant) => applicationsOf(tenant, 'payment'),
    idOf: ({ id }) => id,
    cells: {
      id: ({ id }) => id,
      accountid: (row, { books }) => books.payments.get(row.sourceId)?.accountId ?? null,
      paymentid: ({ sourceId }) => sourceId,
      invoiceid: ({ targetId }) => targetId,
      effectivedate: ({ effectiveDate }) => effectiveDate,
      updateddate: updatedDate,
    },
    show: showApplication,
    expand: {
      payment: (row, tenant) => {
        const payment = tenant.books.payments.get(row.sourceId);
        return { payment: payment === undefined ? undefined : showPayment(payment, tenant) };
      },
    },
  }),
  'credit-memos': collection<CreditMemo>({
    rows: ({ books }) => live(books.creditMemos.values()),
    idOf: ({ id }) => id,
    cells: MEMO_CELLS,
    show: showCreditMemo,
    expand: { account: accountOf },
  }),
  'credit-memo-applications': collection<Application>({
    rows: (tenant) => applicationsOf(tenant, 'creditMemo'),
    idOf: ({ id }) => id,
    cells: {
      id: ({ id }) => id,
      creditmemoid: ({ sourceId }) => sourceId,
      invoiceid: ({ targetId }) => targetId,
      effectivedate: ({ effectiveDate }) => effectiveDate,
      updateddate: updatedDate,
    },
    show: showMemoApplication,
    expand: {},
  }),
  'debit-memos': collection<DebitMemo>({
    rows: ({ books }) => live(books.debitMemos.values()),
    idOf: ({ id }) => id,
    cells: MEMO_CELLS,
    show: showDebitMemo,
    expand: { account: accountOf },
  }),
  'taxation-items': collection<TaxRow>({
    rows: taxRows,
    idOf: ({ tax }) => tax.id,
    cells: {
      id: ({ tax }) => tax.id,
      invoiceitemid: ({ item }) => item.id,
      taxcode: ({ tax }) => tax.fields['taxCode'] ?? null,
      updateddate: ({ invoice }) => updatedDate(invoice),
    },
    show: showTaxItem,
    expand: {},
  }),
  refunds: collection<Refund>({
    rows: ({ books }) => books.refunds.values(),
    idOf: ({ id }) => id,
    cells: {
      id: ({ id }) => id,
      accountid: ({ accountId }) => accountId ?? null,
      amount: (row) => exact(row.amountMinor, row.currency),
      refunddate: ({ refundDate }) => refundDate,
      refundnumber: (row) => row.number,
      status: ({ status }) => status,
      type: () => 'External',
      updateddate: updatedDate,
    },
    show: showRefund,
    expand: { account: accountOf },
  }),
  'payment-methods': collection<PaymentMethod>({
    rows: ({ methods }) => methods,
    idOf: ({ id }) => id,
    cells: {
      id: ({ id }) => id,
      issystem: () => true,
      active: ({ type }, { features }) => features.paymentMethodsEnabled.includes(type),
      type: ({ type }) => type,
    },
    show: ({ id, type }, { features }) => ({
      id,
      type,
      isSystem: true,
      active: features.paymentMethodsEnabled.includes(type),
    }),
    expand: {},
  }),
};
