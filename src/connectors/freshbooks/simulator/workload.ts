/** Believable company activity at a pace: a planned number of invoices and payments, or an endless trickle. */
import { formatMoney } from '../../../core/money.ts';
import { type Clock, type Random, seededRandom } from '../../../platform/clock.ts';
import { type Books, outstandingOf } from './books.ts';
import { addClient } from './client-acts.ts';
import { addDays } from './eastern.ts';
import { addInvoice, sendInvoice } from './invoice-acts.ts';
import type { Client, Invoice } from './model.ts';
import { keepPace } from './pace.ts';
import { addPayment } from './payment-acts.ts';
import type { Place } from './workload-data.ts';
import { drawClient, drawInteger, drawInvoice, drawPayment, pick } from './workload-draw.ts';

/** "As fast as sensible": quick, and webhooks of invoices and payments still interleave. */
const FULL_SPEED_PER_SECOND = 400;
const HISTORY_DAYS = 75;
const DRAFT_SHARE = 0.06;
const SENT_LATER_SHARE = 0.2;
const OTHER_CURRENCY_SHARE = 0.05;
const SETTLED_SHARE = 0.8;

export type WorkloadRequest = {
  seed: number;
  invoices: number;
  payments: number;
  currencies: readonly string[];
  ratePerSecond?: number | undefined;
  endless?: boolean | undefined;
};

export type WorkloadState = {
  id: string;
  done: boolean;
  endless: boolean;
  invoicesMade: number;
  paymentsMade: number;
  invoicesPlanned: number;
  paymentsPlanned: number;
  /** Why it stopped early, if it did. */
  error?: string;
};

type Op = { at: number; run: () => void };
type Payer = { client: Client; place: Place };
type PlannedPayment = { paymentsToCome: number; settles: boolean };
type Run = {
  books: Books;
  random: Random;
  state: WorkloadState;
  payers: Payer[];
  request: WorkloadRequest;
  made: Invoice[];
};

export type Workloads = ReturnType<typeof createWorkloads>;

export function createWorkloads(options: { clock: Clock; books: Books }) {
  const { clock, books } = options;
  let current: WorkloadState | undefined;
  let stopping = new AbortController();
  let count = 0;

  return {
    current: () => current,
    /** Undefined while another one runs. */
    start(request: WorkloadRequest): WorkloadState | undefined {
      if (current !== undefined && !current.done) return undefined;
      count += 1;
      const isEndless = request.endless === true;
      const state: WorkloadState = {
        id: `workload-${count}`,
        done: false,
        endless: isEndless,
        invoicesMade: 0,
        paymentsMade: 0,
        invoicesPlanned: isEndless ? 0 : request.invoices,
        paymentsPlanned: isEndless ? 0 : request.payments,
      };
      current = state;
      stopping = new AbortController();
      const run: Run = { books, random: seededRandom(request.seed), state, payers: [], request, made: [] };
      addPayers(run);
      const ops = isEndless ? endlessOps(run) : plannedOps(run);
      void keepPace(ops, {
        clock,
        perSecond: request.ratePerSecond ?? FULL_SPEED_PER_SECOND,
        signal: stopping.signal,
      })
        .catch((error: unknown) => {
          state.error = error instanceof Error ? error.message : String(error);
        })
        .finally(() => {
          state.done = true;
        });
      return state;
    },
    stop: () => stopping.abort(),
  };
}

function addPayers(run: Run): void {
  const { random, request } = run;
  const wanted = request.endless === true ? 12 : Math.min(60, Math.max(4, Math.ceil(request.invoices / 6)));
  for (let serial = 0; serial < wanted; serial += 1) {
    const currency = request.currencies[serial % request.currencies.length] ?? 'USD';
    const { input, place } = drawClient(random, currency, run.books.clients.rows.length + 1);
    run.payers.push({ client: addClient(run.books, input), place });
  }
}

function plannedOps(run: Run): (() => void)[] {
  const { random, request, books } = run;
  const drafts = new Set<number>();
  for (let index = 1; index < request.invoices; index += 1)
    if (random.next() < DRAFT_SHARE) drafts.add(index);
  const sent = Array.from({ length: request.invoices }, (_, index) => index).filter(
    (index) => !drafts.has(index),
  );
  const today = books.today();
  const spread = Math.max(4, request.invoices / 10);
  const invoices: (Invoice | undefined)[] = [];
  const ops: Op[] = [];

  for (let index = 0; index < request.invoices; index += 1) {
    const age = Math.round(HISTORY_DAYS * (1 - (index + 1) / request.invoices));
    const isDraft = drafts.has(index);
    const isSentLater = !isDraft && random.next() < SENT_LATER_SHARE;
    ops.push({
      at: index,
      run: () => {
        invoices[index] = makeInvoice(run, addDays(today, -age), !isDraft && !isSentLater);
      },
    });
    const send = () => {
      const invoice = invoices[index];
      if (invoice !== undefined) sendInvoice(books, invoice.id);
    };
    if (isSentLater) ops.push({ at: index + 0.4, run: send });
  }
  for (const [target, planned] of planPayments(random, sent, request.payments)) {
    const at = target + 0.5 + random.next() * spread;
    planned.forEach((payment, turn) => {
      ops.push({ at: at + turn * spread * 0.3, run: () => makePayment(run, invoices[target], payment) });
    });
  }
  return ops.sort((a, b) => a.at - b.at).map(({ run: act }) => act);
}

/** Spreads the payments over sent invoices; -1 stands for whatever the books hold when nothing new is made. */
function planPayments(
  random: Random,
  sent: readonly number[],
  payments: number,
): Map<number, PlannedPayment[]> {
  const targets = sent.length > 0 ? sent : [-1];
  const most = Math.max(3, Math.ceil(payments / targets.length) + 1);
  const perTarget = new Map<number, number>();
  for (let made = 0; made < payments; made += 1) {
    let position = Math.floor(random.next() * targets.length);
    while ((perTarget.get(targets[position] ?? -1) ?? 0) >= most) position = (position + 1) % targets.length;
    const target = targets[position] ?? -1;
    perTarget.set(target, (perTarget.get(target) ?? 0) + 1);
  }
  return new Map(
    [...perTarget].map(([target, count]) => {
      const settles = random.next() < SETTLED_SHARE;
      const planned = Array.from({ length: count }, (_, turn) => ({
        paymentsToCome: count - 1 - turn,
        settles,
      }));
      return [target, planned] as const;
    }),
  );
}

function* endlessOps(run: Run): Generator<() => void> {
  for (;;) {
    yield () => {
      const open = run.made.filter(
        (invoice) => outstandingOf(invoice).amountMinor > 0n && invoice.visState === 0,
      );
      const isPayment = open.length > 0 && run.random.next() < 0.45;
      if (!isPayment) makeInvoice(run, run.books.today(), true);
      else
        makePayment(run, pick(run.random, open), {
          paymentsToCome: 0,
          settles: run.random.next() < SETTLED_SHARE,
        });
      run.made = open
        .slice(-200)
        .concat(run.made.slice(-1))
        .filter((invoice, at, all) => all.indexOf(invoice) === at);
    };
  }
}

function makeInvoice(run: Run, createDate: string, send: boolean): Invoice {
  const { random, books, request } = run;
  const { client, place } = pick(random, run.payers);
  const other = pick(random, request.currencies);
  const currency = random.next() < OTHER_CURRENCY_SHARE ? other : client.currency;
  const invoice = addInvoice(books, {
    ...drawInvoice(random, { clientId: client.id, place, currency, createDate }),
    send,
  });
  run.made.push(invoice);
  run.state.invoicesMade += 1;
  return invoice;
}

function makePayment(run: Run, target: Invoice | undefined, planned: PlannedPayment): void {
  const { books, random } = run;
  const invoice = target !== undefined && isPayable(target) ? target : findPayable(books, random);
  if (invoice === undefined) throw new Error('No sent invoice has anything outstanding to pay.');
  const outstanding = outstandingOf(invoice);
  const drawn = drawPayment(random, {
    ...planned,
    outstanding,
    createDate: invoice.createDate,
    today: books.today(),
  });
  addPayment(books, {
    invoiceId: invoice.id,
    amount: formatMoney({ amountMinor: drawn.amountMinor, currency: invoice.currency }),
    date: drawn.date,
    type: drawn.type,
    note: drawn.note,
  });
  run.state.paymentsMade += 1;
}

function isPayable(invoice: Invoice): boolean {
  return invoice.stage !== 'draft' && invoice.visState === 0 && outstandingOf(invoice).amountMinor > 0n;
}

function findPayable(books: Books, random: Random): Invoice | undefined {
  const { rows } = books.invoices;
  const from = drawInteger(random, 0, Math.max(0, rows.length - 1));
  return rows.slice(from).find(isPayable) ?? rows.find(isPayable);
}
