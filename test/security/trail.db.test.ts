/** Attacks on the trail: whatever is taken out of it, changed in it or slipped into it shows (I8). */
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { showRecord } from '../../src/operations/show-record.ts';
import type { DB } from '../../src/store/schema.ts';
import { documentSubject } from '../../src/store/trail.ts';
import { listBrokenTrails } from '../../src/store/trail-chains.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { ADMIN, createEngineKit, type EngineKit, invoiceOf } from '../kit/engine.ts';

let database: TestDatabase<DB>;
let kit: EngineKit;
let recordId: string;
let subject: string;
let invoices = 0;

beforeAll(async () => {
  database = await createTestDatabase<DB>();
  kit = await createEngineKit(database, { webhooks: false });
});
afterAll(() => database.drop());
beforeEach(async () => {
  invoices += 1;
  kit.books.put('invoice', invoiceOf({ id: String(invoices) }));
  await kit.accept({ kind: 'invoice', sourceId: String(invoices) });
  await kit.settle();
  recordId = (await kit.document('invoice', String(invoices))).id;
  subject = documentSubject(recordId);
});

const tamper = (statement: ReturnType<typeof sql>) => statement.execute(database.db);
const isIntact = async () => (await showRecord(kit.parts, ADMIN, { recordId })).chainIntact;
const broken = async () => (await listBrokenTrails(database.db, subject)).length > 0;

describe('it shows', () => {
  test('when the newest entries are deleted together with the head row', async () => {
    await tamper(sql`delete from trail where subject = ${subject} and position > 3`);
    await tamper(sql`delete from trail_heads where subject = ${subject}`);
    expect(await broken()).toBe(true);
    expect(await isIntact()).toBe(false);
  });
  test('when a whole chain is deleted', async () => {
    await tamper(sql`delete from trail where subject = ${subject}`);
    await tamper(sql`delete from trail_heads where subject = ${subject}`);
    expect(await isIntact()).toBe(false);
  });
  test('when an entry is moved to another connection', async () => {
    await tamper(
      sql`update trail set connection_id = gen_random_uuid() where subject = ${subject} and position = 2`,
    );
    expect(await broken()).toBe(true);
  });
  test('when an entry is forged with append_trail', async () => {
    await tamper(
      sql`select append_trail(${subject}, ${kit.connectionId}::uuid, now(), 'system', 'state', '{"summary":"synced"}')`,
    );
    expect(await broken()).toBe(true);
  });
});
