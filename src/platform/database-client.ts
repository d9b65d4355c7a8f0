/** A connection to PostgreSQL that says how values are written, and gives up a server that has fallen silent. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import pg from 'pg';
import type { Log } from './log.ts';

/** So long a statement may go without a word from the server. */
const SILENCE_MS = 15_000;
/** While the process stops nobody waits longer. */
const SILENCE_WHILE_STOPPING_MS = 3_000;
/** While another connection has just been found silent. */
const SUSPECT_MS = 2_000;
const LAST_LOOK_MS = 100;
const FAREWELL_MS = 2_000;

const patience = new AsyncLocalStorage<number>();

/** For work with statements or locks that take longer than usual: so long each may take, here and at the server. */
export function withPatience<T>(ms: number, run: () => T): T {
  return patience.run(Math.max(ms, patience.getStore() ?? 0), run);
}

export function patienceMs(): number | undefined {
  return patience.getStore();
}

/** One for each process: what all its connections know about the server's silence. */
export type Silence = {
  /** How long a statement that begins now may go without an answer. */
  limitMs(): number;
  watch(client: GuardedClient): void;
  unwatch(client: GuardedClient): void;
  noteAnswer(): void;
  noteSilent(ms: number): void;
  /** The process stops: nobody waits for a silent server any more. */
  hurry(): void;
  /** So long statements have been waiting while nothing at all was answered. */
  unansweredMs(): number;
};

export type SilenceOptions = {
  log: Log;
  /** Called for each connection that is given up. */
  onSilent?: () => void;
  silenceMs?: number;
};

export function createSilence({ log, onSilent, silenceMs = SILENCE_MS }: SilenceOptions): Silence {
  const clients = new Set<GuardedClient>();
  let isStopping = false;
  let lastAnswerAt = performance.now();
  return {
    limitMs: () => (isStopping ? SILENCE_WHILE_STOPPING_MS : Math.max(silenceMs, patience.getStore() ?? 0)),
    watch: (client) => clients.add(client),
    unwatch: (client) => clients.delete(client),
    noteAnswer: () => void (lastAnswerAt = performance.now()),
    noteSilent(ms) {
      onSilent?.();
      log.warn(
        { silentMs: Math.round(ms) },
        'The database has not answered a statement in time: its connection is given up, and the work is done again on a new one.',
      );
      // What froze one connection has frozen those that were opened or used no later.
      for (const client of clients) client.suspect(silenceMs);
    },
    hurry() {
      isStopping = true;
      // Until now nobody may have asked.
      lastAnswerAt = performance.now();
      for (const client of clients) client.hurry(SILENCE_WHILE_STOPPING_MS);
    },
    unansweredMs() {
      const asked = [...clients].some(({ isWaiting, isConnecting }) => isWaiting || isConnecting);
      return asked ? performance.now() - lastAnswerAt : 0;
    },
  };
}

export type GuardedConfig = pg.ClientConfig & { silence?: Silence };

type Wire = { connection: { stream: Socket }; getStartupConf(): Record<string, unknown> };

/**
 * What we depend on goes along with the start of the session, which PgBouncer keeps for each of its clients in every
 * pooling mode; a database or role with other defaults (ALTER DATABASE … SET datestyle) is overruled.
 */
const STARTUP = { DateStyle: 'ISO, MDY', TimeZone: 'UTC', standard_conforming_strings: 'on' };

export class GuardedClient extends pg.Client {
  readonly #silence: Silence | undefined;
  #timer: NodeJS.Timeout | undefined;
  #limitMs = 0;
  #lastAnswerAt = performance.now();
  isConnecting = true;

  constructor(config: GuardedConfig = {}) {
    super(config);
    this.#silence = config.silence;
    const wire = this as unknown as Wire;
    const ownStartup = wire.getStartupConf.bind(this);
    wire.getStartupConf = () => ({ ...ownStartup(), ...STARTUP });
    const end = super.end.bind(this) as (...args: unknown[]) => unknown;
    this.end = ((...args: unknown[]) => {
      // A server that cannot be heard does not close its side either.
      const late = setTimeout(() => this.#stream.destroy(), FAREWELL_MS).unref();
      this.once('end', () => clearTimeout(late));
      return end(...args);
    }) as typeof this.end;
    if (!this.#silence) return;
    const send = super.query.bind(this) as (...args: unknown[]) => unknown;
    this.query = ((...args: unknown[]) => {
      this.#expectAnswer(this.#silence?.limitMs() ?? 0);
      return send(...args);
    }) as typeof this.query;
    this.once('connect', () => (this.isConnecting = false));
    this.on('drain', () => this.#answered());
    this.once('end', () => {
      this.isConnecting = false;
      clearTimeout(this.#timer);
      this.#silence?.unwatch(this);
    });
    this.#silence.watch(this);
  }

  get isWaiting(): boolean {
    return this.#timer !== undefined;
  }

  /** Another connection has fallen silent: what has not been heard since then is not trusted, nor waited for. */
  suspect(silenceMs: number): void {
    if (performance.now() - this.#lastAnswerAt < silenceMs / 2) return;
    if (!this.isWaiting) this.#giveUp('is given up because another one has fallen silent');
    else if (this.#limitMs <= silenceMs) this.#expectAnswer(Math.min(this.#limitMs, SUSPECT_MS));
  }

  hurry(limitMs: number): void {
    if (this.isWaiting) this.#expectAnswer(Math.min(this.#limitMs, limitMs));
  }

  get #stream(): Socket {
    return (this as unknown as Wire).connection.stream;
  }

  #expectAnswer(limitMs: number): void {
    clearTimeout(this.#timer);
    this.#limitMs = limitMs;
    const before = this.#stream.bytesRead;
    // What has come already, while this process was busy, is read before anything is given up.
    const look = () => {
      if (this.#stream.bytesRead !== before) return this.#expectAnswer(limitMs);
      this.#timer = undefined;
      this.#giveUp(`has not answered within ${limitMs / 1000} s`);
      this.#silence?.noteSilent(limitMs);
    };
    this.#timer = setTimeout(() => (this.#timer = setTimeout(look, LAST_LOOK_MS)), limitMs);
  }

  #answered(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#lastAnswerAt = performance.now();
    this.#silence?.noteAnswer();
  }

  #giveUp(why: string): void {
    this.#stream.destroy(Object.assign(new Error(`the database connection ${why}`), { code: 'ETIMEDOUT' }));
  }
}
