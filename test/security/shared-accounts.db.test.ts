/** Two source accounts, two connections, one tenant: nobody's documents, name or e-mail reach the other's account (K5, I10). */
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { drainLane } from '../../src/engine/lane.ts';
import { setOwner, sharedAccounts } from '../../src/operations/account-owner.ts';
import { dryRunRecord } from '../../src/operations/dry-run-record.ts';
import { linkAccount } from '../../src/operations/link-account.ts';
import { previewConnection } from '../../src/operations/preview-connection.ts';
import { removeConnection } from '../../src/operations/remove-connection.ts';
import { resolveRecord } from '../../src/operations/resolve-record.ts';
import type { DB } from '../../src/store/schema.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { ADMIN, createEngineKit, type EngineKit, invoiceOf } from '../kit/engine.ts';
import {
  bill,
  bookedTo,
  EMAIL,
  nameOf,
  namesOf,
  ownNumber,
  putAccountByHand,
  putClientWithInvoice,
  rename,
} from '../kit/one-tenant.ts';

let database: TestDatabase<DB>;
let north: EngineKit;
let south: EngineKit;

beforeAll(async () => {
  database = await createTestDatabase<DB>({ max: 12 });
});
afterAll(() => database.drop());
beforeEach(async () => {
  north = await createEngineKit(database);
  south = await createEngineKit(database, { beside: north });
});

const accounts = () => namesOf(north);
const putAccount = (id: string, more?: { email?: string; number?: string }) =>
  putAccountByHand(north, id, more);

describe('an account that another connection has', () => {
  test('is never taken for its e-mail: the client gets its own, noted, and a rename reaches nobody else’s (K5)', async () => {
    putAccount('old');
    await bill(north, '7');
    await bill(south, '9');
    expect(bookedTo(north)).toEqual(['old']);
    expect(bookedTo(south)).toEqual([ownNumber(south, '9')]);
    const { reason } = await south.document('client', '9');
    expect(reason?.message).toContain(`Account old has the e-mail ${EMAIL}, too`);
    expect(reason?.message).toContain(`${await nameOf(north)}/7`);
    await rename(south, '9', 'Mallory', 'mallory@example.com');
    expect(accounts()).toEqual([
      `old: Account old, ${EMAIL}`,
      `${ownNumber(south, '9')}: Mallory, mallory@example.com`,
    ]);
  });

  test('is not taken when it was made for that connection’s client, whether or not a link still names it', async () => {
    await bill(north, '7');
    await sql`delete from links where connection_id = ${north.connectionId}`.execute(database.db);
    await sql`delete from account_owners where connection_id = ${north.connectionId}`.execute(database.db);
    await bill(south, '9');
    expect(bookedTo(south)).toEqual([ownNumber(south, '9')]);
  });

  test('is not taken where its number carries the key of a source account that this installation does not know', async () => {
    putAccount('foreign', { number: 'EX-ELSEWHERE-client-12-USD' });
    await bill(south, '9');
    expect(bookedTo(south)).toEqual([ownNumber(south, '9')]);
    expect((await south.document('client', '9')).reason?.message).toContain('EX-ELSEWHERE-client-12-USD');
  });

  test('stays that of a removed connection; the same books connected again have it again', async () => {
    putAccount('old');
    await bill(north, '7');
    await removeConnection(north.parts, ADMIN, { connection: north.connectionId, force: true });
    await bill(south, '9');
    expect(bookedTo(south)).toEqual([ownNumber(south, '9')]);
    const again = await createEngineKit(database, { again: north });
    await bill(again, '7');
    expect(await again.stateOf('client', '7')).toBe('synced');
    await rename(again, '7', 'Ada Inc', EMAIL);
    expect(accounts()).toEqual([`old: Ada Inc, ${EMAIL}`, `${ownNumber(south, '9')}: Client 9, ${EMAIL}`]);
  });

  test('in another tenant with the same id is no hindrance', async () => {
    putAccount('old');
    await bill(north, '7');
    const apart = await createEngineKit(database);
    apart.billing.accounts.push({ id: 'old', number: 'old', name: 'Other', email: EMAIL, currency: 'USD' });
    await bill(apart, '9');
    expect(bookedTo(apart)).toEqual(['old']);
  });

  test('is taken to be the same as long as a tenant is not known', async () => {
    putAccount('old');
    await bill(north, '7');
    const apart = await createEngineKit(database);
    apart.billing.accounts.push({ id: 'old', number: 'old', name: 'Other', email: EMAIL, currency: 'USD' });
    await sql`update account_owners set tenant = '' where counterpart_id = 'old' and connection_id = ${north.connectionId}`.execute(
      database.db,
    );
    await bill(apart, '9');
    expect(bookedTo(apart)).toEqual([ownNumber(apart, '9')]);
    await sql`delete from account_owners where counterpart_id = 'old'`.execute(database.db);
  });

  test('is shown neither by the preview nor by a dry run as the one to be used', async () => {
    putAccount('old');
    await bill(north, '7');
    putClientWithInvoice(south, '9', EMAIL);
    await south.accept({ kind: 'invoice', sourceId: '9' });
    const [previewed] = (
      await previewConnection(south.parts, ADMIN, { connection: south.connectionId, limit: 5 })
    ).invoices;
    expect(previewed?.account).toBe(`new account ${ownNumber(south, '9')}`);
    const run = await dryRunRecord(south.parts, ADMIN, {
      recordId: (await south.document('invoice', '9')).id,
    });
    expect(run.requests.map(({ step }) => step)).toEqual(['create-account', 'create-invoice']);
    const { rows } = await sql`select from account_owners where counterpart_id like '(new)%'`.execute(
      database.db,
    );
    expect(rows).toEqual([]);
  });
});

describe('at the same moment', () => {
  test('of two connections that meet one free account, one gets it and the other makes its own', async () => {
    for (let round = 0; round < 3; round += 1) {
      const email = `round${round}@example.com`;
      putAccount(`old-${round}`, { email });
      for (const kit of [north, south]) {
        putClientWithInvoice(kit, `1${round}`, email);
        await kit.accept({ kind: 'invoice', sourceId: `1${round}` });
      }
      await atOnce([north, south]);
      const booked = [north, south].map((kit) => bookedTo(kit).at(-1));
      expect(
        booked.filter((number) => number === `old-${round}`),
        `round ${round}`,
      ).toHaveLength(1);
      expect(new Set(booked).size).toBe(2);
    }
  });

  test('of two clients of one connection that meet one free account, one gets it (K5)', async () => {
    putAccount('old');
    for (const client of ['1', '2', '3']) putClientWithInvoice(north, client, EMAIL);
    await north.accept(...['1', '2', '3'].map((sourceId) => ({ kind: 'invoice' as const, sourceId })));
    await atOnce([north]);
    expect(new Set(bookedTo(north)).size).toBe(3);
    expect(bookedTo(north)).toContain('old');
  });
});

/** All lanes beside each other; all have looked for accounts before one of them goes on. */
async function atOnce(kits: readonly EngineKit[]): Promise<void> {
  const lanes = await Promise.all(kits.map(async (kit) => ({ kit, due: await kit.dueLanes() })));
  let missing = lanes.reduce((sum, { due }) => sum + due.length, 0);
  let open = () => {};
  const allAreThere = new Promise<void>((resolve) => (open = resolve));
  north.billing.faults.onCall(async (call) => {
    if (call !== 'find accounts') return;
    missing -= 1;
    if (missing === 0) open();
    await allAreThere;
  });
  const work = lanes.flatMap(({ kit, due }) =>
    due.map((lane) => drainLane(kit.parts, kit.parts.runtime, lane)),
  );
  await Promise.all(work);
  // A document's first lane is left as soon as its client is known: those of the clients are worked here.
  const own = await Promise.all(kits.map(async (kit) => ({ kit, due: await kit.dueLanes() })));
  if (missing > 0)
    await Promise.all(
      own.flatMap(({ kit, due }) => due.map((lane) => drainLane(kit.parts, kit.parts.runtime, lane))),
    );
  north.billing.faults.onCall(undefined);
  for (const kit of kits) await kit.settle();
  expect(missing).toBeLessThanOrEqual(0);
}

describe('a person’s decision', () => {
  test('to share names both: without it nothing is linked, with it name and e-mail stay the owner’s', async () => {
    putAccount('old');
    await bill(north, '7');
    await bill(south, '9', 'other@example.com');
    const request = { connection: south.connectionId, clientId: '9', account: 'old' };
    const owner = `${await nameOf(north)}/7`;
    await expect(linkAccount(south.parts, ADMIN, request)).rejects.toThrow(owner);
    await expect(linkAccount(south.parts, ADMIN, { ...request, sharedWith: 'north/8' })).rejects.toThrow(
      owner,
    );
    await linkAccount(south.parts, ADMIN, { ...request, sharedWith: owner });
    await rename(south, '9', 'Mallory', 'mallory@example.com');
    expect((await south.document('client', '9')).reason?.message).toContain(
      `is that of Client 7 (${owner}): its name and e-mail stay`,
    );
    expect(accounts()[0]).toBe(`old: Account old, ${EMAIL}`);
    await rename(north, '7', 'Ada Inc', EMAIL);
    expect(accounts()[0]).toBe(`old: Ada Inc, ${EMAIL}`);
    expect(await sharedAccounts(north.parts, ADMIN)).toContainEqual(
      expect.objectContaining({ number: 'old', owner: expect.objectContaining({ clientId: '7' }) }),
    );
  });

  test('to share inside one connection leaves name and e-mail with the first client, too', async () => {
    putAccount('old');
    await bill(north, '7');
    await bill(north, '8', 'eight@example.com');
    const sharedWith = `${await nameOf(north)}/7`;
    const request = { connection: north.connectionId, clientId: '8', account: 'old' };
    await expect(linkAccount(north.parts, ADMIN, request)).rejects.toThrow(sharedWith);
    await linkAccount(north.parts, ADMIN, { ...request, sharedWith });
    await rename(north, '8', 'Eight', 'eight@example.com');
    expect(accounts()[0]).toBe(`old: Account old, ${EMAIL}`);
  });

  test('for an account that was made for somebody unknown makes nobody its owner', async () => {
    putAccount('foreign', { number: 'EX-ELSEWHERE-client-12-USD' });
    await bill(south, '9', 'other@example.com');
    const request = { connection: south.connectionId, clientId: '9', account: 'foreign' };
    await expect(linkAccount(south.parts, ADMIN, request)).rejects.toThrow('another client');
    await linkAccount(south.parts, ADMIN, { ...request, sharedWith: 'EX-ELSEWHERE-client-12-USD' });
    await rename(south, '9', 'Mallory', 'mallory@example.com');
    expect(accounts()).toContain(`EX-ELSEWHERE-client-12-USD: Account foreign, ${EMAIL}`);
  });

  test('is asked for where a client’s own number was given to another client before', async () => {
    putAccount('taken', { number: ownNumber(south, '9'), email: 'x@example.com' });
    await bill(north, '7');
    const sharedWith = ownNumber(south, '9');
    await linkAccount(north.parts, ADMIN, {
      connection: north.connectionId,
      clientId: '7',
      account: 'taken',
      sharedWith,
    });
    await setOwner(north.parts, ADMIN, { connection: north.connectionId, clientId: '7', account: 'taken' });
    await bill(south, '9');
    expect(await south.stateOf('client', '9')).toBe('parked account-of-another');
    expect(bookedTo(south)).toEqual([]);
    const recordId = (await south.document('client', '9')).id;
    await resolveRecord(south.parts, ADMIN, { recordId, choice: 'share-account', argument: sharedWith });
    await south.settle();
    expect(bookedTo(south)).toEqual([sharedWith]);
    await rename(south, '9', 'Mallory', 'mallory@example.com');
    expect(accounts()[0]).not.toContain('Mallory');
  });

  test('to adopt an invoice never takes the copy of another connection, nor one that is marked as anybody’s', async () => {
    putAccount('old');
    await bill(north, '7');
    putClientWithInvoice(south, '9', 'other@example.com');
    await linkAccount(south.parts, ADMIN, {
      connection: south.connectionId,
      clientId: '9',
      account: 'old',
      sharedWith: `${await nameOf(north)}/7`,
    });
    const [copy] = north.billing.invoices;
    if (!copy) throw new Error('north has no copy');
    for (const comment of [copy.comment, '', 'EX-ELSEWHERE-invoice-3']) {
      // What this installation knows of it is no help against another one's.
      if (comment.includes('ELSEWHERE'))
        await sql`delete from links where connection_id = ${north.connectionId}`.execute(database.db);
      copy.comment = comment;
      south.books.put('invoice', invoiceOf({ id: '9', client: '9', number: copy.number }));
      await south.accept({ kind: 'invoice', sourceId: '9' });
      await south.settle();
      await sql`update documents set decisions = '{"adopt": true}' where connection_id = ${south.connectionId}
        and kind = 'invoice'`.execute(database.db);
      await south.accept({ kind: 'invoice', sourceId: '9' });
      await south.settle();
      expect(await south.stateOf('invoice', '9'), comment).toBe('parked not-adoptable');
      expect((await south.document('invoice', '9')).reason?.message).toContain('is the copy of');
    }
  });
});
