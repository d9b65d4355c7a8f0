/** Records of before lists had a day and an invoice get both from what is stored of them. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { createEngineKit, type EngineKit, invoiceOf, paymentOf } from '../../test/kit/engine.ts';
import type { DB } from '../store/schema.ts';
import { fillFaces } from './fill-faces.ts';

let database: TestDatabase<DB>;
let kit: EngineKit;
beforeAll(async () => {
  database = await createTestDatabase<DB>({ max: 8 });
  kit = await createEngineKit(database);
}, 60_000);
afterAll(() => database.drop());

test('once, from the newest revision, and nothing else of the record is touched', async () => {
  const { books, parts, connectionId } = kit;
  const [invoice, payment] = [
    invoiceOf({ id: '1', client: '7' }),
    paymentOf({ id: '9', client: '7', invoice: '1' }),
  ];
  books.put('client', { id: '7', name: 'Old Ltd' });
  books.put('invoice', invoice);
  books.put('payment', payment);
  await kit.accept({ kind: 'invoice', sourceId: '1' }, { kind: 'payment', sourceId: '9' });
  await kit.settle();
  const faces = async () => {
    const { rows } = await sql<{ kind: string; dated_on: string | null; invoice_source_id: string | null }>`
      select kind, dated_on, invoice_source_id, changed_at, state, label from documents
      where connection_id = ${connectionId} order by kind, source_id`.execute(database.db);
    return rows;
  };
  const known = await faces();
  expect(known.map(({ kind, dated_on, invoice_source_id }) => [kind, dated_on, invoice_source_id])).toEqual([
    ['client', null, null],
    ['invoice', invoice.issued, null],
    ['payment', payment.paid, invoice.id],
  ]);
  await sql`update documents set dated_on = null, invoice_source_id = null`.execute(database.db);
  expect(await fillFaces(parts, parts.runtime)).toBe(2);
  expect(await faces()).toEqual(known);
  expect(await fillFaces(parts, parts.runtime)).toBe(0);
});
