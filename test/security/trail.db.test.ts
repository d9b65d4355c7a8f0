/** Attacks on the trail: whatever is taken out of it, changed in it or slipped into it shows (I8). */
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../src/core/ids.ts';
import { sealTrail } from '../../src/engine/seal-trail.ts';
import { listAudit } from '../../src/operations/list-audit.ts';
import { showRecord } from '../../src/operations/show-record.ts';
import { status } from '../../src/operations/status.ts';
import { verifyAudit } from '../../src/operations/verify-audit.ts';
import { createSigner } from '../../src/platform/signing.ts';
import type { Db } from '../../src/store/db.ts';
import type { DB } from '../../src/store/schema.ts';
import { withSigner } from '../../src/store/signer.ts';
import { appendTrail, connectionSubject, documentSubject } from '../../src/store/trail.ts';
import { ENTRY_COLUMNS, listBrokenTrails } from '../../src/store/trail-chains.ts';
import { hashOfContent, type StoredEntry } from '../../src/store/trail-format.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { ADMIN, createEngineKit, type EngineKit, invoiceOf } from '../kit/engine.ts';
import { asOwner } from '../kit/tamper.ts';
import { fixedSigningKey } from '../kit/test-signer.ts';

let database: TestDatabase<DB>;
let kit: EngineKit;
let recordId: string;
let subject: string;

beforeAll(async () => {
  database = await createTestDatabase<DB>();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await asOwner(database.db, async (tx) => {
    for (const table of [
      'trail',
      'trail_heads',
      'trail_ends',
      'trail_batches',
      'trail_checks',
      'connections',
    ] as const)
      await sql`truncate ${sql.table(table)} cascade`.execute(tx);
  });
  kit = await createEngineKit(database, { webhooks: false });
  kit.books.put('invoice', invoiceOf({ id: '1' }));
  await kit.accept({ kind: 'invoice', sourceId: '1' });
  await kit.settle();
  recordId = (await kit.document('invoice', '1')).id;
  subject = documentSubject(recordId);
});

type Statement = ReturnType<typeof sql>;
const tamper = (...statements: Statement[]) =>
  asOwner(database.db, async (tx) => {
    for (const statement of statements) await statement.execute(tx);
  });
const seal = () => sealTrail({ ...kit.parts, clock: { now: () => kit.clock.now(), sleep: async () => {} } });
const chain = async () => (await showRecord(kit.parts, ADMIN, { recordId })).chain;
const faults = async () => (await verifyAudit(kit.parts, ADMIN)).faults;
const last = async () => {
  const { rows } = await sql<{ position: number }>`
    select position from trail_heads where subject = ${subject}`.execute(database.db);
  return rows[0]?.position ?? 0;
};

test('untouched, every record and connection is intact and sealed, and says up to where', async () => {
  const entries = await last();
  expect(await chain()).toEqual({ state: 'unsealed', entries, sealed: 0, brokenAt: null, why: null });
  expect(await seal()).toMatchObject({ chains: 3, broken: [] });
  expect(await chain()).toEqual({ state: 'intact', entries, sealed: entries, brokenAt: null, why: null });
  expect((await listAudit(kit.parts, ADMIN, { connection: kit.connectionId, limit: 5 })).chainIntact).toBe(
    true,
  );
  expect(await faults()).toEqual([]);
  expect((await status(kit.parts, ADMIN)).audit).toMatchObject({
    unsealedChains: 0,
    brokenChains: 0,
    faults: 0,
  });
});

test('a record that was only told about has no chain yet, and is not called broken', async () => {
  await kit.accept({ kind: 'invoice', sourceId: 'fresh' });
  const { id } = await kit.document('invoice', 'fresh');
  expect((await showRecord(kit.parts, ADMIN, { recordId: id })).chainIntact).toBe(true);
  expect(await faults()).toEqual([]);
});

describe('it shows at once', () => {
  test('when the newest entries are deleted together with the head row', async () => {
    await tamper(
      sql`delete from trail where subject = ${subject} and position > 3`,
      sql`delete from trail_heads where subject = ${subject}`,
    );
    expect(await chain()).toMatchObject({ state: 'broken', brokenAt: 3 });
    expect(await faults()).toContainEqual(expect.objectContaining({ subject, position: 3 }));
  });

  test('when a whole chain is deleted, of a record or of a connection', async () => {
    const ofConnection = connectionSubject(kit.connectionId);
    await tamper(
      sql`delete from trail where subject in (${subject}, ${ofConnection})`,
      sql`delete from trail_heads where subject in (${subject}, ${ofConnection})`,
    );
    expect(await chain()).toMatchObject({ state: 'broken', entries: 0 });
    const page = await listAudit(kit.parts, ADMIN, { connection: kit.connectionId, limit: 5 });
    expect(page).toMatchObject({ chainIntact: false, entries: [] });
    expect(await faults()).toEqual([
      expect.objectContaining({ subject: ofConnection, position: null }),
      expect.objectContaining({ subject, position: null }),
    ]);
  });

  test('when an entry is moved to another connection', async () => {
    await tamper(
      sql`update trail set connection_id = gen_random_uuid() where subject = ${subject} and position = 2`,
    );
    expect(await chain()).toMatchObject({ state: 'broken', brokenAt: 2 });
  });

  test.each(['actor', 'entry', 'payload'])('when the %s of an entry is changed', async (column) => {
    await tamper(
      sql`update trail set ${sql.ref(column)} = '{"summary":"x"}' where subject = ${subject} and position = 2`,
    );
    expect(await chain()).toMatchObject({ state: 'broken', brokenAt: 2, why: 'entry 2 was altered' });
  });

  test('when a separator inside a value is to make two entries read the same', async () => {
    const now = new Date(kit.clock.now());
    const data = { summary: 'x' };
    await appendTrail(
      database.db,
      { subject, connectionId: kit.connectionId, actor: 'a\u001fplan', entry: 'plan', data },
      now,
    );
    const position = await last();
    await tamper(
      sql`update trail set actor = 'a', entry = 'plan' || chr(31) || 'plan' where subject = ${subject} and position = ${position}`,
    );
    expect(await chain()).toMatchObject({ state: 'broken', brokenAt: position });
  });
});

describe('an entry slipped in shows', () => {
  type Row = Omit<StoredEntry, 'position'> & { mac: Buffer };

  /** Everything but the key is public: a forger makes a hash that fits what is said. */
  async function forge(change: (row: Row) => Partial<Row>, from = subject): Promise<void> {
    const { rows } =
      await sql<Row>`select ${ENTRY_COLUMNS} from trail t where subject = ${from} and position = 1`.execute(
        database.db,
      );
    const [row] = rows;
    if (!row) throw new Error('nothing to forge from');
    const forged = { ...row, subject, ...change(row) };
    await sql`select append_trail(${forged.id}::uuid, ${subject}, ${forged.connectionId}::uuid,
      ${new Date(Number(forged.micros) / 1000)}, ${forged.actor}, ${forged.entry}, ${forged.payload},
      ${hashOfContent(forged)}, 1, ${forged.mac})`.execute(database.db);
  }
  const fresh = () => ({ id: newId(kit.clock.now()), payload: '{"summary":"synced"}', entry: 'state' });

  test.each([
    [
      'with a made-up code',
      () => ({ ...fresh(), mac: Buffer.alloc(32, 1) }),
      'was not written by this service',
    ],
    ["with another entry's code", fresh, 'was not written by this service'],
    ['as a copy of an earlier one', () => ({}), 'repeats an earlier entry'],
  ])('by append_trail %s', async (_how, change, why) => {
    await forge(change);
    const position = await last();
    expect(await chain()).toMatchObject({
      state: 'broken',
      brokenAt: position,
      why: `entry ${position} ${why}`,
    });
    expect((await seal()).broken).toMatchObject([{ subject, brokenAt: position }]);
  });

  test("by append_trail with another chain's entry", async () => {
    await forge(() => ({}), connectionSubject(kit.connectionId));
    const position = await last();
    expect(await chain()).toMatchObject({
      brokenAt: position,
      why: `entry ${position} was not written by this service`,
    });
  });

  test('past the function, in the format of before, whose hash anybody can make', async () => {
    await addOldEntry();
    const position = await last();
    expect(await chain()).toMatchObject({
      brokenAt: position,
      why: `entry ${position} has format 1, which is not its place's`,
    });
  });

  test('as a whole chain in the format of before, made up once the upgrade is over', async () => {
    await seal();
    await sql`insert into trail_heads (subject, position, hash, old_position) values ('document:new', 0, '', 3)`.execute(
      database.db,
    );
    for (let turn = 0; turn < 3; turn += 1) await addOldEntry('document:new');
    const why = "has format 1, which is not its place's";
    expect(await listBrokenTrails(database.db, 'document:new')).toEqual([
      { subject: 'document:new', position: 1, why },
    ]);
    expect((await seal()).broken).toMatchObject([{ subject: 'document:new', brokenAt: 1 }]);
  });

  /** With plain statements, as the one role of a database of one's own may. */
  async function addOldEntry(to = subject): Promise<void> {
    await sql`
      insert into trail (subject, position, connection_id, at, actor, entry, payload, hash, format)
      select h.subject, h.position + 1, ${kit.connectionId}::uuid, now(), 'system', 'state', '{"summary":"synced"}',
        sha256(h.hash || convert_to(concat_ws(chr(31), h.subject, h.position + 1, extract(epoch from now()), 'system',
          'state', '{"summary":"synced"}'), 'UTF8')), 1
      from trail_heads h where h.subject = ${to}`.execute(database.db);
    await sql`
      update trail_heads h set position = t.position, hash = t.hash, unsealed = true from trail t
      where h.subject = ${to} and t.subject = h.subject and t.position = h.position + 1`.execute(database.db);
  }

  test('and what was sealed as broken stays broken, whatever is put right later', async () => {
    await forge(fresh);
    const position = await last();
    await seal();
    await tamper(
      sql`delete from trail where subject = ${subject} and position = ${position}`,
      sql`update trail_heads h set position = t.position, hash = t.hash from trail t
        where h.subject = ${subject} and t.subject = h.subject and t.position = ${position - 1}`,
    );
    expect(await chain()).toMatchObject({ state: 'broken', brokenAt: position });
    expect((await status(kit.parts, ADMIN)).audit.brokenChains).toBe(1);
  });
});

describe('once sealed, it shows', () => {
  const cutTo = (position: number) => [
    sql`delete from trail where subject = ${subject} and position > ${position}`,
    sql`update trail_heads h set position = t.position, hash = t.hash from trail t
      where h.subject = ${subject} and t.subject = h.subject and t.position = ${position}`,
  ];

  test('when the newest entries are taken out and the head is moved back to fit', async () => {
    await seal();
    await tamper(...cutTo(3));
    expect(await chain()).toMatchObject({ state: 'broken', brokenAt: 4, why: 'entry 4 is missing' });
  });

  test('when a whole chain is deleted, and its record and head with it', async () => {
    await seal();
    await tamper(
      sql`delete from trail where subject = ${subject}`,
      sql`delete from trail_heads where subject = ${subject}`,
      sql`delete from documents where id = ${recordId}`,
    );
    expect(await faults()).toEqual([{ subject, position: 1, why: 'is missing' }]);
  });

  test('when a chain is written anew by somebody who has the key, too', async () => {
    await seal();
    await tamper(...cutTo(2));
    const entry = { subject, connectionId: kit.connectionId, actor: 'system', entry: 'state' as const };
    for (let position = 3; position < 30; position += 1)
      await appendTrail(database.db, { ...entry, data: { summary: 'synced' } }, new Date(kit.clock.now()));
    expect(await chain()).toMatchObject({ state: 'broken' });
  });

  test.each([
    ['an end is changed to fit', sql`update trail_ends set position = 3`, 'has other ends than were signed'],
    [
      'an end is marked as whole',
      sql`update trail_ends set broken_at = 1`,
      'has other ends than were signed',
    ],
    [
      'an end is taken out',
      sql`delete from trail_ends where subject like 'document:%'`,
      'has other ends than were signed',
    ],
    [
      'a batch is dated back',
      sql`update trail_batches set sealed_at = sealed_at - interval '1 microsecond'`,
      'was altered',
    ],
    [
      'a signature is replaced',
      sql`update trail_batches set signature = sha512('x')`,
      "does not bear this installation's signature",
    ],
    [
      'a batch names another key',
      sql`update trail_batches set key_id = 2`,
      "does not bear this installation's signature",
    ],
  ])('when %s', async (_what, change, why) => {
    await seal();
    await tamper(change);
    expect(await faults()).toContainEqual({ subject: 'batch 1 of the chain of ends', position: null, why });
  });

  test('when a batch in the middle is taken out, or all are made anew with a key of one’s own', async () => {
    await seal();
    const day = 86_400_000;
    for (const days of [1, 2]) {
      await kit.clock.advance(days * day);
      await seal();
    }
    expect(await faults()).toEqual([]);
    const stranger = createSigner([{ ...fixedSigningKey(9), id: 1 }]);
    const theirs = { ...kit.parts, db: withSigner(kit.parts.db, stranger) };
    expect((await verifyAudit(theirs, ADMIN)).faults[0]?.why).toBe(
      "does not bear this installation's signature",
    );
    await tamper(sql`delete from trail_batches where number = 2`);
    expect(await faults()).toContainEqual(
      expect.objectContaining({ subject: 'batch 2 of the chain of ends', why: 'is missing' }),
    );
  });
});

test('a batch is signed every day, even where nothing has grown, and no more often then', async () => {
  const count = async () =>
    Number(
      (await sql<{ n: bigint }>`select count(*) as n from trail_batches`.execute(database.db)).rows[0]?.n,
    );
  await seal();
  const first = await count();
  await seal();
  expect(await count()).toBe(first);
  await kit.clock.advance(86_400_000);
  await seal();
  expect(await count()).toBe(first + 1);
  expect(await faults()).toEqual([]);
});

test('while lanes write, sealing makes nobody wait and calls nothing broken', async () => {
  const entry = { subject, connectionId: kit.connectionId, actor: 'system', entry: 'plan' as const };
  const write = async (db: Db) =>
    appendTrail(db, { ...entry, data: { summary: 'x' } }, new Date(kit.clock.now()));
  const writing = Array.from({ length: 40 }, () => write(database.db));
  const rounds = await Promise.all([seal(), seal()]);
  await Promise.all(writing);
  expect(rounds.flatMap(({ broken }) => broken)).toEqual([]);
  await seal();
  expect(await chain()).toMatchObject({ state: 'intact', entries: await last() });
  expect(await listBrokenTrails(database.db, '')).toEqual([]);
});

test('nothing of it is changed or taken out by an ordinary statement, which gets a sentence', async () => {
  await seal();
  const refused = /is refused: the audit is only ever added to/;
  for (const table of ['trail', 'trail_batches', 'trail_ends', 'trail_heads', 'signing_keys'] as const) {
    for (const statement of [sql`delete from ${sql.table(table)}`, sql`truncate ${sql.table(table)} cascade`])
      await expect(statement.execute(database.db)).rejects.toThrow(refused);
  }
  for (const statement of [
    sql`update trail set actor = actor`,
    sql`update trail_batches set signature = signature`,
    sql`update trail_ends set broken_at = null`,
  ])
    await expect(statement.execute(database.db)).rejects.toThrow(refused);
  expect(await faults()).toEqual([]);
});
