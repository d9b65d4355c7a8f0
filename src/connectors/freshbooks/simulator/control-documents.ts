/** What a FreshBooks user does to documents, under /_control; every answer shows the documents in wire shape. */
import type { FastifyInstance } from 'fastify';
import { defined } from './bodies.ts';
import { loadClient } from './books.ts';
import { addClient, type ClientInput, editClient, setClientVisState } from './client-acts.ts';
import * as schema from './control-bodies.ts';
import {
  addCreditNote,
  type CreditLineInput,
  type CreditNoteEdit,
  type CreditNoteInput,
  editCreditNote,
  setCreditNoteVisState,
} from './credit-acts.ts';
import {
  addInvoice,
  disputeInvoice,
  editInvoice,
  type InvoiceInput,
  sendInvoice,
  setInvoiceVisState,
  viewInvoice,
} from './invoice-acts.ts';
import type { InvoiceEdit } from './invoice-form.ts';
import type { Client, CreditNote, Invoice, Payment, VisState } from './model.ts';
import {
  addBulkPayment,
  addPayment,
  type BulkInput,
  editPayment,
  type PaymentEdit,
  type PaymentInput,
  setPaymentVisState,
} from './payment-acts.ts';
import type { Simulator } from './simulator.ts';
import { wireClient, wireInvoice, wirePayment } from './wire.ts';
import { wireCreditNote } from './wire-credit-note.ts';

const WITH_LINES: ReadonlySet<string> = new Set(['lines']);

type Target = { Params: { id: string } };

export function registerDocuments(app: FastifyInstance, sim: Simulator): void {
  const { books, identity } = sim;
  const showClient = (client: Client) => ({ client: wireClient(identity, client) });
  const showInvoice = (invoice: Invoice) => ({ invoice: wireInvoice(books, identity, invoice, WITH_LINES) });
  const showPayment = (payment: Payment) => ({ payment: wirePayment(identity, payment) });
  const showCredit = (note: CreditNote) => ({ creditNote: wireCreditNote(identity, note, WITH_LINES) });

  const acts = (path: string, table: Record<string, (id: number) => object>) => {
    for (const [name, act] of Object.entries(table)) {
      app.post<Target>(`/_control/${path}/:id/${name}`, (request) => act(idOf(request)));
    }
  };
  const visible = (set: (visState: VisState, id: number) => object) => ({
    delete: (id: number) => set(1, id),
    undelete: (id: number) => set(0, id),
    archive: (id: number) => set(2, id),
    unarchive: (id: number) => set(0, id),
  });

  app.post('/_control/clients', (request) =>
    showClient(addClient(books, defined(schema.Client.parse(request.body)) as ClientInput)),
  );
  app.put<Target>('/_control/clients/:id', (request) =>
    showClient(editClient(books, idOf(request), defined(schema.Client.parse(request.body)) as ClientInput)),
  );
  acts(
    'clients',
    visible((visState, id) => showClient(setClientVisState(books, id, visState))),
  );

  app.post('/_control/invoices', (request) =>
    showInvoice(addInvoice(books, defined(schema.NewInvoice.parse(request.body)) as InvoiceInput)),
  );
  app.put<Target>('/_control/invoices/:id', (request) =>
    showInvoice(
      editInvoice(books, idOf(request), defined(schema.InvoiceEdit.parse(request.body)) as InvoiceEdit),
    ),
  );
  acts('invoices', {
    send: (id) => showInvoice(sendInvoice(books, id)),
    'mark-sent': (id) => showInvoice(sendInvoice(books, id, 'hand')),
    view: (id) => showInvoice(viewInvoice(books, id)),
    dispute: (id) => showInvoice(disputeInvoice(books, id, 'disputed')),
    resolve: (id) => showInvoice(disputeInvoice(books, id, 'resolved')),
    ...visible((visState, id) => showInvoice(setInvoiceVisState(books, id, visState))),
  });

  app.post('/_control/payments', (request) =>
    showPayment(addPayment(books, defined(schema.NewPayment.parse(request.body)) as PaymentInput)),
  );
  app.post('/_control/payments/bulk', (request) => {
    const payments = addBulkPayment(books, defined(schema.BulkPayment.parse(request.body)) as BulkInput);
    return { payments: payments.map((payment) => wirePayment(identity, payment)) };
  });
  app.put<Target>('/_control/payments/:id', (request) =>
    showPayment(
      editPayment(books, idOf(request), defined(schema.PaymentEdit.parse(request.body)) as PaymentEdit),
    ),
  );
  acts(
    'payments',
    visible((visState, id) => showPayment(setPaymentVisState(books, id, visState))),
  );

  app.post('/_control/credit-notes', (request) => {
    const { currency, ...asked } = schema.CreditNote.parse(request.body);
    const edit = toCreditEdit(asked);
    if (edit.lines === undefined) throw new schema.ControlError('A credit note needs an amount or lines.');
    const given = currency ?? loadClient(books, asked.clientId).currency;
    return showCredit(addCreditNote(books, { ...asked, ...edit, currency: given } as CreditNoteInput));
  });
  app.put<Target>('/_control/credit-notes/:id', (request) =>
    showCredit(editCreditNote(books, idOf(request), toCreditEdit(schema.CreditNoteEdit.parse(request.body)))),
  );
  acts(
    'credit-notes',
    visible((visState, id) => showCredit(setCreditNoteVisState(books, id, visState))),
  );
}

function idOf(request: { params: { id: string } }): number {
  return Number.parseInt(request.params.id, 10);
}

function toCreditEdit({ amount, ...edit }: ReturnType<typeof schema.CreditNoteEdit.parse>): CreditNoteEdit {
  const single: CreditLineInput[] | undefined = amount === undefined ? undefined : [{ amount }];
  return defined({ ...edit, lines: edit.lines ?? single }) as CreditNoteEdit;
}
