/** Simulated systems as a rehearsal drives them: their books, their users, and what goes wrong with their calls. */
import type { Ledger } from './ledger.ts';

/** What may happen to a call. The ones with an effect say so. */
export const CALL_FAULTS = [
  'request lost',
  'answer lost after the effect',
  'answer cut after the effect',
  'time-out after the effect',
  'effect after the time-out',
  'never answered',
  'internal error',
  'bad gateway',
  'refused under HTTP 200',
  'rate limited, with a time',
  'rate limited, without a time',
  'too many at once',
  'lock contention',
] as const;
export type CallFault = (typeof CALL_FAULTS)[number];

export interface SimulatedSystem {
  readonly url: string;
  ledger(): Ledger;
  /** The next `times` calls meet it, of all or of those that write; false where this system knows no such fault. */
  order(fault: CallFault, times: number, which: 'any' | 'writes'): boolean;
  /** Every call takes longer by so much, in real time. */
  slow(latencyMs: number): void;
  /** Access tokens die at once. */
  expireTokens(): void;
  /** Takes back all faults that nobody has met yet; how many calls had met one since the last time. */
  calm(): number;
  close(): Promise<void>;
}

export type WebhookFaults = {
  /** Extra copies of each. */
  duplicates: number;
  shuffled: boolean;
  /** Part that is never sent. */
  dropped: number;
  delayMs: number;
};

export type HistoryOrder = {
  seed: number;
  clients: number;
  acts: number;
  currencies: readonly string[];
  startOn: string;
};

export interface SimulatedSource extends SimulatedSystem {
  /** Users do the next things of the history; how many are left. */
  act(count: number): number;
  /** Ids of documents, "invoice/7", by how many acts have touched them. */
  touched(): ReadonlyMap<string, number>;
  /** Acts made so far, by row of the money lifecycle. */
  rows(): Readonly<Record<string, number>>;
  webhooks(faults: Partial<WebhookFaults>): void;
  /** Deliveries that are being sent now; what waits for its time or its next try is not counted. */
  deliveriesUnderWay(): number;
  /** The account's owner withdraws the consent. */
  revokeGrant(): void;
}

/** A call that writes, as the destination has seen it. */
export type SeenWrite = { call: string; trackId: string; ok: boolean };

export interface SimulatedDestination extends SimulatedSystem {
  /** Idempotency keys are forgotten before their time. */
  forgetKeys(): void;
  /** Called when a write has been answered, before the answer leaves. */
  onWrite(listener: (write: SeenWrite) => void): void;
}
