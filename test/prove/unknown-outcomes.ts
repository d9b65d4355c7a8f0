/** Unknown outcomes of invoice and payment creation, tried again at any time: nothing doubled, nothing lost (P16, I2). */

import { createInvoice, createPayment, invoiceOf } from '../../src/connectors/zuora/test-documents.ts';
import { OperatingError } from '../../src/core/errors.ts';
import type { Counterpart, Step } from '../../src/core/steps.ts';
import { deliver, resumeDelivery } from '../../src/engine/deliver.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { Db } from '../../src/store/db.ts';
import type { SyncDocument } from '../../src/store/documents.ts';
import { DELAYS_MS, type Delay, FAULTS, type Fault, orderOf } from './faults.ts';
import { Crash, openStall, type Stall } from './stall.ts';

const STALLS = 4;
const ROUND = 40;
const MOST_TRIES = 100;
const BREAKER_REST_MS = 5_100;
const LONGEST_WAIT_MS = 60_000;
/** A retry meets trouble of its own this often. */
const SECOND_FAULT_CHANCE = 0.25;
const FAILED_READ_CHANCE = 0.1;

type Case = {
  kind: 'invoice' | 'payment';
  fault: Fault;
  delay: Delay;
  restored: boolean;
  externalKey: string;
  step: Step;
  document: SyncDocument;
};
type Finding = { kind: string; fault: string; delay: string; restored: boolean; key: string; why: string };

export type Figures = {
  seed: number;
  outcomes: number;
  invoices: number;
  payments: number;
  byFault: Record<string, number>;
  byRetry: Record<string, number>;
  tries: number;
  doubled: number;
  lost: number;
  wrong: number;
  unsettled: number;
  findings: Finding[];
};

export async function proveUnknownOutcomes(
  db: Db,
  { count, seed, onProgress }: { count: number; seed: number; onProgress?: (done: number) => void },
): Promise<Figures> {
  const figures: Figures = {
    seed,
    outcomes: 0,
    invoices: 0,
    payments: 0,
    byFault: {},
    byRetry: {},
    tries: 0,
    doubled: 0,
    lost: 0,
    wrong: 0,
    unsettled: 0,
    findings: [],
  };
  let next = 0;
  const worked = Array.from({ length: STALLS }, async (_, index) => {
    const stall = await openStall(db, `stall-${seed}-${index}`, seed * 100 + index);
    try {
      while (next < count) {
        const from = next;
        next += ROUND;
        await playRound(stall, from, Math.min(count, from + ROUND), figures);
        onProgress?.(figures.outcomes);
      }
    } finally {
      await stall.close();
    }
  });
  await Promise.all(worked);
  return figures;
}

/** Every combination comes up equally often: the number of the case is read as digits of mixed base. */
async function toCase(
  stall: Stall,
  index: number,
  account: Counterpart,
  invoice: Counterpart,
): Promise<Case> {
  const kind = index % 2 === 0 ? 'invoice' : 'payment';
  const fault = FAULTS[Math.floor(index / 2) % FAULTS.length] ?? 'answer lost';
  const restored = Math.floor(index / 2 / FAULTS.length) % 2 === 1;
  const delays = Object.keys(DELAYS_MS) as Delay[];
  const delay = delays[Math.floor(index / 4 / FAULTS.length) % delays.length] ?? 'at once';
  const externalKey = `EX-PROVE-${kind}-${index}`;
  const amount = `${1 + (index % 9)}.${String(10 + (index % 90))}`;
  const step =
    kind === 'invoice'
      ? createInvoice(invoiceOf('USD', [{ unitPrice: amount }]), {
          account,
          number: `N-${index}`,
          externalKey,
        })
      : createPayment(amount, 'cash', { account, invoice, externalKey });
  return {
    kind,
    fault,
    delay,
    restored,
    externalKey,
    step,
    document: await stall.addDocument(kind, String(index)),
  };
}

async function playRound(stall: Stall, from: number, to: number, figures: Figures): Promise<void> {
  const { account, invoice } = await prepare(stall, from);
  const waiting: Case[] = [];
  for (let index = from; index < to; index += 1) {
    const one = await toCase(stall, index, account, invoice);
    await firstAttempt(stall, one, figures);
    if (one.delay === 'at once') await finish(stall, one, figures);
    else waiting.push(one);
  }
  waiting.sort((a, b) => DELAYS_MS[a.delay] - DELAYS_MS[b.delay]);
  const startedAt = stall.clock.now();
  for (const one of waiting) {
    await stall.advance(Math.max(0, startedAt + DELAYS_MS[one.delay] - stall.clock.now()));
    await finish(stall, one, figures);
  }
  // What commits late has committed by now.
  await stall.advance(3_600_000);
  await stall.control('DELETE', 'faults', {});
  for (let index = from; index < to; index += 1) judge(stall, index, figures);
}

const cases = new Map<number, Case>();

async function prepare(stall: Stall, from: number) {
  const number = `EX-${from}`;
  const made = await stall.control('POST', 'accounts', {
    name: 'Ada L',
    currency: 'USD',
    accountNumber: number,
  });
  const amount = ROUND * 100;
  const invoice = await stall.control('POST', 'invoices', {
    accountNumber: number,
    invoiceDate: '2026-01-01',
    status: 'Posted',
    invoiceItems: [{ chargeName: 'All', amount, serviceStartDate: '2026-01-01' }],
  });
  return {
    account: { id: String(made['accountId']), number },
    invoice: { id: String(invoice['id']), number: String(invoice['invoiceNumber']) },
  };
}

async function firstAttempt(stall: Stall, one: Case, figures: Figures): Promise<void> {
  cases.set(Number(one.document.sourceId), one);
  figures.outcomes += 1;
  figures[one.kind === 'invoice' ? 'invoices' : 'payments'] += 1;
  figures.byFault[one.fault] = (figures.byFault[one.fault] ?? 0) + 1;
  const retry = one.restored ? `${one.delay}, restored` : one.delay;
  figures.byRetry[retry] = (figures.byRetry[retry] ?? 0) + 1;
  if (await attempt(stall, one, one.fault)) throw new Error(`the outcome of ${one.externalKey} was known`);
}

/** True once the step is delivered. Whatever the engine would put off or die of is false. */
async function attempt(stall: Stall, one: Case, fault: Fault | undefined): Promise<boolean> {
  const crash =
    fault === 'crash before the call' ? 'before' : fault === 'crash after the call' ? 'after' : undefined;
  const order = fault === undefined ? undefined : orderOf(fault, `POST ${one.kind}`, stall.random);
  if (order !== undefined) await stall.order(order);
  try {
    return await stall.work(crash, async (work) => {
      const nothing = async () => {};
      const delivered =
        (await resumeDelivery(work, one.document, nothing)) ??
        (await deliver(work, one.document, one.step, nothing));
      if (!delivered.ok) throw new Error(`parked: ${delivered.reason.code}: ${delivered.reason.message}`);
      return true;
    });
  } catch (error) {
    if (error instanceof Crash) return false;
    if (!(error instanceof OperatingError)) throw error;
    // The breaker rests in real time, which says nothing about the case at hand.
    if (error.message.includes('resting before')) await systemClock.sleep(BREAKER_REST_MS);
    if (error.kind === 'rejected' || error.kind === 'unauthorized') throw error;
    const waitMs = (error.until ?? 0) - stall.clock.now();
    await stall.advance(Math.max(waitMs, 1 + Math.floor(stall.random.next() * LONGEST_WAIT_MS)));
    return false;
  }
}

async function finish(stall: Stall, one: Case, figures: Figures): Promise<void> {
  await stall.control('DELETE', 'faults', {});
  if (one.restored) await stall.restoreFromBefore(one.document.id);
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    figures.tries += 1;
    if (stall.random.next() < FAILED_READ_CHANCE) {
      const match = one.kind === 'payment' ? 'QUERY payments' : 'GET invoice';
      await stall.order({ failNext: [{ match, times: 2, status: 503, body: 'html' }] });
    }
    const again = FAULTS[Math.floor(stall.random.next() * FAULTS.length)];
    const fault = stall.random.next() < SECOND_FAULT_CHANCE ? again : undefined;
    try {
      if (await attempt(stall, one, fault)) return;
    } catch (error) {
      found(figures, one, 'unsettled', error instanceof Error ? error.message : String(error));
      return;
    }
    await stall.control('DELETE', 'faults', {});
  }
  found(figures, one, 'unsettled', `not delivered after ${MOST_TRIES} tries`);
}

function judge({ books }: Stall, index: number, figures: Figures): void {
  const one = cases.get(index);
  if (one === undefined) throw new Error(`case ${index} was never played`);
  cases.delete(index);
  const living =
    one.kind === 'invoice'
      ? [...books.invoices.values()].filter(
          ({ comments, status, isDeleted }) =>
            comments === one.externalKey && status !== 'Canceled' && !isDeleted,
        )
      : [...books.payments.values()].filter(
          ({ referenceId, status, isDeleted }) =>
            referenceId === one.externalKey && status !== 'Canceled' && !isDeleted,
        );
  if (living.length > 1) found(figures, one, 'doubled', `${living.length} copies`);
  if (living.length === 0) found(figures, one, 'lost', 'no copy');
  const wanted = one.step.kind === 'create-payment' ? one.step.payment.amount : undefined;
  for (const copy of living) {
    const minor = 'totalMinor' in copy ? copy.totalMinor : copy.amountMinor;
    const expected = one.step.kind === 'create-invoice' ? one.step.invoice.total : wanted;
    if (minor !== expected?.amountMinor) found(figures, one, 'wrong', `${minor} minor units`);
  }
}

function found(
  figures: Figures,
  { kind, fault, delay, restored, externalKey }: Case,
  what: 'doubled' | 'lost' | 'wrong' | 'unsettled',
  why: string,
): void {
  figures[what] += 1;
  if (figures.findings.length < 30)
    figures.findings.push({ kind, fault, delay, restored, key: externalKey, why: `${what}: ${why}` });
}
