/** For each kind of step, what users do so that the connector has to take it: first what is copied in peace, then the act. */
import type { Policies } from '../../src/core/policy.ts';
import type { StepKind } from '../../src/core/steps.ts';

export type Json = Record<string, unknown>;

/** Ids in the source. */
export type Ids = { clients: readonly number[]; [role: string]: number | readonly number[] };

export type Users = ReturnType<typeof createUsers>;

export type Scenario = {
  policies?: Partial<Policies>;
  /** Switches of the destination's tenant. */
  tenant?: Json;
  prepare(users: Users): Promise<Ids>;
  /** Once that is copied. */
  prepareMore?(users: Users, ids: never): Promise<unknown>;
  act(users: Users, ids: never): Promise<unknown>;
};

/** The control API of a simulator. */
export async function control(
  url: string,
  path: string,
  body: Json,
  method: 'POST' | 'PUT' = 'PUT',
): Promise<Json> {
  const answer = await fetch(`${url}/_control/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as Json;
}

export function createUsers(sourceUrl: string) {
  let clients = 0;
  const send = (path: string, body: Json = {}, method: 'POST' | 'PUT' = 'POST') =>
    control(sourceUrl, path, body, method);
  const idOf = (shown: Json, name: string) => (shown[name] as { id: number }).id;
  const lines = (amount: string) => [{ name: 'Work', unitCost: amount }];
  return {
    async client(): Promise<number> {
      clients += 1;
      const face = { organization: `Client ${clients}`, email: `pay-${clients}@kill.test` };
      return idOf(await send('clients', face), 'client');
    },
    async invoice(clientId: number, amount: string, fields: Json = {}): Promise<number> {
      const sent = { clientId, send: true, lines: lines(amount), ...fields };
      return idOf(await send('invoices', sent), 'invoice');
    },
    async pay(invoiceId: number, amount: string, fields: Json = {}): Promise<number> {
      return idOf(await send('payments', { invoiceId, amount, ...fields }), 'payment');
    },
    async credit(clientId: number, amount: string): Promise<number> {
      return idOf(await send('credit-notes', { clientId, amount }), 'creditNote');
    },
    edit: (path: string, id: number, fields: Json) => send(`${path}/${id}`, fields, 'PUT'),
    reprice: (id: number, amount: string) => send(`invoices/${id}`, { lines: lines(amount) }, 'PUT'),
    remove: (path: string, id: number) => send(`${path}/${id}/delete`),
    send: (id: number) => send(`invoices/${id}/send`),
  };
}

async function invoiced(users: Users, fields: Json = {}) {
  const client = await users.client();
  return { clients: [client], client, invoice: await users.invoice(client, '100', fields) };
}

async function drafted(users: Users) {
  return invoiced(users, { send: false });
}

async function paid(users: Users) {
  const ids = await invoiced(users);
  return { ...ids, payment: await users.pay(ids.invoice, '60', { type: 'Check' }) };
}

async function credited(users: Users) {
  const ids = await invoiced(users);
  return { ...ids, credit: await users.credit(ids.client, '50') };
}

type Invoiced = Awaited<ReturnType<typeof invoiced>>;
type Paid = Awaited<ReturnType<typeof paid>>;
type Credited = Awaited<ReturnType<typeof credited>>;

export const SCENARIOS: Record<StepKind, Scenario> = {
  'create-account': {
    async prepare(users) {
      const client = await users.client();
      return { clients: [client], client };
    },
    act: (users, { client }: { client: number }) => users.invoice(client, '100'),
  },
  'update-account': {
    prepare: invoiced,
    act: (users, { client }: Invoiced) => users.edit('clients', client, { organization: 'New name' }),
  },
  'create-invoice': { prepare: invoiced, act: (users, { client }: Invoiced) => users.invoice(client, '70') },
  'replace-lines': { prepare: drafted, act: (users, { invoice }: Invoiced) => users.reprice(invoice, '70') },
  'change-invoice-date': {
    prepare: invoiced,
    act: (users, { invoice }: Invoiced) => users.edit('invoices', invoice, { createDate: '2026-02-03' }),
  },
  'change-due-date': {
    prepare: invoiced,
    act: (users, { invoice }: Invoiced) => users.edit('invoices', invoice, { dueOffsetDays: 45 }),
  },
  'change-texts': {
    prepare: invoiced,
    act: (users, { invoice }: Invoiced) => users.edit('invoices', invoice, { notes: 'Thank you' }),
  },
  'post-invoice': { prepare: drafted, act: (users, { invoice }: Invoiced) => users.send(invoice) },
  'unpost-invoice': {
    prepare: paid,
    act: (users, { invoice }: Paid) => users.reprice(invoice, '120'),
  },
  'reverse-invoice': {
    prepare: paid,
    act: (users, { invoice }: Paid) => users.remove('invoices', invoice),
  },
  'cancel-invoice': {
    tenant: { deleteDraftInvoices: false },
    prepare: drafted,
    act: (users, { invoice }: Invoiced) => users.remove('invoices', invoice),
  },
  'delete-invoice': {
    prepare: drafted,
    act: (users, { invoice }: Invoiced) => users.remove('invoices', invoice),
  },
  'adjust-invoice': {
    policies: { edits: 'memo' },
    prepare: invoiced,
    act: (users, { invoice }: Invoiced) => users.reprice(invoice, '70'),
  },
  // Twice this would fit on the invoice: nothing but the connector keeps a second one away.
  'create-payment': { prepare: invoiced, act: (users, { invoice }: Invoiced) => users.pay(invoice, '40') },
  'update-payment': {
    prepare: paid,
    act: (users, { payment }: Paid) => users.edit('payments', payment, { note: 'By courier' }),
  },
  'apply-payment': {
    async prepare(users) {
      const ids = await paid(users);
      return { ...ids, other: await users.invoice(ids.client, '200') };
    },
    act: (users, { payment, other }: Paid & { other: number }) =>
      users.edit('payments', payment, { invoiceId: other }),
  },
  'unapply-payment': { prepare: paid, act: (users, { invoice }: Paid) => users.reprice(invoice, '80') },
  'cancel-payment': { prepare: paid, act: (users, { payment }: Paid) => users.remove('payments', payment) },
  'transfer-payment': {
    async prepare(users) {
      const ids = await paid(users);
      const client = await users.client();
      return { ...ids, clients: [...ids.clients, client], other: await users.invoice(client, '90') };
    },
    act: (users, { payment, other }: Paid & { other: number }) =>
      users.edit('payments', payment, { invoiceId: other }),
  },
  'refund-payment': {
    policies: { reducedPayments: 'refund' },
    prepare: paid,
    act: (users, { payment }: Paid) => users.edit('payments', payment, { amount: '35.50' }),
  },
  'cancel-refund': {
    policies: { reducedPayments: 'refund' },
    prepare: paid,
    prepareMore: (users, { payment }: Paid) => users.edit('payments', payment, { amount: '35.50' }),
    act: (users, { payment }: Paid) => users.remove('payments', payment),
  },
  'create-credit': { prepare: invoiced, act: (users, { client }: Invoiced) => users.credit(client, '50') },
  'apply-credit': {
    prepare: credited,
    act: (users, { invoice, credit }: Credited) => users.pay(invoice, '20', { creditId: credit }),
  },
  'unapply-credit': {
    async prepare(users) {
      const ids = await credited(users);
      return { ...ids, payment: await users.pay(ids.invoice, '20', { creditId: ids.credit }) };
    },
    act: (users, { payment }: { payment: number }) => users.remove('payments', payment),
  },
  'unpost-credit': {
    prepare: credited,
    act: (users, { credit }: Credited) => users.remove('credit-notes', credit),
  },
  'cancel-credit': {
    prepare: credited,
    act: (users, { credit }: Credited) => users.edit('credit-notes', credit, { amount: '65' }),
  },
};
