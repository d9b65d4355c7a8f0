/**
 * Order does not matter: the same histories of users' acts, once with every event in order and looked at at once, once
 * shuffled, duplicated, three in ten dropped and then polled. Both must end in the same ledger of the destination, and
 * ask a person about the same documents.
 */

import type { Act } from '../../src/connectors/freshbooks/simulator/act.ts';
import { createBooks } from '../../src/connectors/freshbooks/simulator/books.ts';
import { playHistory, replayActs } from '../../src/connectors/freshbooks/simulator/histories.ts';
import { Refusal } from '../../src/connectors/freshbooks/simulator/refusal.ts';
import type { DocumentKind } from '../../src/core/canonical.ts';
import type { Ledger } from '../../src/core/ledger.ts';
import { acceptEvents } from '../../src/engine/intake.ts';
import { type Random, seededRandom, systemClock } from '../../src/platform/clock.ts';
import { createLifecycleWorld, type LifecycleWorld } from '../kit/lifecycle.ts';

export type HistoryFigures = {
  histories: number;
  acts: number;
  events: number;
  dropped: number;
  duplicated: number;
  /** Documents of the source compared. */
  compared: number;
  /** Records that ask a person in the end, shuffled. */
  parked: number;
  different: number;
  findings: string[];
};

export type HistoryOptions = { count: number; seed: number; onProgress?: (histories: number) => void };

const IN_ONE_WORLD = 25;
const ACTS = 9;
const DROPPED = 0.3;
const TWICE = 0.25;
const LOOKED_AT_BETWEEN = 0.3;

export async function proveHistories({ count, seed, onProgress }: HistoryOptions): Promise<HistoryFigures> {
  const figures: HistoryFigures = {
    histories: 0,
    acts: 0,
    events: 0,
    dropped: 0,
    duplicated: 0,
    compared: 0,
    parked: 0,
    different: 0,
    findings: [],
  };
  while (figures.histories < count) {
    const first = seed + figures.histories;
    const seeds = Array.from(
      { length: Math.min(IN_ONE_WORLD, count - figures.histories) },
      (_, n) => first + n,
    );
    const inOrder = await live(seeds, figures, 'in order');
    const shuffled = await live(seeds, figures, 'shuffled');
    compare(seeds, inOrder, shuffled, figures);
    figures.histories += seeds.length;
    onProgress?.(figures.histories);
  }
  return figures;
}

/** `states` of each history's documents, by name. */
type Lived = { ledger: Ledger; states: Map<string, string>[] };

async function live(
  seeds: readonly number[],
  figures: HistoryFigures,
  how: 'in order' | 'shuffled',
): Promise<Lived> {
  const world = await createLifecycleWorld({ webhooks: false, seed: 1 });
  try {
    const { books } = world.simulators.books.simulator;
    const postbox: { kind: DocumentKind; sourceId: string }[] = [];
    books.onChange(({ name, objectId }) => {
      const kind = KINDS.get(name.split('.')[0] ?? '');
      if (kind) postbox.push({ kind, sourceId: String(objectId) });
    });
    const documents: string[][] = [];
    for (const seed of seeds) {
      const before = sizes(books);
      const random = seededRandom(seed);
      for (const act of actsOf(seed, before)) {
        if (!done(() => replayActs(books, [act]))) break;
        if (how === 'in order') {
          figures.acts += 1;
          figures.events += postbox.length;
          await deliver(world, postbox.splice(0));
        } else if (random.next() < LOOKED_AT_BETWEEN) {
          await deliver(world, mixedUp(postbox.splice(0), random, figures));
        }
      }
      if (how === 'shuffled') await deliver(world, mixedUp(postbox.splice(0), random, figures));
      documents.push(namesOf(world, books, before));
    }
    if (how === 'shuffled') await world.poll();
    const ledger = await world.ledger();
    const states: Lived['states'] = [];
    for (const names of documents) {
      const told = new Map<string, string>();
      for (const name of names) told.set(name, await stateOf(world, name));
      states.push(told);
    }
    return { ledger, states };
  } finally {
    await world.close();
  }
}

const KINDS: ReadonlyMap<string, DocumentKind> = new Map([
  ['client', 'client'],
  ['invoice', 'invoice'],
  ['payment', 'payment'],
  ['credit_note', 'credit'],
]);

type Books = ReturnType<typeof createBooks>;
type Sizes = Record<'clients' | 'invoices' | 'payments' | 'creditNotes', number>;
/** The first id of each table; ids follow one another. */
const FIRST: Sizes = { clients: 567_501, invoices: 1_453_001, payments: 312_001, creditNotes: 88_001 };
const RANGE = 80_000;

function sizes(books: Books): Sizes {
  return {
    clients: books.clients.rows.length,
    invoices: books.invoices.rows.length,
    payments: books.payments.rows.length,
    creditNotes: books.creditNotes.rows.length,
  };
}

/** Drawn on empty books, then moved behind what is there: histories have no document in common. */
function actsOf(seed: number, before: Sizes): Act[] {
  const empty = createBooks({ clock: systemClock, random: seededRandom(seed) });
  const { acts } = playHistory(empty, {
    seed,
    clients: 1 + (seed % 2),
    acts: ACTS,
    currencies: seed % 3 === 0 ? ['USD', 'EUR'] : ['CAD'],
    startOn: '2026-03-02',
  });
  const text = JSON.stringify(acts, (name, value: unknown) =>
    typeof value === 'number' && /id$|ids$|^\d+$/i.test(name) ? moved(value, before) : value,
  );
  return JSON.parse(text) as Act[];
}

function moved(id: number, before: Sizes): number {
  for (const table of ['invoices', 'clients', 'payments', 'creditNotes'] as const)
    if (id >= FIRST[table] && id < FIRST[table] + RANGE) return id + before[table];
  return id;
}

function done(act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

function mixedUp<T>(events: readonly T[], random: Random, figures: HistoryFigures): T[] {
  const mixed: { at: number; event: T }[] = [];
  for (const event of events) {
    if (random.next() < DROPPED) {
      figures.dropped += 1;
      continue;
    }
    mixed.push({ at: random.next(), event });
    if (random.next() < TWICE) {
      mixed.push({ at: random.next(), event });
      figures.duplicated += 1;
    }
  }
  return mixed.toSorted((a, b) => a.at - b.at).map(({ event }) => event);
}

async function deliver(
  world: LifecycleWorld,
  events: readonly { kind: DocumentKind; sourceId: string }[],
): Promise<void> {
  const { parts, connectionId } = world;
  for (const event of events) {
    const full = { connectionId, ...event, origin: 'webhook' as const, topic: `${event.kind}.changed` };
    await parts.db.transaction().execute((tx) => acceptEvents(parts, tx, [full]));
  }
  await world.settle();
}

function namesOf(world: LifecycleWorld, books: Books, before: Sizes): string[] {
  const name =
    (kind: DocumentKind) =>
    ({ id }: { id: number }) =>
      world.keyOf(kind, id);
  return [
    ...books.clients.rows.slice(before.clients).map(name('client')),
    ...books.invoices.rows.slice(before.invoices).map(name('invoice')),
    ...books.payments.rows.slice(before.payments).map(name('payment')),
    ...books.creditNotes.rows.slice(before.creditNotes).map(name('credit')),
  ];
}

async function stateOf(world: LifecycleWorld, name: string): Promise<string> {
  const [, , kind, sourceId] = name.split('-') as [string, string, DocumentKind, string];
  return world.stateOf(kind, sourceId).catch(() => 'unknown');
}

/**
 * What stands in the destination for these documents now. What was reversed, cancelled or deleted stands for nothing,
 * and neither does an account that carries nothing: who never saw the document it was once needed for never made it.
 */
function linesOf(ledger: Ledger, names: readonly string[]): string[] {
  const wanted = new Set(names);
  const invoices = ledger.invoices.filter(
    ({ reference, state }) => wanted.has(reference) && LIVING.has(state),
  );
  const payments = ledger.payments.filter(
    ({ reference, state }) => wanted.has(reference) && state === 'live',
  );
  // A reversal is a memo with the invoice's mark; it stands for nothing more than the invoice that it took away.
  const credits = (ledger.credits ?? []).filter(
    ({ reference, state }) => wanted.has(reference) && state === 'live' && reference.includes('-credit-'),
  );
  const carrying = new Set([...invoices, ...payments, ...credits].map(({ customer }) => customer));
  const referenceOf = new Map(ledger.invoices.map(({ number, reference }) => [number, reference]));
  const applied = (from: 'payment' | 'credit', number: string) =>
    (ledger.applications ?? [])
      .filter((one) => one.from === from && one.fromNumber === number)
      .map(({ toNumber, amount }) => `${amount} on ${referenceOf.get(toNumber) ?? toNumber}`)
      .toSorted()
      .join(', ');
  return [
    ...ledger.customers
      .filter(({ number }) => wanted.has(number.slice(0, number.lastIndexOf('-'))) && carrying.has(number))
      .map(({ number, name, email }) => `${number} ${name} ${email}`),
    ...invoices.map(
      ({ reference, state, total, outstanding, currency, issuedOn, dueOn }) =>
        `${reference} ${state} ${total} ${currency} owes ${outstanding}, ${issuedOn}, due ${dueOn}`,
    ),
    ...payments.map(
      ({ reference, amount, refunded = '0', unapplied = '0', number, paidOn }) =>
        `${reference} received ${less(amount, refunded)}, free ${Number(unapplied)}, ${paidOn}: ${applied('payment', number)}`,
    ),
    ...credits.map(
      ({ reference, amount, unapplied = '0', number }) =>
        `${reference} credit ${amount}, free ${Number(unapplied)}: ${applied('credit', number)}`,
    ),
  ].toSorted();
}

const LIVING: ReadonlySet<string> = new Set(['draft', 'posted']);

/** Both have the currency's own decimals: whole minor units, subtracted. */
function less(amount: string, taken: string): string {
  const decimals = amount.split('.')[1]?.length ?? 0;
  const minor = (text: string) =>
    BigInt(text.includes('.') ? text.replace('.', '') : text + '0'.repeat(decimals));
  return `${minor(amount) - minor(taken)}`;
}

function compare(seeds: readonly number[], inOrder: Lived, shuffled: Lived, figures: HistoryFigures): void {
  for (const [index, seed] of seeds.entries()) {
    const states = [...(inOrder.states[index] ?? [])].map(([name, before]) => {
      const after = shuffled.states[index]?.get(name) ?? 'unknown';
      return { name, before, after, asked: [before, after].filter((state) => state.startsWith('parked')) };
    });
    // What a person is asked about in both is visible, and nothing is claimed of its copy.
    const claimed = states.filter(({ asked }) => asked.length < 2).map(({ name }) => name);
    const expected = linesOf(inOrder.ledger, claimed);
    const actual = linesOf(shuffled.ledger, claimed);
    figures.parked += states.filter(({ after }) => after.startsWith('parked')).length;
    figures.compared += expected.length;
    if (expected.join('\n') === actual.join('\n') && states.every(({ asked }) => asked.length !== 1))
      continue;
    figures.different += 1;
    const only = (a: readonly string[], b: readonly string[]) =>
      a
        .filter((line) => a.filter((x) => x === line).length !== b.filter((x) => x === line).length)
        .join('\n  ');
    figures.findings.push(
      `seed ${seed}\n in order:\n  ${only(expected, actual)}\n shuffled:\n  ${only(actual, expected)}\n` +
        ` states:\n${states.map(({ name, before, after }) => `${name}: ${before}, ${after}`).join('\n')}`,
    );
  }
}
