/** What is turned away at the webhook door: answered, counted, and some of it kept, whatever the number. */
import { newId } from '../core/ids.ts';
import type { KnownSecrets } from '../platform/known-secrets.ts';
import { freeDeep, redactBody, redactHeaders } from '../platform/redact.ts';
import {
  countRejections,
  purgeRejections,
  type RejectionCount,
  recordRejection,
} from '../store/rejections.ts';
import type { Door } from './doors.ts';
import { type EngineParts, nowOf } from './parts.ts';
import { createRefusalLimits } from './refusal-limits.ts';

export type Receipt = {
  status: 200 | 400 | 401 | 404 | 413 | 415 | 429 | 503;
  title: string;
  /** With 429. */
  retryAfterSeconds?: number;
};

export type RefusalCause =
  | 'unknown-path'
  | 'wrong-type'
  | 'too-large'
  | 'unreadable'
  | 'not-asked'
  | 'too-many-offers'
  | 'being-verified'
  | 'not-verified-yet'
  | 'bad-signature'
  | 'wrong-account';

const REFUSALS: Record<RefusalCause, Receipt> = {
  'unknown-path': { status: 404, title: 'No such callback' },
  'wrong-type': { status: 415, title: 'Unexpected content type' },
  'too-large': { status: 413, title: 'Body too large' },
  unreadable: { status: 400, title: 'Body cannot be read' },
  'not-asked': { status: 401, title: 'No handshake was asked for' },
  'too-many-offers': { status: 503, title: 'Too many handshakes at once' },
  'being-verified': { status: 503, title: 'This callback is being verified' },
  'not-verified-yet': { status: 401, title: 'This callback has not been verified yet' },
  'bad-signature': { status: 401, title: 'Signature does not match' },
  'wrong-account': { status: 401, title: 'This delivery is for another account' },
};

export type Refused = {
  cause: RefusalCause;
  door: Door | undefined;
  headers: Record<string, string>;
  body?: Uint8Array;
  /** A good signature is never told that there were too many. */
  signed?: boolean;
  /** Whose refusals are limited; nobody's when left out. */
  address?: string | undefined;
};

const MOST_HEADERS = 30;
const MOST_NAME = 64;
const MOST_VALUE = 256;
const MOST_OF_ALL = 4096;
const MOST_BODY_BYTES = 4096;
/** What was only counted is written down this much later, together. */
const GATHER_MS = 1_000;
const PURGE_EVERY = 100;

const cut = (text: string, most: number) => (text.length > most ? `${text.slice(0, most)}…` : text);

/** Headers as they are kept with a delivery: without secrets, and of bounded size whatever was sent. */
export function keptHeaders(
  headers: Readonly<Record<string, string>>,
  known: KnownSecrets,
): Record<string, string> {
  const kept: [string, string][] = [];
  let size = 0;
  for (const [name, value] of Object.entries(freeDeep(redactHeaders(headers), known)).slice(
    0,
    MOST_HEADERS,
  )) {
    const [shortName, shortValue] = [cut(name, MOST_NAME), cut(value, MOST_VALUE)];
    size += shortName.length + shortValue.length;
    if (size > MOST_OF_ALL) break;
    kept.push([shortName, shortValue]);
  }
  return Object.fromEntries(kept);
}

/** Byte for byte otherwise: what was refused for its encoding must still show it. */
function keptBody(body: Uint8Array, secretFields: readonly string[], known: KnownSecrets): Uint8Array {
  const named = redactBody(Buffer.from(body).toString('latin1'), secretFields) ?? '';
  return Buffer.from(known.redact(named).slice(0, MOST_BODY_BYTES), 'latin1');
}

export function createRefusals(parts: EngineParts): (refused: Refused) => Promise<Receipt> {
  const uncounted = new Map<string, RejectionCount>();
  const limit = createRefusalLimits(parts.clock);
  let recording: Promise<void> = Promise.resolve();
  let recorded = 0;

  function countLater(connectionId: string | undefined, cause: RefusalCause): void {
    if (uncounted.size === 0) void parts.clock.sleep(GATHER_MS, parts.stopping).then(writeCounts);
    const key = `${connectionId ?? ''} ${cause}`;
    const counted = uncounted.get(key) ?? { connectionId, cause, count: 0 };
    counted.count += 1;
    uncounted.set(key, counted);
  }

  async function writeCounts(): Promise<void> {
    const counts = [...uncounted.values()];
    uncounted.clear();
    parts.log.warn({ counts }, 'more webhook deliveries refused than are kept');
    await countRejections(parts.db, counts, nowOf(parts)).catch((error: unknown) =>
      parts.log.warn({ err: error, counts }, 'refusals not counted'),
    );
  }

  async function record({ cause, door, headers, body }: Refused): Promise<void> {
    const connectionId = door?.callback.connectionId;
    const { status } = REFUSALS[cause];
    parts.log.warn({ cause, connectionId }, 'webhook delivery refused');
    // A stranger's body is not kept: it would let anybody fill the table with anything.
    const { known } = parts.vault;
    const kept = door && body ? keptBody(body, door.manifest.webhooks.secretFields ?? [], known) : undefined;
    const id = newId(parts.clock.now());
    const now = nowOf(parts);
    const rejection = { id, connectionId, cause, status, headers: keptHeaders(headers, known), body: kept };
    await parts.db.transaction().execute(async (tx) => {
      await recordRejection(tx, rejection, now);
      await countRejections(tx, [{ connectionId, cause, count: 1 }], now);
    });
    recorded += 1;
    if (recorded % PURGE_EVERY === 0) await purgeRejections(parts.db, now);
  }

  return async (refused) => {
    const { cause, door, signed = false, address } = refused;
    parts.metrics.deliveriesRefused.inc({ cause });
    const kind = door ? 'refused' : 'unknown-path';
    const retryAfterSeconds = address === undefined ? undefined : limit(kind, address);
    if (retryAfterSeconds === undefined) {
      // One after the other: a flood holds one connection.
      const own = recording.then(() => record(refused));
      recording = own.catch(() => {});
      await own;
      return REFUSALS[cause];
    }
    parts.metrics.deliveriesLimited.inc({ kind });
    countLater(door?.callback.connectionId, cause);
    return signed
      ? REFUSALS[cause]
      : { status: 429, title: 'Too many deliveries were refused', retryAfterSeconds };
  };
}
