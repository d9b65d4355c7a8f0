/** The accounting resources: invoices, payments, clients and credit notes, each single, listed, created and put. */
import type { FastifyInstance } from 'fastify';
import {
  readClient,
  readCreditNote,
  readCreditNotePut,
  readInvoice,
  readInvoicePut,
  readPayment,
  readPaymentPut,
  readVisState,
} from './bodies.ts';
import { dueDateOf, loadInvoice, statusOf, type Table } from './books.ts';
import { addClient, editClient, setClientVisState } from './client-acts.ts';
import { addCreditNote, editCreditNote, setCreditNoteVisState } from './credit-acts.ts';
import { addInvoice, editInvoice, sendInvoice, setInvoiceVisState } from './invoice-acts.ts';
import {
  bySelf,
  compareBy,
  dateRange,
  type ListRules,
  listRows,
  type Query,
  readIncludes,
} from './listing.ts';
import type { Client, CreditNote, Invoice, Payment } from './model.ts';
import { addPayment, editPayment, setPaymentVisState } from './payment-acts.ts';
import { notFound } from './refusal.ts';
import type { Simulator } from './simulator.ts';
import { wireClient, wireInvoice, wirePayment } from './wire.ts';
import { wireCreditNote } from './wire-credit-note.ts';

type Resource<Row extends { id: number; visState: number }> = ResourceOf<Row> & {
  isKnown: (row: Row) => boolean;
  ignored: () => ReadonlySet<string>;
};

type ResourceOf<Row extends { id: number; visState: number }> = {
  path: string;
  object: string;
  idField: string;
  singleKey: string;
  listKey: string;
  scope: string;
  table: Table<Row>;
  rules: ListRules<Row>;
  wire: (row: Row, includes: ReadonlySet<string>) => object;
  create: (body: unknown) => Row;
  update: (id: number, body: unknown) => Row;
};

export function registerAccounting(api: FastifyInstance, sim: Simulator): void {
  const register = <Row extends { id: number; visState: number }>(
    resource: ResourceOf<Row>,
    isKnown: (row: Row) => boolean = () => true,
  ) => {
    const own = () => sim.faults.ignoredFilters.filter(({ kind }) => kind === resource.object);
    const ignored = () => new Set<string>(own().map(({ filter }) => filter));
    registerResource(api, { ...resource, isKnown, ignored });
  };
  register(invoiceResource(sim));
  register(paymentResource(sim));
  register(clientResource(sim), ({ id }) => !sim.faults.unknownClients.includes(id));
  register(creditNoteResource(sim));
}

function registerResource<Row extends { id: number; visState: number }>(
  api: FastifyInstance,
  resource: Resource<Row>,
): void {
  const { object, scope } = resource;
  const path = `/accounting/account/:accountId/${resource.path}`;
  const read = { scope: `${scope}:read` };
  const write = { scope: `${scope}:write` };
  const single = (row: Row, includes: ReadonlySet<string>) => ({
    response: { result: { [resource.singleKey]: resource.wire(row, includes) } },
  });

  api.get<{ Querystring: Query }>(path, { config: { kind: `LIST ${object}`, ...read } }, (request) => {
    const includes = readIncludes(request.query);
    const { rows, page, pages, perPage, total } = listRows(
      resource.table.rows.filter(resource.isKnown),
      request.query,
      { ...resource.rules, ignored: resource.ignored() },
    );
    const wired = rows.map((row) => resource.wire(row, includes));
    return { response: { result: { [resource.listKey]: wired, page, pages, per_page: perPage, total } } };
  });
  api.get<{ Params: { id: string }; Querystring: Query }>(
    `${path}/:id`,
    { config: { kind: `GET ${object}`, ...read } },
    (request) => {
      const row = resource.table.find(readId(request.params.id));
      if (row === undefined || !resource.isKnown(row))
        throw notFound(object, resource.idField, request.params.id);
      return single(row, readIncludes(request.query));
    },
  );
  api.post<{ Querystring: Query }>(path, { config: { kind: `POST ${object}`, ...write } }, (request) =>
    single(resource.create(request.body), readIncludes(request.query)),
  );
  api.put<{ Params: { id: string }; Querystring: Query }>(
    `${path}/:id`,
    { config: { kind: `PUT ${object}`, ...write } },
    (request) => {
      const id = readId(request.params.id);
      if (resource.table.find(id) === undefined) throw notFound(object, resource.idField, request.params.id);
      return single(resource.update(id, request.body), readIncludes(request.query));
    },
  );
}

function readId(text: string): number {
  return /^\d{1,12}$/.test(text) ? Number.parseInt(text, 10) : -1;
}

function invoiceResource(sim: Simulator): ResourceOf<Invoice> {
  const { books, identity } = sim;
  return {
    path: 'invoices/invoices',
    object: 'invoice',
    idField: 'invoiceid',
    singleKey: 'invoice',
    listKey: 'invoices',
    scope: 'user:invoices',
    table: books.invoices,
    rules: {
      object: 'invoice',
      filters: {
        ...dateRange('date', (row) => row.createDate),
        ...dateRange('updated', (row) => row.updated),
        customerid: bySelf((row) => row.clientId),
        customerids: bySelf((row) => row.clientId),
        invoiceid: bySelf((row) => row.id),
        invoiceids: bySelf((row) => row.id),
        invoice_number: bySelf((row) => row.number),
        v3_status: (row, value) => statusOf(row, books.today()) === value,
      },
      sorters: {
        invoice_date: compareBy((row) => row.createDate),
        create_date: compareBy((row) => row.createDate),
        due_date: compareBy((row) => dueDateOf(row)),
      },
    },
    wire: (row, includes) => wireInvoice(books, identity, row, includes),
    create: (body) => addInvoice(books, readInvoice(body)),
    update: (id, body) => {
      const visState = readVisState('invoice', body);
      if (visState !== undefined) return setInvoiceVisState(books, id, visState);
      const put = readInvoicePut(body);
      return put.act === 'send' ? sendInvoice(books, id, put.by) : editInvoice(books, id, put.edit);
    },
  };
}

function paymentResource({ books, identity }: Simulator): ResourceOf<Payment> {
  return {
    path: 'payments/payments',
    object: 'payment',
    idField: 'logid',
    singleKey: 'payment',
    listKey: 'payments',
    scope: 'user:payments',
    table: books.payments,
    rules: {
      object: 'payment',
      filters: {
        ...dateRange('date', (row) => row.date),
        ...dateRange('updated', (row) => row.updated),
        logid: bySelf((row) => row.id),
        logids: bySelf((row) => row.id),
        invoiceid: bySelf((row) => row.invoiceId),
        clientid: bySelf((row) => row.clientId),
        clientids: bySelf((row) => row.clientId),
        customerid: bySelf((row) => row.clientId),
        customerids: bySelf((row) => row.clientId),
        type: (row, value) => row.type.toLowerCase() === value.toLowerCase(),
        currency: bySelf((row) => row.amount.currency),
        from_credit: bySelf((row) => String(row.fromCredit)),
        number: (row, value) => loadInvoice(books, row.invoiceId).number === value,
      },
      sorters: {},
    },
    wire: (row) => wirePayment(identity, row),
    create: (body) => addPayment(books, readPayment(body)),
    update: (id, body) => {
      const visState = readVisState('payment', body);
      if (visState !== undefined) return setPaymentVisState(books, id, visState);
      return editPayment(books, id, readPaymentPut(body));
    },
  };
}

function clientResource(sim: Simulator): ResourceOf<Client> {
  const { books, identity } = sim;
  const like = (text: string, part: string) => text.toLowerCase().includes(part.toLowerCase());
  return {
    path: 'users/clients',
    object: 'client',
    idField: 'userid',
    singleKey: 'client',
    listKey: 'clients',
    scope: 'user:clients',
    table: books.clients,
    rules: {
      object: 'client',
      filters: {
        ...dateRange('updated', (row) => row.updated),
        email: (row, value) => row.email.toLowerCase() === value.toLowerCase(),
        userid: bySelf((row) => row.id),
        userids: bySelf((row) => row.id),
        fname_like: (row, value) => like(row.fname, value),
        lname_like: (row, value) => like(row.lname, value),
        organization_like: (row, value) => like(row.organization, value),
      },
      sorters: {
        organization_name: compareBy((row) => row.organization.toLowerCase()),
        fullname: compareBy((row) => `${row.fname} ${row.lname}`.toLowerCase()),
        email: compareBy((row) => row.email.toLowerCase()),
        updated: compareBy((row) => row.updated),
        client_id: compareBy((row) => row.id),
      },
    },
    wire: (row) => {
      const wire = wireClient(identity, row);
      const currency_code = sim.faults.lowerCaseCurrencies
        ? wire.currency_code.toLowerCase()
        : wire.currency_code;
      return { ...wire, currency_code };
    },
    create: (body) => addClient(books, readClient(body)),
    update: (id, body) => {
      const visState = readVisState('client', body);
      if (visState !== undefined) return setClientVisState(books, id, visState);
      return editClient(books, id, readClient(body));
    },
  };
}

/** The single note answers under the plural key, as the official client library works round. */
function creditNoteResource({ books, identity }: Simulator): ResourceOf<CreditNote> {
  return {
    path: 'credit_notes/credit_notes',
    object: 'credit_note',
    idField: 'creditid',
    singleKey: 'credit_notes',
    listKey: 'credit_notes',
    scope: 'user:credit_notes',
    table: books.creditNotes,
    rules: {
      object: 'credit_note',
      filters: {
        ...dateRange('date', (row) => row.createDate),
        clientid: bySelf((row) => row.clientId),
      },
      sorters: {},
    },
    wire: (row, includes) => wireCreditNote(identity, row, includes),
    create: (body) => addCreditNote(books, readCreditNote(body)),
    update: (id, body) => {
      const visState = readVisState('credit_notes', body) ?? readVisState('credit_note', body);
      if (visState !== undefined) return setCreditNoteVisState(books, id, visState);
      return editCreditNote(books, id, readCreditNotePut(body));
    },
  };
}
