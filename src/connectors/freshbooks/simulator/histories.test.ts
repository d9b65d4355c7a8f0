/** Histories: the same for the same seed, done again with the same books, books that add up, and no row left out. */
import { afterEach, expect, test } from 'vitest';
import type { Clock } from '../../../platform/clock.ts';
import { type Books, outstandingOf } from './books.ts';
import { type History, type HistoryRequest, playHistory, replayActs } from './histories.ts';
import { toLedger } from './ledger-view.ts';
import type { Simulator } from './simulator.ts';
import { at, type Connected, connect } from './test-kit.ts';

/** Stands still, so that timestamps can be compared, too. */
const clock: Clock = { now: () => Date.UTC(2026, 5, 29, 16), sleep: async () => {} };
const request = (seed: number, acts = 300): HistoryRequest => ({
  seed,
  acts,
  clients: 6,
  currencies: ['USD', 'CAD', 'JPY'],
  startOn: '2026-04-30',
});
const open: Connected[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((sim) => sim.close()));
});

async function fresh(options: { clock?: Clock } = { clock }): Promise<Simulator> {
  const sim = await connect(options);
  open.push(sim);
  return sim.simulator;
}

const contents = ({ clients, invoices, payments, creditNotes }: Books) =>
  structuredClone([clients.rows, invoices.rows, payments.rows, creditNotes.rows]);

const ROWS =
  'K1 K4 K5 K7 K9 K12 D1 D2 D3 D4 D5 D11 M9 E1 E2 E3 E4 E5 E6 E7 E8 E10 X1 X2 X3 X4 X5 X6 P1 P2 P4 P5 P6 P7 P8 P9 P10 P11 P12 P13 P14 P18 C1 C4 C5'.split(
    ' ',
  );
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

test('the same seed gives the same acts and books, another seed other ones', async () => {
  const [first, again, other] = [await fresh(), await fresh(), await fresh()];
  const history = playHistory(first.books, request(5));
  expect(playHistory(again.books, request(5))).toEqual(history);
  expect(contents(again.books)).toEqual(contents(first.books));
  expect(playHistory(other.books, request(6)).acts).not.toEqual(history.acts);
});

test.each(SEEDS)('acts of seed %i done again in order give the same books, ids included', async (seed) => {
  const [first, again] = [await fresh(), await fresh()];
  const { acts } = playHistory(first.books, request(seed));
  replayActs(again.books, structuredClone(acts));
  expect(contents(again.books)).toEqual(contents(first.books));
});

test('every row is made at least once, and every act is either made or refused', async () => {
  const rows: History['rows'] = {};
  for (const seed of SEEDS) {
    const sim = await fresh();
    sim.books.allowBelowPaid = 'negative';
    const history = playHistory(sim.books, request(seed));
    expect(history.made + history.refused).toBe(306);
    expect(history.acts).toHaveLength(history.made);
    expect(history.refused, `seed ${seed}`).toBeLessThan(30);
    for (const [row, { made }] of Object.entries(history.rows)) {
      rows[row] = { made: (rows[row]?.made ?? 0) + made, refused: 0 };
    }
  }
  expect(ROWS.filter((row) => (rows[row]?.made ?? 0) === 0)).toEqual([]);
});

test.each(SEEDS)('after the history of seed %i the books add up', async (seed) => {
  const { books } = await fresh();
  const { rows } = playHistory(books, request(seed));
  expect(rows['E5']?.made ?? 0).toBe(0);
  const live = books.payments.rows.filter(({ visState }) => visState !== 1);
  const sum = (payments: typeof live) =>
    payments.reduce((total, { amount }) => total + amount.amountMinor, 0n);
  for (const invoice of books.invoices.rows) {
    const own = live.filter(({ invoiceId }) => invoiceId === invoice.id);
    expect(sum(own), invoice.number).toBe(invoice.paid.amountMinor);
    expect(outstandingOf(invoice).amountMinor >= 0n || invoice.paid.amountMinor === 0n).toBe(true);
    expect(own.every(({ clientId }) => clientId === invoice.clientId)).toBe(true);
    expect(own.every(({ amount }) => amount.currency === invoice.currency)).toBe(true);
  }
  for (const note of books.creditNotes.rows) {
    expect(sum(live.filter(({ creditId }) => creditId === note.id)), note.number).toBe(note.paid.amountMinor);
    expect(note.paid.amountMinor <= note.amount.amountMinor).toBe(true);
  }
  const numbers = books.invoices.rows.map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
});

test('lowered below what is paid is refused and counted unless the books allow it', async () => {
  const counts = async (allowBelowPaid: Books['allowBelowPaid']) => {
    const { books } = await fresh();
    books.allowBelowPaid = allowBelowPaid;
    return playHistory(books, request(3, 600)).rows['E5'];
  };
  expect(await counts('no')).toMatchObject({
    made: 0,
    refused: expect.toSatisfy((count: number) => count > 0),
  });
  expect((await counts('negative'))?.made).toBeGreaterThan(0);
});

test('over the control API a history happens at once, or at a pace until it is stopped', async () => {
  await fresh({});
  const [sim] = open;
  if (sim === undefined) throw new Error('no simulator');
  const started = await sim.control('POST', '/histories', { seed: 4, acts: 50, clients: 3 });
  expect([started.status, at(started.body, 'done')]).toEqual([200, true]);
  const { acts } = (await sim.control('GET', '/histories/acts')).body as { acts: unknown[] };
  expect(acts).toHaveLength(Number(at(started.body, 'made')));
  expect(toLedger(sim.simulator).customers.length).toBeGreaterThanOrEqual(3);
  const paced = { seed: 5, acts: 5000, clients: 3, pace: 500 };
  expect((await sim.control('POST', '/histories', paced)).status).toBe(202);
  expect((await sim.control('POST', '/histories', paced)).status).toBe(409);
  await sim.control('DELETE', '/histories');
  await expect
    .poll(async () => at((await sim.control('GET', '/histories')).body, 'done'), { timeout: 5000 })
    .toBe(true);
  const { body } = await sim.control('GET', '/histories');
  expect(at(body, 'error')).toBeUndefined();
  expect(Number(at(body, 'made'))).toBeLessThan(5003);
});
