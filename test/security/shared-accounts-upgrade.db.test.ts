/** An upgrade finds accounts of several clients: they stay, are listed, and nobody is written over (K5). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { clientOf } from '../../src/engine/plan/test-situations.ts';
import { setOwner } from '../../src/operations/account-owner.ts';
import { findPackageRoot } from '../../src/platform/package-root.ts';
import { noteAccountOwners } from '../../src/store/account-owners.ts';
import { insertDelivery } from '../../src/store/deliveries.ts';
import type { DB } from '../../src/store/schema.ts';
import { listOpenNotices } from '../../src/store/upgrade-notices.ts';
import { createTestDatabase } from '../kit/database.ts';
import { ADMIN, createEngineKit, invoiceOf } from '../kit/engine.ts';
import { bill, bookedTo, EMAIL, nameOf, namesOf, putAccountByHand, rename } from '../kit/one-tenant.ts';

test('an upgrade gives each account of one client its owner silently; shared ones stay, are listed, and wait for a person', async () => {
  const old = await createTestDatabase<DB>({ max: 12 });
  try {
    const north = await createEngineKit(old);
    const south = await createEngineKit(old, { beside: north });
    putAccountByHand(north, 'old');
    putAccountByHand(north, 'mine', { email: 'mine@example.com' });
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
      const request = {
        call: 'PUT account',
        method: 'PUT' as const,
        path: '/',
        body: {},
        idempotent: false,
      };
      const intent = { connectionId: south.connectionId, documentId: recordId, step, request };
      await insertDelivery(
        tx,
        { ...intent, id: '01938f3a-0000-7000-8000-000000000001', mappingVersion: '2' },
        new Date(south.clock.now()),
      );
    });
    // As before that migration: what it says is to find all of it out by itself.
    await old.pool.query(
      'drop table account_owners; drop index links_of_account; drop function note_account_owners',
    );
    await old.pool.query('delete from upgrade_notices');
    await old.pool.query(readFileSync(join(findPackageRoot(), 'migrations/0011_account_owners.sql'), 'utf8'));
    await noteAccountOwners(old.db, new Date());
    const notices = await listOpenNotices(old.db);
    expect(notices.map(({ code, subject }) => [code, subject])).toEqual([['account-shared', 'old (old)']]);
    expect(notices[0]?.message).toContain(`client 7 of ${await nameOf(north)}`);
    expect(notices[0]?.message).toContain(`client 9 of ${await nameOf(south)}`);
    // A step that was open at the upgrade writes nothing either.
    await rename(south, '9', 'Mallory', 'mallory@example.com');
    await rename(north, '7', 'Ada Inc', EMAIL);
    await rename(north, '8', 'Mine Inc', 'mine@example.com');
    expect(namesOf(north)).toContain(`old: Account old, ${EMAIL}`);
    expect(namesOf(north)).toContain('mine: Mine Inc, mine@example.com');
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
    expect(namesOf(north)).toContain(`old: Ada Inc, ${EMAIL}`);
    expect(await listOpenNotices(old.db)).toEqual([]);
    expect((await south.document('client', '9')).reason?.message).toContain('its name and e-mail stay');
  } finally {
    await old.drop();
  }
});

test('what another client’s name was written over is the owner’s again as soon as a person has named the owner', async () => {
  const database = await createTestDatabase<DB>({ max: 12 });
  try {
    const north = await createEngineKit(database);
    const south = await createEngineKit(database, { beside: north });
    putAccountByHand(north, 'old');
    await bill(north, '7');
    await bill(south, '9', 'other@example.com');
    await sql`update links set counterpart_id = 'old', counterpart_number = 'old'
    where kind = 'client' and connection_id = ${south.connectionId}`.execute(database.db);
    // As it was before: the account follows whoever was changed last.
    await sql`update account_owners set connection_id = ${south.connectionId}, source_id = '9' where counterpart_id = 'old'
    and connection_id = ${north.connectionId}`.execute(database.db);
    await rename(south, '9', 'Mallory', 'mallory@example.com');
    expect(namesOf(north)[0]).toBe('old: Mallory, mallory@example.com');
    await setOwner(north.parts, ADMIN, { connection: north.connectionId, clientId: '7', account: 'old' });
    await north.settle();
    expect(namesOf(north)[0]).toBe(`old: Client 7, ${EMAIL}`);
  } finally {
    await database.drop();
  }
});
