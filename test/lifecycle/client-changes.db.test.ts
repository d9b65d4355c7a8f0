/** K: clients that change, have odd names and places, or are met by two workers at once. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { drainLane } from '../../src/engine/lane.ts';
import { createLifecycleWorld, type Json, type LifecycleWorld } from '../kit/lifecycle.ts';
import { accountsOf } from '../kit/lifecycle-books.ts';

// Two simulators and a database, on a machine that others use, too.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let world: LifecycleWorld;
beforeAll(async () => {
  world = await createLifecycleWorld();
});
afterAll(() => world.close());

/** A client with an account. */
async function madeClient(fields: Json): Promise<number> {
  const client = await world.makeClient(fields);
  await world.makeInvoice(client, '10.00');
  await world.settle();
  return client;
}

const edit = (client: number, fields: Json) => world.user(`clients/${client}`, fields, 'PUT');
const noteOf = async (client: number) => (await world.reasonOf('client', client))?.message ?? '';

const CHANGE = { organization: 'New name', email: 'new@k7.test', city: 'Bern', country: 'Switzerland' };
const CHANGED = { name: 'New name', billTo: { workEmail: 'new@k7.test', city: 'Bern', country: 'CH' } };

test('K7 account and contact follow name, e-mail and address; delivery by e-mail stays off', async () => {
  const client = await madeClient({ organization: 'Old name', email: 'old@k7.test' });
  await edit(client, CHANGE);
  await world.settle();
  expect(accountsOf(world, client)).toMatchObject([
    { ...CHANGED, emailInvoices: false, printInvoices: false },
  ]);
  await edit(client, { email: '', city: '' });
  await world.settle();
  expect(accountsOf(world, client)).toMatchObject([
    { name: 'New name', emailInvoices: false, billTo: { workEmail: '', city: '' } },
  ]);
  const before = await world.writes();
  await edit(client, { note: 'for ourselves' });
  await world.replay('client', client);
  expect(await world.writes()).toBe(before);
  expect(await world.stateOf('client', client)).toBe('synced');
});

test('K7 the accounts of all currencies follow', async () => {
  const client = await madeClient({ organization: 'Two currencies', email: 'two@k7.test' });
  await world.makeInvoice(client, '10.00', { currency: 'EUR' });
  await world.settle();
  await edit(client, { organization: 'Still two' });
  await world.settle();
  expect(accountsOf(world, client).map(({ name }) => name)).toEqual(['Still two', 'Still two']);
});

for (const { clientEdits, found, follows } of [
  { clientEdits: 'follow', found: true, follows: true },
  { clientEdits: 'made-only', found: false, follows: true },
  { clientEdits: 'made-only', found: true, follows: false },
  { clientEdits: 'leave', found: false, follows: false },
  { clientEdits: 'leave', found: true, follows: false },
] as const)
  test(`K7 policy clientEdits = ${clientEdits}: an account that was ${found ? 'found' : 'made'} here ${follows ? 'follows' : 'stays, with a note'}`, async () => {
    const email = `${clientEdits}-${found}@k7.test`;
    const byHand = found
      ? await world.tenant('accounts', { name: 'Old name', email, currency: 'USD' }, 'POST')
      : {};
    await world.setPolicies({ clientEdits });
    const client = await madeClient({ organization: 'Old name', email });
    await edit(client, { organization: 'Other name' });
    await world.settle();
    const [account] = accountsOf(world, found ? String(byHand['accountNumber']) : client);
    expect(account).toMatchObject({ name: follows ? 'Other name' : 'Old name', emailInvoices: false });
    expect(await world.stateOf('client', client)).toBe('synced');
    expect((await noteOf(client)).includes('policy clientEdits')).toBe(!follows);
    await world.setPolicies({});
  });

for (const { written, country, province, code, state } of [
  { written: 'names', country: 'United States', province: 'california', code: 'US', state: 'CA' },
  { written: 'codes', country: 'ca', province: 'on', code: 'CA', state: 'ON' },
  { written: 'another language', country: 'Deutschland', province: 'Bayern', code: 'DE', state: 'Bayern' },
])
  test(`K8 places written as ${written} reach the account as ISO codes`, async () => {
    const client = await madeClient({ organization: 'Place', email: `${code}@k8.test`, country, province });
    const [account] = accountsOf(world, client);
    expect([account?.billTo['country'], account?.billTo['state']]).toEqual([code, state]);
    expect(await world.reasonOf('client', client)).toBeNull();
  });

test('K8 a province that is none is left out, and the record says so until it is corrected', async () => {
  const place = { country: 'United States', province: 'Mittelerde', city: 'Bree' };
  const client = await madeClient({ organization: 'Place', email: 'province@k8.test', ...place });
  expect(accountsOf(world, client)).toMatchObject([{ billTo: { city: 'Bree', country: 'US' } }]);
  expect(accountsOf(world, client)[0]?.billTo['state'] ?? '').toBe('');
  expect(await world.stateOf('client', client)).toBe('synced');
  expect(await noteOf(client)).toContain('state "Mittelerde" (not one of US)');
  await world.replay('client', client);
  expect(await noteOf(client)).toContain('Mittelerde');
  await edit(client, { province: 'Ohio' });
  await world.settle();
  expect(accountsOf(world, client)[0]?.billTo['state']).toBe('OH');
  expect(await world.reasonOf('client', client)).toBeNull();
});

test('K8 parks a country that nobody knows, and goes on once it is corrected in the source', async () => {
  const client = await world.makeClient({
    organization: 'Place',
    email: 'country@k8.test',
    country: 'Atlantis',
  });
  const invoice = await world.makeInvoice(client, '10.00');
  await world.settle();
  expect(accountsOf(world, client)).toEqual([]);
  const reason = await world.reasonOf('client', client);
  expect(reason?.message).toContain('Atlantis');
  expect(reason?.wayOut).toContain('source');
  expect(await world.stateOf('invoice', invoice)).toBe('parked waits-for-client');
  await edit(client, { country: 'Greece' });
  await world.settle();
  expect(accountsOf(world, client)).toMatchObject([{ billTo: { country: 'GR' } }]);
  expect(await world.invoice(invoice)).toEqual(['posted 10.00 owes 10.00']);
});

for (const { act, word } of [
  { act: 'archive', word: 'Archived' },
  { act: 'delete', word: 'Deleted' },
])
  test(`K9 ${act}: the account stays, with a note`, async () => {
    const client = await madeClient({ organization: 'Nine', email: `${act}@k9.test` });
    const [account] = accountsOf(world, client);
    const before = await world.writes();
    await world.user(`clients/${client}/${act}`);
    await world.settle();
    expect(await world.writes()).toBe(before);
    expect(accountsOf(world, client)).toEqual([account]);
    expect(await world.stateOf('client', client)).toBe('synced');
    expect(await noteOf(client)).toContain(`${word} in the source`);
  });

test('K7 K9 a change is not lost when the client was deleted before anybody looked', async () => {
  const client = await madeClient({ organization: 'Old name', email: 'late@k9.test' });
  await edit(client, CHANGE);
  await world.remove('clients', client);
  await world.settle();
  expect(accountsOf(world, client)).toMatchObject([CHANGED]);
  expect(await noteOf(client)).toContain('Deleted in the source');
});

test('K11 two workers that meet a new client at once make one account', async () => {
  const client = await world.makeClient({ organization: 'Eleven', email: 'eleven@k11.test' });
  const invoices: number[] = [];
  for (let i = 1; i <= 6; i += 1) invoices.push(await world.makeInvoice(client, `${i}.00`));
  await world.arrived();
  const workers = ['one', 'two'].map(async (instance) => {
    for (let turn = 0; turn < 3; turn += 1)
      for (const lane of await lanes())
        await drainLane({ ...world.parts, instance }, world.parts.runtime, lane);
  });
  await Promise.all(workers);
  await world.settle();
  const number = `${world.keyOf('client', client)}-USD`;
  expect(accountsOf(world, client).map((account) => account.number)).toEqual([number]);
  const copies = await Promise.all(invoices.map((id) => world.copiesOf(id)));
  expect(copies.flat().map(({ customer, total }) => [customer, total])).toEqual(
    invoices.map((_, index) => [number, `${index + 1}.00`]),
  );
});

test('K11 the answer to the account’s creation is lost: one account', async () => {
  await world.tenant('faults', { loseAnswerAfter: [{ match: 'POST account' }] });
  const client = await madeClient({ organization: 'Lost', email: 'lost@k11.test' });
  expect(accountsOf(world, client)).toHaveLength(1);
  expect(await world.stateOf('client', client)).toBe('synced');
});

async function lanes() {
  const { rows } = await sql<{ lane: string }>`
    select distinct d.lane from events e join documents d on d.id = e.document_id
    where e.settled_at is null`.execute(world.parts.db);
  return rows.map(({ lane }) => ({ connectionId: world.connectionId, lane }));
}

const LONG = 'Long '.repeat(60).trim();
for (const { title, fields, name, lastName, note } of [
  {
    title: 'emoji',
    fields: { organization: 'Pizza 🍕 & Söhne' },
    name: 'Pizza & Söhne',
    note: 'name without emoji',
  },
  {
    title: '300 characters',
    fields: { organization: LONG },
    name: LONG.slice(0, 255).trimEnd(),
    note: 'cut to 255',
  },
  { title: 'only an organisation', fields: { organization: 'Org' }, name: 'Org', lastName: 'Org' },
  {
    title: 'only a last name',
    fields: { organization: '', lname: 'Curie' },
    name: 'Curie',
    lastName: 'Curie',
  },
  { title: 'only an e-mail', fields: { organization: '' }, name: 'only-an-e-mail@k12.test', lastName: '-' },
  { title: 'nothing but emoji', fields: { organization: '🍕🍕' }, lastName: '-', note: 'without emoji' },
])
  test(`K12 ${title}: a valid account, and what was cut is on the record`, async () => {
    const email = `${title.replaceAll(' ', '-')}@k12.test`;
    const client = await madeClient({ ...fields, email });
    const [account] = accountsOf(world, client);
    expect(account?.name).toBe(name ?? account?.number);
    if (lastName !== undefined) expect(account?.billTo['lastName']).toBe(lastName);
    expect(account?.billTo['workEmail']).toBe(email);
    expect(await world.stateOf('client', client)).toBe('synced');
    if (note === undefined) expect(await world.reasonOf('client', client)).toBeNull();
    else expect(await noteOf(client)).toContain(note);
  });
