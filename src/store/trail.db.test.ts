/** The trail is one unbroken chain for each subject, and every tampering shows where (I8). */
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { asOwner } from '../../test/kit/tamper.ts';
import type { DB } from './schema.ts';
import { appendTrail, countDeferralsInVain, listTrail, type TrailEntryKind } from './trail.ts';
import { listBrokenTrails } from './trail-chains.ts';

let database: TestDatabase<DB>;
let subject: string;
let subjects = 0;

beforeAll(async () => {
  database = await createTestDatabase<DB>({ max: 12 });
});
afterAll(() => database.drop());
beforeEach(async () => {
  subjects += 1;
  subject = `document:${subjects}/`;
  for (const summary of ['one', 'two', 'three', 'four']) await append(summary);
});

function append(summary: string, entry: TrailEntryKind = 'decision', data: Record<string, unknown> = {}) {
  const now = new Date(Date.UTC(2026, 0, 5, 9, 0, 0, 123));
  const full = { subject, connectionId: undefined, actor: 'test', entry, data: { summary, ...data } };
  return appendTrail(database.db, full, now);
}
const broken = async () =>
  (await listBrokenTrails(database.db, subject)).map(({ subject: of, position }) => ({
    subject: of,
    position,
  }));

test('entries come back in order with what was written, amounts and characters of every kind included', async () => {
  await append('five “ünïcode” 😀\u0001\u001f', 'decision', { amountMinor: 9_007_199_254_740_993n });
  const entries = await listTrail(database.db, subject);
  expect(entries.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5]);
  expect(entries[4]).toMatchObject({
    actor: 'test',
    entry: 'decision',
    data: { summary: 'five “ünïcode” 😀\u0001\u001f', amountMinor: '9007199254740993' },
  });
  expect(await broken()).toEqual([]);
});

test('a hundred who write at once make one chain without a gap', async () => {
  await Promise.all(Array.from({ length: 100 }, (_, n) => append(`n${n}`)));
  const positions = (await listTrail(database.db, subject)).map(({ position }) => position);
  expect(positions).toEqual(Array.from({ length: 104 }, (_, n) => n + 1));
  expect(await broken()).toEqual([]);
});

test('what is rolled back leaves no entry and no gap', async () => {
  const failing = database.db.transaction().execute(async (tx) => {
    const data = { summary: 'never' };
    await appendTrail(
      tx,
      { subject, connectionId: undefined, actor: 'test', entry: 'decision', data },
      new Date(0),
    );
    throw new Error('changed my mind');
  });
  await expect(failing).rejects.toThrow('changed my mind');
  await append('five');
  expect((await listTrail(database.db, subject)).at(-1)).toMatchObject({ position: 5 });
  expect(await broken()).toEqual([]);
});

describe('tampering shows', () => {
  const tamper = (statement: ReturnType<typeof sql>) => asOwner(database.db, (tx) => statement.execute(tx));

  test.each([
    ['payload', sql`update trail set payload = replace(payload, 'two', 'six')`],
    ['actor', sql`update trail set actor = 'somebody'`],
    ['kind', sql`update trail set entry = 'call'`],
    ['time', sql`update trail set at = at + interval '1 microsecond'`],
  ])('a changed %s', async (_what, change) => {
    await tamper(sql`${change} where subject = ${subject} and position = 2`);
    expect(await broken()).toEqual([{ subject, position: 2 }]);
  });

  test.each([1, 2, 4])('entry %i deleted', async (position) => {
    await tamper(sql`delete from trail where subject = ${subject} and position = ${position}`);
    expect(await broken()).toEqual([{ subject, position }]);
  });

  test('two entries swapped', async () => {
    await tamper(
      sql`update trail set position = -position where subject = ${subject} and position in (2, 3)`,
    );
    await tamper(sql`update trail set position = 5 + position where subject = ${subject} and position < 0`);
    expect(await broken()).toEqual([{ subject, position: 2 }]);
  });

  test('an entry slipped in at the end, by the side of the function', async () => {
    await tamper(sql`insert into trail select subject, 5, connection_id, at, actor, entry, payload, hash, format, id, key_id, mac
      from trail where subject = ${subject} and position = 4`);
    expect(await broken()).toEqual([{ subject, position: 5 }]);
  });

  test('the whole chain deleted while its head stays', async () => {
    await tamper(sql`delete from trail where subject = ${subject}`);
    expect(await broken()).toEqual([{ subject, position: 1 }]);
  });

  test('and other chains stay whole', async () => {
    await tamper(sql`update trail set actor = 'x' where subject = ${subject} and position = 2`);
    const tampered = subject;
    subject = `document:${subjects}/other`;
    await append('one');
    expect(await broken()).toEqual([]);
    expect(await listBrokenTrails(database.db, `document:${subjects}/`)).toEqual([
      { subject: tampered, position: 2, why: 'was altered' },
    ]);
  });
});

test('tries in vain are counted since the last end state, decision or failure of another kind', async () => {
  const count = () => countDeferralsInVain(database.db, subject, new Set(['fault', 'conflict']), 5);
  const defer = (kind: string) => append(kind, 'deferral', { kind });
  expect(await count()).toBe(0);
  await defer('fault');
  await defer('transient');
  await defer('fault');
  await defer('conflict');
  await append('a call in between', 'call');
  expect(await count()).toBe(2);
  for (let turn = 0; turn < 6; turn += 1) await defer('fault');
  expect(await count()).toBe(5);
  await append('parked', 'state');
  expect(await count()).toBe(0);
});
