/** Webhook delivery: in order of creation, a few at a time, with a time-out, retries, drops and disabling. */
import { Agent, request } from 'undici';
import type { Clock, Random } from '../../../platform/clock.ts';
import type { Callback } from './callbacks.ts';
import { type FormPair, signForm } from './signature.ts';

/** FreshBooks' own spacing is not published; these let a receiver be down for minutes in a demo. */
const RETRY_DELAYS_MS: readonly number[] = [1, 2, 5, 10, 20, 30, 60, 60, 60, 60].map((s) => s * 1000);
const TIMEOUT_MS = 10_000;
const CONCURRENCY = 8;
const KEPT_DELIVERIES = 500;
const DISABLE_AFTER_DROPS_IN_ROW = 500;

export type Delivery = {
  id: number;
  callbackId: number;
  uri: string;
  name: string;
  objectId: string;
  status: 'waiting' | 'accepted' | 'retrying' | 'dropped';
  attempts: number;
  /** HTTP status of the latest attempt, or what went wrong. */
  outcome: string;
};

type Job = { delivery: Delivery; callback: Callback; body: string; signature: string | undefined };

export type Deliveries = ReturnType<typeof createDeliveries>;

export function createDeliveries(options: {
  clock: Clock;
  random: Random;
  isShuffled: () => boolean;
  isAlive: (callback: Callback) => boolean;
  onDisabled: (callback: Callback) => void;
}) {
  const { clock, random } = options;
  const agent = new Agent({ connections: CONCURRENCY, connect: { timeout: TIMEOUT_MS } });
  const closing = new AbortController();
  const recent: Delivery[] = [];
  const counts = { sent: 0, accepted: 0, refused: 0, retried: 0, dropped: 0, disabledCallbacks: 0 };
  let ready: Job[] = [];
  let head = 0;
  let inFlight = 0;
  let pending = 0;
  let lastId = 0;

  function enqueue(
    callback: Callback,
    pairs: readonly FormPair[],
    send: { signed: boolean; delayMs: number },
  ) {
    lastId += 1;
    const fields = new Map(pairs);
    const delivery: Delivery = {
      id: lastId,
      callbackId: callback.id,
      uri: callback.uri,
      name: fields.get('name') ?? '',
      objectId: fields.get('object_id') ?? '',
      status: 'waiting',
      attempts: 0,
      outcome: '',
    };
    recent.push(delivery);
    if (recent.length > KEPT_DELIVERIES * 2) recent.splice(0, KEPT_DELIVERIES);
    const body = new URLSearchParams(pairs.map(([key, value]): [string, string] => [key, value])).toString();
    const signature = send.signed ? signForm(pairs, callback.verifier) : undefined;
    pending += 1;
    queueAfter({ delivery, callback, body, signature }, send.delayMs);
    return delivery;
  }

  function queueAfter(job: Job, delayMs: number): void {
    if (delayMs === 0) {
      ready.push(job);
      pump();
      return;
    }
    void clock.sleep(delayMs, closing.signal).then(() => {
      if (closing.signal.aborted) return;
      ready.push(job);
      pump();
    });
  }

  function pump(): void {
    while (inFlight < CONCURRENCY && head < ready.length && !closing.signal.aborted) {
      if (options.isShuffled()) swapHeadWithAny();
      const job = ready[head];
      head += 1;
      if (head > 1000) {
        ready = ready.slice(head);
        head = 0;
      }
      if (job === undefined) continue;
      inFlight += 1;
      void attempt(job).finally(() => {
        inFlight -= 1;
        pump();
      });
    }
  }

  function swapHeadWithAny(): void {
    const other = head + Math.floor(random.next() * (ready.length - head));
    const [a, b] = [ready[head], ready[other]];
    if (a === undefined || b === undefined) return;
    ready[head] = b;
    ready[other] = a;
  }

  async function attempt(job: Job): Promise<void> {
    const { delivery } = job;
    if (!options.isAlive(job.callback)) return drop(job);
    delivery.attempts += 1;
    counts.sent += 1;
    if (delivery.attempts > 1) counts.retried += 1;
    delivery.outcome = await post(job);
    if (closing.signal.aborted) return;
    if (/^2\d\d$/.test(delivery.outcome)) {
      counts.accepted += 1;
      delivery.status = 'accepted';
      pending -= 1;
      job.callback.droppedInRow = 0;
      return;
    }
    counts.refused += 1;
    const delay = RETRY_DELAYS_MS[delivery.attempts - 1];
    if (delay !== undefined) {
      delivery.status = 'retrying';
      queueAfter(job, delay);
      return;
    }
    drop(job);
  }

  function drop({ delivery, callback }: Job): void {
    delivery.status = 'dropped';
    pending -= 1;
    counts.dropped += 1;
    callback.droppedInRow += 1;
    if (callback.verified && callback.droppedInRow >= DISABLE_AFTER_DROPS_IN_ROW) {
      counts.disabledCallbacks += 1;
      options.onDisabled(callback);
    }
  }

  /** Redirects are not followed: any answer but 2xx is a failure. */
  async function post({ callback, body, signature }: Job): Promise<string> {
    try {
      const answer = await request(callback.uri, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'user-agent': 'FreshBooks-Simulator',
          ...(signature === undefined ? {} : { 'X-FreshBooks-Hmac-SHA256': signature }),
        },
        body,
        dispatcher: agent,
        headersTimeout: TIMEOUT_MS,
        bodyTimeout: TIMEOUT_MS,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await answer.body.dump();
      return String(answer.statusCode);
    } catch (error) {
      return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    }
  }

  return {
    enqueue,
    counts,
    pending: () => pending,
    /** Without those that wait for their time or their next try. */
    underWay: () => inFlight + ready.length - head,
    recent: () => recent.slice(-KEPT_DELIVERIES).reverse(),
    countDisabled: (callbacks: number) => {
      counts.disabledCallbacks += callbacks;
    },
    async close() {
      closing.abort();
      await agent.destroy();
    },
  };
}
