/** Alerts to a person's own address, off the lanes: read off the tables, sent by the queue, never in anybody's way. */
import { postJson } from '../platform/post-json.ts';
import {
  type AlertTarget,
  type AlertWhat,
  findAlertTarget,
  listConnectionsWithDueAlerts,
  recordParkedAlerts,
  settleAlert,
  takeDueAlert,
} from '../store/alerts.ts';
import { sqlRunner } from '../store/db.ts';
import { alertAddresses } from './outgoing.ts';
import { type EngineParts, nowOf } from './parts.ts';

/** For each connection and reason. */
const QUIET_MS = 3_600_000;
/** Longer than an attempt may take. */
const ATTEMPT_MS = 60_000;
const RETRY_AFTER_MS = [30_000, 120_000, 600_000, 1_800_000];

const PAUSES: Readonly<Record<string, string>> = {
  'credentials-refused': 'A system refuses the credentials; a person has to act',
  'address-refused': 'An address must not be called; a person has to act',
  'answer-unfit': 'A system sends answers that are too large; a person has to act',
  'by-hand': 'Paused by a person',
};

const BLOCKS: Readonly<Record<string, string>> = {
  'kind-not-readable': 'A kind of records cannot be read; a person has to act',
  'step-not-permitted': 'A step is not permitted in the destination; a person has to act',
};

type Parts = Pick<EngineParts, 'db' | 'queue' | 'clock' | 'log' | 'addresses'>;

/** Never throws: nothing else waits for it. */
export async function noticeAlerts(parts: Parts): Promise<void> {
  try {
    const now = nowOf(parts);
    await recordParkedAlerts(parts.db, now, QUIET_MS);
    const keys = await listConnectionsWithDueAlerts(parts.db, now);
    if (keys.length === 0) return;
    const wakes = keys.map((key) => ({ key }));
    await parts.db.transaction().execute((tx) => parts.queue.wake('alerts', wakes, sqlRunner(tx)));
  } catch (error) {
    parts.log.warn({ err: error }, 'alerts not looked for');
  }
}

export async function sendAlerts(parts: Parts, connectionId: string, publicUrl: string): Promise<void> {
  for (;;) {
    const now = nowOf(parts);
    const until = new Date(now.getTime() + ATTEMPT_MS);
    const alert = await takeDueAlert(parts.db, connectionId, now, until);
    if (!alert) return;
    const target = await findAlertTarget(parts.db, connectionId);
    const error = target && (await postAlert(parts, target, { ...alert, at: alert.createdAt }, publicUrl));
    const waitMs = RETRY_AFTER_MS[alert.attempts - 1];
    if (error !== undefined)
      parts.log.warn({ connectionId, attempts: alert.attempts, error }, 'alert not sent');
    await settleAlert(parts.db, alert.id, {
      error: error ?? null,
      nextAt: error === undefined || waitMs === undefined ? null : new Date(nowOf(parts).getTime() + waitMs),
    });
  }
}

type Told = { connectionId: string; what: AlertWhat; code: string; count: number; at: Date };

/** Why it was not sent. Neither amounts nor names of customers are in it, nor a record's own words. */
export function postAlert(
  parts: Pick<EngineParts, 'addresses'>,
  { name, url, simulators }: AlertTarget,
  { connectionId, what, code, count, at }: Told,
  publicUrl: string,
): Promise<string | undefined> {
  const message = {
    connection: name,
    what,
    code,
    words: wordsOf(what, code),
    count,
    at: at.toISOString(),
    url: what === 'parked' ? `${publicUrl}/parked` : `${publicUrl}/connections/${connectionId}`,
  };
  return postJson(url, message, alertAddresses(parts, { url, simulators }));
}

/** "number-taken" -> "Parked: number taken" */
function wordsOf(what: AlertWhat, code: string): string {
  if (what === 'test') return 'A test: alerts arrive';
  if (what === 'paused') return PAUSES[code] ?? 'Paused';
  if (what === 'blocked') return BLOCKS[code] ?? 'Something is not permitted';
  return `Parked: ${code.replaceAll('-', ' ')}`;
}
