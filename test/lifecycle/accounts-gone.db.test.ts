/** K: accounts that were deleted by hand, and clients that cannot be read: one question for the client, and everything else follows. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createLifecycleWorld, type LifecycleWorld } from '../kit/lifecycle.ts';
import { accountsOf, choose, linkByHand } from '../kit/lifecycle-books.ts';

// Two simulators and a database, on a machine that others use, too.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let world: LifecycleWorld;
beforeAll(async () => {
  world = await createLifecycleWorld();
});
afterAll(() => world.close());

const choicesOf = async (kind: 'client' | 'invoice' | 'payment', id: number) =>
  (await world.reasonOf(kind, id))?.choices?.map(({ choice }) => choice) ?? [];

/** As Zuora does it: what the account held is deleted with it. */
function deleteAccountOf(client: number): void {
  const { books } = world.simulators.tenant.tenant;
  const number = `${world.keyOf('client', client)}-USD`;
  const account = [...books.accounts.values()].find((one) => one.number === number);
  if (!account) throw new Error(`no account ${number}`);
  books.accounts.delete(account.id);
  books.accountNumbers.delete(number);
  for (const [id, invoice] of books.invoices)
    if (invoice.accountId === account.id) {
      for (const application of books.applicationsTo(id)) books.removeApplication(application);
      books.invoices.delete(id);
      books.invoiceNumbers.delete(invoice.number);
    }
  for (const [id, payment] of books.payments) if (payment.accountId === account.id) books.payments.delete(id);
}

/** A client with a paid and an open invoice, all copied; then its account is deleted by hand. */
async function clientWithoutAccount(email: string) {
  const client = await world.makeClient({ organization: 'Gone', email });
  const paid = await world.makeInvoice(client, '100.00');
  const payment = await world.pay(paid, '100.00');
  const open = await world.makeInvoice(client, '50.00');
  await world.settle();
  deleteAccountOf(client);
  return { client, paid, payment, open };
}

async function byHand(email: string): Promise<string> {
  const made = await world.tenant('accounts', { name: 'By hand', email, currency: 'USD' }, 'POST');
  return String(made['accountNumber']);
}

test('K an account deleted by hand is asked about once for the client; a new invoice, an edited one and a payment wait for it', async () => {
  const { client, paid, payment, open } = await clientWithoutAccount('one@gone.test');
  const next = await world.makeInvoice(client, '70.00');
  await world.reprice(open, '55.00');
  await world.editPayment(payment, { note: 'a cheque' });
  await world.settle();
  expect(await world.stateOf('client', client)).toBe('parked account-gone');
  expect(await choicesOf('client', client)).toEqual(['account', 'new-account']);
  for (const invoice of [next, open])
    expect(await world.stateOf('invoice', invoice)).toBe('parked waits-for-client');
  expect(await world.stateOf('payment', payment)).toMatch(/^parked waits-for-(client|invoice)$/);
  expect(await choicesOf('invoice', next)).toEqual(['account', 'new-account']);
  // However often it is looked at, it stays one question.
  await world.replay('client', client);
  await world.replay('invoice', next);
  expect(await world.stateOf('client', client)).toBe('parked account-gone');
  expect(await world.stateOf('invoice', next)).toBe('parked waits-for-client');

  await choose(world, 'client', client, 'new-account');
  expect(await world.invoice(next)).toEqual(['posted 70.00 owes 70.00']);
  expect(await world.invoice(open)).toEqual(['posted 55.00 owes 55.00']);
  // What was copied before went with the account, and is made anew there.
  expect(await world.invoice(paid)).toEqual(['posted 100.00 owes 0.00']);
  expect(await world.payment(payment)).toEqual([`live 100.00: 100.00 on ${paid}`]);
  expect(accountsOf(world, client)).toHaveLength(1);
});

test('K an account deleted by hand: another one is linked, by the word of a person about one of the invoices', async () => {
  const { client } = await clientWithoutAccount('two@gone.test');
  const next = await world.makeInvoice(client, '70.00');
  await world.settle();
  const number = await byHand('other@gone.test');
  const record = async (argument?: string) => world.resolve('invoice', next, 'account', argument);
  await expect(record()).rejects.toThrow('needs to know');
  await record(number);
  expect(await world.invoice(next)).toEqual(['posted 70.00 owes 70.00']);
  expect((await world.copiesOf(next)).map(({ customer }) => customer)).toEqual([number]);
  expect(await world.stateOf('client', client)).toBe('synced');
});

test('K an account that is there again ends its question by itself', async () => {
  const { client } = await clientWithoutAccount('three@gone.test');
  const next = await world.makeInvoice(client, '70.00');
  await world.settle();
  expect(await world.stateOf('client', client)).toBe('parked account-gone');
  const link = await world.parts.db
    .selectFrom('links')
    .select('counterpart_id')
    .where('kind', '=', 'client')
    .where('source_id', '=', String(client))
    .executeTakeFirstOrThrow();
  const { books } = world.simulators.tenant.tenant;
  const [any] = books.accounts.values();
  if (!any) throw new Error('no account at all');
  books.accounts.set(link.counterpart_id, {
    ...any,
    id: link.counterpart_id,
    number: `${world.keyOf('client', client)}-USD`,
  });
  books.accountNumbers.set(`${world.keyOf('client', client)}-USD`, link.counterpart_id);
  await world.replay('client', client);
  expect(await world.stateOf('client', client)).toBe('synced');
  expect(await world.invoice(next)).toEqual(['posted 70.00 owes 70.00']);
});

/** Its invoices are listed, with name and address of their own; by its id nobody knows it. */
async function unknownClient(email: string) {
  const address = {
    street: '1 King St',
    city: 'Toronto',
    province: 'Ontario',
    code: 'M5V',
    country: 'Canada',
  };
  const client = await world.makeClient({ organization: 'Unknown Ltd', email, ...address });
  await world.arrived();
  await world.user('faults', { unknownClients: [client] }, 'PUT');
  const invoice = await world.makeInvoice(client, '40.00');
  const second = await world.makeInvoice(client, '41.00');
  const payment = await world.pay(invoice, '40.00');
  await world.settle();
  return { client, invoice, second, payment };
}

test('K an invoice whose client is unknown by id: the account is made from its own name and address', async () => {
  const { client, invoice, second, payment } = await unknownClient('unknown@gone.test');
  expect(await world.stateOf('client', client)).toBe('parked client-missing');
  for (const id of [invoice, second])
    expect(await world.stateOf('invoice', id)).toBe('parked waits-for-client');
  expect(await world.stateOf('payment', payment)).toBe('parked waits-for-invoice');
  expect(await choicesOf('invoice', invoice)).toEqual(['from-invoice', 'account']);
  await world.resolve('invoice', invoice, 'from-invoice');
  expect(accountsOf(world, client)).toMatchObject([
    {
      name: 'Unknown Ltd',
      billTo: { workEmail: 'unknown@gone.test', address1: '1 King St', city: 'Toronto', country: 'CA' },
    },
  ]);
  expect(await world.invoice(invoice)).toEqual(['posted 40.00 owes 0.00']);
  expect(await world.invoice(second)).toEqual(['posted 41.00 owes 41.00']);
  expect(await world.payment(payment)).toEqual([`live 40.00: 40.00 on ${invoice}`]);
  const third = await world.makeInvoice(client, '42.00');
  await world.settle();
  expect(await world.invoice(third)).toEqual(['posted 42.00 owes 42.00']);
  expect(accountsOf(world, client)).toHaveLength(1);
});

test('K an invoice whose client is unknown by id: an account is linked, as a choice or by the command', async () => {
  for (const way of ['choice', 'command']) {
    const number = await byHand(`${way}@linked.test`);
    const { client, invoice, second } = await unknownClient(`unknown-${way}@gone.test`);
    if (way === 'choice') await choose(world, 'client', client, 'account', number);
    else await linkByHand(world, client, number);
    for (const id of [invoice, second])
      expect((await world.copiesOf(id)).map(({ customer }) => customer)).toEqual([number]);
    expect(await world.stateOf('invoice', second)).toBe('synced');
    expect(accountsOf(world, client)).toEqual([]);
  }
});

test('K a client in a form that cannot be mapped offers the same choices', async () => {
  const client = await world.makeClient({ organization: 'Odd', email: 'odd@gone.test' });
  await world.arrived();
  // A name that is no text.
  const { books } = world.simulators.books.simulator;
  Object.assign(books.clients.find(client) ?? {}, { organization: 7 });
  const invoice = await world.makeInvoice(client, '40.00');
  await world.settle();
  expect(await world.stateOf('client', client)).toBe('parked unmappable');
  expect(await choicesOf('client', client)).toEqual(expect.arrayContaining(['account']));
  const number = await byHand('odd@linked.test');
  await choose(world, 'client', client, 'account', number);
  expect((await world.copiesOf(invoice)).map(({ customer }) => customer)).toEqual([number]);
  expect(await world.stateOf('invoice', invoice)).toBe('synced');
});
