/** Webhook subscriptions: one verifier each, silent until verified, switched off when nothing gets through. */
import type { Clock, Random } from '../../../platform/clock.ts';
import { randomText } from './identity.ts';

export type Callback = {
  id: number;
  event: string;
  uri: string;
  verifier: string;
  verified: boolean;
  updatedAt: string;
  droppedInRow: number;
};

const NOUNS =
  'bill bill_vendor category client credit_note estimate expense invoice item payment project recurring service tax time_entry'.split(
    ' ',
  );
const EVENTS: ReadonlySet<string> = new Set([
  ...NOUNS.flatMap((noun) => [noun, `${noun}.create`, `${noun}.update`, `${noun}.delete`]),
  'invoice.sendByEmail',
  'estimate.sendByEmail',
]);
/** Sent to those who asked for it by name, not to subscribers of the bare noun. */
const ONLY_BY_NAME: ReadonlySet<string> = new Set(['invoice.sendByEmail', 'estimate.sendByEmail']);

const SCOPE_BY_NOUN: Readonly<Record<string, string>> = {
  credit_note: 'user:credit_notes:read',
  recurring: 'user:invoices:read',
  item: 'user:billable_items:read',
  service: 'user:billable_items:read',
  category: 'user:expenses:read',
  tax: 'user:taxes:read',
  time_entry: 'user:time_entries:read',
};

export function isKnownEvent(event: string): boolean {
  return EVENTS.has(event);
}

export function nounOf(event: string): string {
  return event.split('.')[0] ?? event;
}

export function scopeOfEvent(event: string): string {
  const noun = nounOf(event);
  return SCOPE_BY_NOUN[noun] ?? `user:${noun}s:read`;
}

export type Callbacks = ReturnType<typeof createCallbacks>;

export function createCallbacks(options: { clock: Clock; random: Random }) {
  const { clock, random } = options;
  const byId = new Map<number, Callback>();
  let lastId = 2000;
  const touch = (callback: Callback) => {
    callback.updatedAt = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  };
  // Lengths seen in the wild vary between 31 and 34.
  const makeVerifier = () => randomText(random, 31 + Math.floor(random.next() * 4));
  return {
    all: () => [...byId.values()],
    find: (id: number) => byId.get(id),
    create(event: string, uri: string): Callback {
      lastId += 1;
      const verifier = makeVerifier();
      const callback = { id: lastId, event, uri, verifier, verified: false, updatedAt: '', droppedInRow: 0 };
      touch(callback);
      byId.set(callback.id, callback);
      return callback;
    },
    verify(callback: Callback, verifier: string): boolean {
      if (verifier !== callback.verifier) return false;
      callback.verified = true;
      callback.droppedInRow = 0;
      touch(callback);
      return true;
    },
    /** Told about something else, or told elsewhere: nobody has shown yet that it is heard there. */
    update(callback: Callback, change: { event?: string | undefined; uri?: string | undefined }): void {
      callback.event = change.event ?? callback.event;
      callback.uri = change.uri ?? callback.uri;
      callback.verified = false;
      touch(callback);
    },
    renewVerifier(callback: Callback): void {
      callback.verifier = makeVerifier();
    },
    disable(callback: Callback): void {
      callback.verified = false;
      touch(callback);
    },
    delete: (id: number) => byId.delete(id),
    listening(name: string): Callback[] {
      const noun = nounOf(name);
      return [...byId.values()].filter(
        ({ verified, event }) => verified && (event === name || (event === noun && !ONLY_BY_NAME.has(name))),
      );
    },
  };
}
