/** Two source accounts, two connections, one tenant: nobody's documents, name or e-mail reach the other's account (K5, I10). */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { drainLane } from '../../src/engine/lane.ts';
import { clientOf } from '../../src/engine/plan/test-situations.ts';
import { setOwner, sharedAccounts } from '../../src/operations/account-owner.ts';
import { dryRunRecord } from '../../src/operations/dry-run-record.ts';
import { linkAccount } from '../../src/operations/link-account.ts';
import { previewConnection } from '../../src/operations/preview-connection.ts';
import { removeConnection } from '../../src/operations/remove-connection.ts';
import { resolveRecord } from '../../src/operations/resolve-record.ts';
import { findPackageRoot } from '../../src/platform/package-root.ts';
import { migrate } from '../../src/platform/postgres/migrate.ts';
import { noteAccountOwners } from '../../src/store/account-owners.ts';
import { loadConnection } from '../../src/store/connections.ts';
import { insertDelivery } from '../../src/store/deliveries.ts';
import type { DB } from '../../src/store/schema.ts';
import { listOpenNotices } from '../../src/store/upgrade-notices.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { ADMIN, createEngineKit, type EngineKit, invoiceOf } from '../kit/engine.ts';

const EMAIL = 'ada@example.com';

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

const ownNumber = (kit: EngineKit, client: string) => `EX-${kit.books.account}-client-${client}-USD`;
const nameOf = async (kit: EngineKit) => (await loadConnection(kit.parts.db, kit.connectionId)).name;
const accounts = () => north.billing.accounts.map(({ number, name, email }) => `${number}: ${name}, ${email}`);

function putAccount(id: string, { email = EMAIL, number = id } = {}): void {
  north.billing.accounts.push({ id, number, name: `Account ${id}`, email, currency: 'USD' });
}

/** An invoice for a client; its number tells both. */
async function bill(kit: EngineKit, client: string, email: string | undefined = EMAIL): Promise<void> {
  putClientWithInvoice(kit, client, email);
  await kit.accept({ kind: 'invoice', sourceId: client });
  await kit.settle();
}

function putClientWithInvoice(kit: EngineKit, client: string, email: string | undefined): void {
  kit.books.put('client', { id: client, name: `Client ${client}`, ...(email ? { email } : {}) });
  kit.books.put('invoice', invoiceOf({ id: client, client, number: `${kit.books.account}-${client}` }));
}

async function rename(kit: EngineKit, client: string, name: string, email: string): Promise<void> {
  kit.books.change('client', client, { name, email });
  await kit.accept({ kind: 'client', sourceId: client });
  await kit.settle();
}

/** Numbers of the accounts to which a connection's invoices are booked. */
const bookedTo = (kit: EngineKit) =>
  kit.billing.invoices
    .filter(({ number }) => number.startsWith(`${kit.books.account}-`))
    .map(({ account }) => kit.billing.accounts.find(({ id }) => id === account)?.number);

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
  test('of two connections that meet one free account, one gets it and the other makes its own, in 10 of 10 rounds', async () => {
    for (let round = 0; round < 10; round += 1) {
      const email = `round${round}@example.com`;
      putAccount(`old-${round}`, { email });
      for (const kit of [north, south]) {
        putClientWithInvoice(kit, `1${round}`, email);
        await kit.accept({ kind: 'invoice', sourceId: `1${round}` });
      }
      await atOnce([north, south]);
      const booked = [north, south].map((kit) => bookedTo(kit).at(-1));
      expect(booked.filter((number) => number === `old-${round}`), `round ${round}`).toHaveLength(1);
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

/** All lanes beside each other: they have all looked for accounts before one of them goes on. */
async function atOnce(kits: readonly EngineKit[]): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) {
    const lanes = await Promise.all(kits.map(async (kit) => ({ kit, due: await kit.dueLanes() })));
    await Promise.all(
      lanes.flatMap(({ kit, due }) => due.map((lane) => drainLane(kit.parts, kit.parts.runtime, lane))),
    );
  }
  for (const kit of kits) await kit.settle();
}

describe('a person’s decision', () => {
  test('to share names both: without it nothing is linked, with it name and e-mail stay the owner’s', async () => {
    putAccount('old');
    await bill(north, '7');
    await bill(south, '9', 'other@example.com');
    const request = { connection: south.connectionId, clientId: '9', account: 'old' };
    const owner = `${await nameOf(north)}/7`;
    await expect(linkAccount(south.parts, ADMIN, request)).rejects.toThrow(owner);
    await expect(linkAccount(south.parts, ADMIN, { ...request, sharedWith: 'north/8' })).rejects.toThrow(owner);
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
    await linkAccount(south.parts, ADMIN, {
      ...{ connection: south.connectionId, clientId: '9', account: 'old' },
      ...(putClientWithInvoice(south, '9', 'other@example.com') ?? {}),
      sharedWith: `${await nameOf(north)}/7`,
    });
    const [copy] = north.billing.invoices;
    if (!copy) throw new Error('north has no copy');
    for (const comment of [copy.comment, 'EX-ELSEWHERE-invoice-3', '']) {
      copy.comment = comment;
      south.books.put('invoice', invoiceOf({ id: '9', client: '9', number: copy.number }));
      await south.accept({ kind: 'invoice', sourceId: '9' });
      await south.settle();
      await sql`update documents set decisions = '{"adopt": true}' where connection_id = ${south.connectionId}
        and kind = 'invoice'`.execute(database.db);
      await south.accept({ kind: 'invoice', sourceId: '9' });
      await south.settle();
      expect(await south.stateOf('invoice', '9'), comment).toBe('parked not-adoptable');
    }
  });
});

describe('an upgrade from before accounts had owners', () => {
  test('gives each account of one client its owner silently; shared ones stay, are listed, and wait for a person', async () => {
    const old = await createTestDatabase<DB>({ empty: true, max: 12 });
    const dir = mkdtempSync(join(tmpdir(), 'ml-connector-migrations-'));
    try {
      const all = join(findPackageRoot(), 'migrations');
      for (const name of readdirSync(all).filter((file) => file < '0011')) cpSync(join(all, name), join(dir, name));
      const log = pino({ level: 'silent' });
      await migrate({ connection: old.connection, log, dir });
      // The engine of today needs the table of today; its rows are what the upgrade has to find out by itself.
      await sql`create table account_owners (destination text, tenant text, counterpart_id text, counterpart_number text,
        connection_id uuid, source_id text, since timestamptz, named_by text)`.execute(old.db);
      north = await createEngineKit(old);
      south = await createEngineKit(old, { beside: north });
      putAccount('old');
      putAccount('mine', { email: 'mine@example.com' });
      await bill(north, '7');
      await bill(north, '8', 'mine@example.com');
      await bill(south, '9', 'other@example.com');
      await sql`update links set counterpart_id = 'old', counterpart_number = 'old'
        where kind = 'client' and connection_id = ${south.connectionId}`.execute(old.db);
      const recordId = (await south.document('client', '9')).id;
      await old.db.transaction().execute(async (tx) => {
        const step = {
          kind: 'update-account' as const,
          account: { id: 'old', number: 'old' },
          client: clientOf({ sourceId: '9', organization: 'Mallory' }),
        };
        const request = { call: 'PUT account', method: 'PUT' as const, path: '/', body: {}, idempotent: false };
        const intent = { connectionId: south.connectionId, documentId: recordId, step, request };
        await insertDelivery(
          tx,
          { ...intent, id: '01938f3a-0000-7000-8000-000000000001', mappingVersion: '2' },
          new Date(south.clock.now()),
        );
      });
      await sql`drop table account_owners`.execute(old.db);

      expect(await migrate({ connection: old.connection, log })).toContain('0011_account_owners');
      await noteAccountOwners(old.db, new Date());
      const notices = await listOpenNotices(old.db);
      expect(notices.map(({ code, subject }) => [code, subject])).toEqual([['account-shared', 'old (old)']]);
      expect(notices[0]?.message).toContain(`client 7 of ${await nameOf(north)}`);
      expect(notices[0]?.message).toContain(`client 9 of ${await nameOf(south)}`);
      // A step that was open at the upgrade writes nothing either.
      await rename(south, '9', 'Mallory', 'mallory@example.com');
      await rename(north, '7', 'Ada Inc', EMAIL);
      await rename(north, '8', 'Mine Inc', 'mine@example.com');
      expect(accounts()).toContain(`old: Account old, ${EMAIL}`);
      expect(accounts()).toContain('mine: Mine Inc, mine@example.com');
      expect((await north.document('client', '7')).reason?.message).toContain('nobody has said whose it is');
      south.books.put('invoice', invoiceOf({ id: '10', client: '9', number: `${south.books.account}-10` }));
      await south.accept({ kind: 'invoice', sourceId: '10' });
      await south.settle();
      expect(bookedTo(south).at(-1)).toBe('old');

      await expect(
        setOwner(south.parts, ADMIN, { connection: south.connectionId, clientId: '9', account: 'mine' }),
      ).rejects.toThrow('not tied to account mine');
      await setOwner(north.parts, ADMIN, { connection: north.connectionId, clientId: '7', account: 'old' });
      await north.settle();
      await south.settle();
      expect(accounts()).toContain(`old: Ada Inc, ${EMAIL}`);
      expect(await listOpenNotices(old.db)).toEqual([]);
      expect((await south.document('client', '9')).reason?.message).toContain('its name and e-mail stay');
    } finally {
      rmSync(dir, { recursive: true, force: true });
      await old.drop();
    }
  });

  test('what another client’s name was written over is the owner’s again as soon as a person has named the owner', async () => {
    putAccount('old');
    await bill(north, '7');
    await bill(south, '9', 'other@example.com');
    await sql`update links set counterpart_id = 'old', counterpart_number = 'old'
      where kind = 'client' and connection_id = ${south.connectionId}`.execute(database.db);
    // As it was before: the account follows whoever was changed last.
    await sql`update account_owners set connection_id = ${south.connectionId}, source_id = '9' where counterpart_id = 'old'
      and connection_id = ${north.connectionId}`.execute(database.db);
    await rename(south, '9', 'Mallory', 'mallory@example.com');
    expect(accounts()[0]).toBe('old: Mallory, mallory@example.com');
    await setOwner(north.parts, ADMIN, { connection: north.connectionId, clientId: '7', account: 'old' });
    await north.settle();
    expect(accounts()[0]).toBe(`old: Client 7, ${EMAIL}`);
  });
});
