/** K: which account a client gets. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createLifecycleWorld, type LifecycleWorld } from '../kit/lifecycle.ts';
import { connectBeside } from '../kit/lifecycle-beside.ts';
import { accountsOf, choose, linkByHand } from '../kit/lifecycle-books.ts';

// Two simulators and a database, on a machine that others use, too.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let world: LifecycleWorld;
beforeAll(async () => {
  world = await createLifecycleWorld();
});
afterAll(() => world.close());

async function byHand(name: string, email: string, more: Record<string, string> = {}): Promise<string> {
  const made = await world.tenant('accounts', { name, email, currency: 'USD', ...more }, 'POST');
  return String(made['accountNumber']);
}

/** Numbers of the accounts that a client's invoices are booked to. */
async function bookedTo(...invoiceIds: number[]): Promise<string[]> {
  const copies = await Promise.all(invoiceIds.map((id) => world.copiesOf(id)));
  return copies.flat().map(({ customer }) => customer);
}

const countAccounts = async () => (await world.ledger()).customers.length;

test('K1 the first invoice of a client makes one account under our own number, and no more with the next ones', async () => {
  const client = await world.makeClient({
    organization: 'One',
    email: 'one@k1.test',
    city: 'Berlin',
    country: 'Germany',
  });
  const first = await world.makeInvoice(client, '100.00');
  await world.settle();
  const second = await world.makeInvoice(client, '50.00');
  await world.pay(first, '100.00');
  await world.settle();
  const number = `${world.keyOf('client', client)}-USD`;
  expect(accountsOf(world, client)).toMatchObject([
    {
      number,
      name: 'One',
      currency: 'USD',
      autoPay: false,
      emailInvoices: false,
      printInvoices: false,
      billTo: { workEmail: 'one@k1.test', city: 'Berlin', country: 'DE' },
    },
  ]);
  expect(await bookedTo(first, second)).toEqual([number, number]);
  expect((await world.ledger()).payments.map(({ customer }) => customer)).toEqual([number]);
  expect(await world.stateOf('client', client)).toBe('synced');
  const { requests } = (await world.tenant('requests?limit=1000', {}, 'GET')) as {
    requests: { kind: string; body: string }[];
  };
  const made = requests.filter(({ kind, body }) => kind === 'POST account' && body.includes(number));
  expect(made.map(({ body }) => JSON.parse(body) as unknown)).toMatchObject([
    { autoPay: false, invoiceDeliveryPrefsEmail: false },
  ]);
});

test('K2 the only account with the e-mail is linked, however the address is written, and none is made', async () => {
  const number = await byHand('Two by hand', 'Two@K2.test');
  const before = await countAccounts();
  const client = await world.makeClient({ organization: 'Two', email: 'two@k2.test' });
  const invoice = await world.makeInvoice(client, '80.00');
  await world.settle();
  expect(await bookedTo(invoice)).toEqual([number]);
  expect(await countAccounts()).toBe(before);
  expect(await world.stateOf('client', client)).toBe('synced');
});

test('K2 an account with the e-mail in another currency is not linked', async () => {
  await byHand('Two in euros', 'euro@k2.test', { currency: 'EUR' });
  const client = await world.makeClient({ organization: 'Two in dollars', email: 'euro@k2.test' });
  const invoice = await world.makeInvoice(client, '80.00');
  await world.settle();
  expect(await bookedTo(invoice)).toEqual([`${world.keyOf('client', client)}-USD`]);
});

test('K3 several accounts with the e-mail: the candidates are shown, a person chooses, everything waiting goes on', async () => {
  const numbers = [await byHand('Three A', 'x@k3.test'), await byHand('Three B', 'x@k3.test')];
  const before = await countAccounts();
  const client = await world.makeClient({ organization: 'Three', email: 'x@k3.test' });
  const first = await world.makeInvoice(client, '30.00');
  const payment = await world.pay(first, '30.00');
  await world.settle();
  expect(await world.stateOf('client', client)).toBe('parked several-accounts');
  expect(await world.stateOf('invoice', first)).toBe('parked waits-for-client');
  expect(await world.stateOf('payment', payment)).toBe('parked waits-for-invoice');
  const reason = await world.reasonOf('client', client);
  expect(reason?.choices?.map(({ choice, argument }) => [choice, argument])).toEqual([
    ['account', numbers[0]],
    ['account', numbers[1]],
    ['new-account', undefined],
  ]);
  expect(await world.copiesOf(first)).toEqual([]);
  await choose(world, 'client', client, 'account', numbers[1]);
  expect(await bookedTo(first)).toEqual([numbers[1]]);
  expect(await world.invoice(first)).toEqual(['posted 30.00 owes 0.00']);
  expect(await world.payment(payment)).toEqual([`live 30.00: 30.00 on ${first}`]);
  const second = await world.makeInvoice(client, '31.00');
  await world.settle();
  expect(await bookedTo(second)).toEqual([numbers[1]]);
  expect(await countAccounts()).toBe(before);
});

test('K3 several accounts with the e-mail: a person may let a new one be made', async () => {
  await byHand('Three C', 'y@k3.test');
  await byHand('Three D', 'y@k3.test');
  const client = await world.makeClient({ organization: 'Three more', email: 'y@k3.test' });
  const invoice = await world.makeInvoice(client, '30.00');
  await world.settle();
  await choose(world, 'client', client, 'new-account');
  expect(await bookedTo(invoice)).toEqual([`${world.keyOf('client', client)}-USD`]);
  expect(await world.stateOf('client', client)).toBe('synced');
});

test('K4 a client without e-mail is known by our own number, also when our database has forgotten it', async () => {
  const client = await world.makeClient({ organization: 'Four', email: '' });
  const first = await world.makeInvoice(client, '10.00');
  await world.settle();
  await sql`delete from links where kind = 'client' and source_id = ${String(client)}`.execute(
    world.parts.db,
  );
  const before = await countAccounts();
  const second = await world.makeInvoice(client, '11.00');
  await world.settle();
  const number = `${world.keyOf('client', client)}-USD`;
  expect(await bookedTo(first, second)).toEqual([number, number]);
  expect(await countAccounts()).toBe(before);
});

test('K5 two clients with one e-mail have an account each, and the second one’s record says so', async () => {
  const one = await world.makeClient({ organization: 'Five A', email: 'shared@k5.test' });
  const two = await world.makeClient({ organization: 'Five B', email: 'shared@k5.test' });
  const first = await world.makeInvoice(one, '10.00');
  await world.settle();
  const second = await world.makeInvoice(two, '20.00');
  await world.settle();
  const numbers = [one, two].map((client) => `${world.keyOf('client', client)}-USD`);
  expect(await bookedTo(first, second)).toEqual(numbers);
  expect(await world.stateOf('client', two)).toBe('synced');
  const reason = await world.reasonOf('client', two);
  expect(reason?.message).toContain(`${numbers[0]} has the e-mail shared@k5.test`);
});

test('K5 an account that was made by hand goes to the first client with its e-mail only', async () => {
  const number = await byHand('Five by hand', 'hand@k5.test');
  const one = await world.makeClient({ organization: 'Five C', email: 'hand@k5.test' });
  const first = await world.makeInvoice(one, '10.00');
  await world.settle();
  const two = await world.makeClient({ organization: 'Five D', email: 'hand@k5.test' });
  const second = await world.makeInvoice(two, '20.00');
  await world.settle();
  expect(await bookedTo(first, second)).toEqual([number, `${world.keyOf('client', two)}-USD`]);
  expect((await world.reasonOf('client', two))?.message).toContain(number);
});

test('K5 a client of another FreshBooks account with the same e-mail has an account of its own, and its rename reaches that one only', async () => {
  const beside = await connectBeside(world, 'beside');
  try {
    const byHandNumber = await byHand('Five by hand, too', 'two@books.test');
    const one = await world.makeClient({ organization: 'Five E', email: 'two@books.test' });
    const first = await world.makeInvoice(one, '10.00');
    await world.settle();
    const two = await beside.user('clients', { organization: 'Five F', email: 'two@books.test' });
    const lines = [{ name: 'Work', unitCost: '20.00' }];
    const second = await beside.user('invoices', { clientId: two, send: true, lines });
    await beside.settle();
    const own = `FB-${beside.accountId}-client-${two}-USD`;
    const { invoices } = await world.ledger();
    const copies = invoices.filter(
      ({ reference }) => reference === `FB-${beside.accountId}-invoice-${second}`,
    );
    expect(copies).toMatchObject([{ customer: own, state: 'posted' }]);
    expect(await bookedTo(first)).toEqual([byHandNumber]);
    expect((await beside.reasonOf('client', two))?.message).toContain(`${byHandNumber} has the e-mail`);
    await beside.user(`clients/${two}`, { organization: 'Mallory', email: 'mallory@books.test' }, 'PUT');
    await beside.settle();
    const names = new Map(
      [...world.simulators.tenant.tenant.books.accounts.values()].map(({ number, name }) => [number, name]),
    );
    expect([names.get(byHandNumber), names.get(own)]).toEqual(['Five by hand, too', 'Mallory']);
  } finally {
    await beside.close();
  }
});

for (const multipleCurrencies of [false, true])
  test(`K6 a client billed in two currencies has an account for each (Multiple Currencies ${multipleCurrencies ? 'on' : 'off'})`, async () => {
    await world.tenant('features', { multipleCurrencies });
    const client = await world.makeClient({ organization: 'Six', email: `six${multipleCurrencies}@k6.test` });
    const dollars = await world.makeInvoice(client, '10.00');
    const euros = await world.makeInvoice(client, '20.00', { currency: 'EUR' });
    const payment = await world.pay(euros, '5.00');
    await world.settle();
    const key = world.keyOf('client', client);
    const accounts = accountsOf(world, client).map(({ number, currency }) => `${number} in ${currency}`);
    expect(accounts.sort()).toEqual([`${key}-EUR in EUR`, `${key}-USD in USD`]);
    expect(await bookedTo(dollars, euros)).toEqual([`${key}-USD`, `${key}-EUR`]);
    expect(await world.invoice(euros)).toEqual(['posted 20.00 owes 15.00']);
    expect(await world.paymentsOf(payment)).toMatchObject([{ customer: `${key}-EUR`, currency: 'EUR' }]);
    await world.tenant('features', { multipleCurrencies: false });
  });

test('K10 what comes after a link by hand goes to the other account; what is booked stays and can still be paid and edited', async () => {
  const client = await world.makeClient({ organization: 'Ten', email: 'ten@k10.test' });
  const old = await world.makeInvoice(client, '100.00');
  await world.settle();
  const other = await byHand('Ten by hand', 'other@k10.test');
  const before = await world.writes();
  await linkByHand(world, client, other);
  expect(await world.writes()).toBe(before);
  const own = `${world.keyOf('client', client)}-USD`;
  const fresh = await world.makeInvoice(client, '200.00');
  await world.reprice(old, '120.00');
  const onOld = await world.pay(old, '60.00');
  const onFresh = await world.pay(fresh, '200.00');
  await world.settle();
  expect(await bookedTo(old, fresh)).toEqual([own, other]);
  expect(await world.invoice(old)).toEqual(['posted 120.00 owes 60.00']);
  expect(await world.invoice(fresh)).toEqual(['posted 200.00 owes 0.00']);
  const customers = await Promise.all([onOld, onFresh].map((id) => world.paymentsOf(id)));
  expect(customers.flat().map(({ customer }) => customer)).toEqual([own, other]);
});

test('K10 a person cannot link an account that does not exist', async () => {
  const client = await world.makeClient({ organization: 'Ten more', email: 'more@k10.test' });
  await expect(linkByHand(world, client, 'NO-SUCH')).rejects.toThrow(/no active account NO-SUCH/);
});
