/** Random but plausible acts of users over the rows of the money lifecycle: drawn from a seed, done, and kept to be done again. */
import { type Clock, seededRandom } from '../../../platform/clock.ts';
import { type Act, perform } from './act.ts';
import type { Books } from './books.ts';
import { addDays } from './eastern.ts';
import type { Desk, Habit } from './history-desk.ts';
import { INVOICE_HABITS } from './history-invoices.ts';
import { PAYMENT_HABITS } from './history-payments.ts';
import { CLIENT_AND_CREDIT_HABITS, newClient } from './history-people.ts';
import { keepPace } from './pace.ts';
import { Refusal } from './refusal.ts';

const HABITS: readonly Habit[] = [...CLIENT_AND_CREDIT_HABITS, ...INVOICE_HABITS, ...PAYMENT_HABITS];
const TOTAL_WEIGHT = HABITS.reduce((sum, { weight }) => sum + weight, 0);
/** Over how many days the acts are spread. */
export const HISTORY_DAYS = 60;

export type HistoryRequest = {
  seed: number;
  /** Clients are made first, beyond the acts. */
  clients: number;
  acts: number;
  currencies: readonly string[];
  /** The day of the first act; the others follow within two months. With the seed it fixes the acts. */
  startOn: string;
};

export type RowCount = { made: number; refused: number };

export type History = {
  request: HistoryRequest;
  done: boolean;
  made: number;
  refused: number;
  /** By row of the money lifecycle. */
  rows: Record<string, RowCount>;
  /** Those that were made, in order: done again on empty books they give the same books, ids included. */
  acts: Act[];
  /** Why it stopped early, if it did. */
  error?: string;
};

function startHistory(request: HistoryRequest): History {
  return { request, done: false, made: 0, refused: 0, rows: {}, acts: [] };
}

/** At once. On books where nobody else acts, the request alone decides what happens. */
export function playHistory(books: Books, request: HistoryRequest): History {
  const history = startHistory(request);
  for (const act of draws(books, history)) act();
  history.done = true;
  return history;
}

/** A few acts at a time, as the caller asks for them. */
export function stepwise(books: Books, request: HistoryRequest) {
  const history = startHistory(request);
  const drawing = draws(books, history);
  let left = request.clients + request.acts;
  return {
    /** How many are left. */
    next(count: number): number {
      for (let done = 0; done < count && left > 0; done += 1) {
        drawing.next().value?.();
        left -= 1;
      }
      return left;
    },
    acts: (): readonly Act[] => history.acts,
    rows: () => Object.fromEntries(Object.entries(history.rows).map(([row, { made }]) => [row, made])),
  };
}

export function replayActs(books: Books, acts: readonly Act[]): void {
  for (const act of acts) perform(books, act);
}

/** Each is drawn when its turn comes, from what the books hold then. */
function* draws(books: Books, history: History): Generator<() => void> {
  const { seed, clients, acts, startOn, currencies } = history.request;
  const random = seededRandom(seed);
  const at = (day: string): Desk => ({ books, random, day, currencies });
  for (let count = 0; count < clients; count += 1) {
    yield () => attempt(books, history, 'K1', newClient(at(startOn)));
  }
  for (let count = 0; count < acts; count += 1) {
    const day = addDays(startOn, Math.floor((count * HISTORY_DAYS) / acts));
    yield () => {
      const { row, act } = drawAct(at(day));
      attempt(books, history, row, act);
    };
  }
}

function drawAct(desk: Desk): { row: string; act: Act } {
  for (let tries = 0; tries < HABITS.length; tries += 1) {
    const { row, draw } = drawHabit(desk);
    const act = draw(desk);
    if (act !== undefined) return { row, act };
  }
  return { row: 'K1', act: newClient(desk) };
}

function drawHabit({ random }: Desk): Habit {
  let left = random.next() * TOTAL_WEIGHT;
  const habit = HABITS.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  if (habit === undefined) throw new Error('The weights do not add up.');
  return habit;
}

function attempt(books: Books, history: History, row: string, act: Act): void {
  const count = (history.rows[row] ??= { made: 0, refused: 0 });
  try {
    perform(books, act);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    history.refused += 1;
    count.refused += 1;
    return;
  }
  history.made += 1;
  count.made += 1;
  history.acts.push(act);
}

export type Histories = ReturnType<typeof createHistories>;

/** Those asked for over the control API: one at a time. */
export function createHistories({ clock, books }: { clock: Clock; books: Books }) {
  let current: History | undefined;
  let stopping = new AbortController();

  return {
    current: () => current,
    /** Undefined while another one runs. Without a pace it is over when this returns. */
    start(request: HistoryRequest, perSecond?: number): History | undefined {
      if (current !== undefined && !current.done) return undefined;
      if (perSecond === undefined) {
        current = playHistory(books, request);
        return current;
      }
      const history = startHistory(request);
      current = history;
      stopping = new AbortController();
      void keepPace(draws(books, history), { clock, perSecond, signal: stopping.signal })
        .catch((error: unknown) => {
          history.error = error instanceof Error ? error.message : String(error);
        })
        .finally(() => {
          history.done = true;
        });
      return history;
    },
    stop: () => stopping.abort(),
  };
}
