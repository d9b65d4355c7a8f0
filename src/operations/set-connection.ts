/** Changes a connection: webhooks on or off, poll interval, settings and credentials of either side. */
import { UsageError } from '../core/errors.ts';
import { policyProblem } from '../core/policy.ts';
import { destinationManifest, sourceManifest } from '../engine/connection-runtime.ts';
import { nowOf } from '../engine/parts.ts';
import { connectionPauser, resumeConnection as resume } from '../engine/pause.ts';
import { recordPauseAlert, setAlertUrl } from '../store/alerts.ts';
import {
  addPauseReason,
  type Connection,
  loadConnection,
  lockConnection,
  mergePolicies,
  type Side,
  setConnectionSchedule,
  setConnectionState,
} from '../store/connections.ts';
import { sqlRunner } from '../store/db.ts';
import { BEING_SET_UP } from './add-connection.ts';
import { assertAlertUrl } from './alert-address.ts';
import { changeFields } from './change-fields.ts';
import { closeMendedNotices } from './check-addresses.ts';
import { changesBetween, type SettingChange } from './connection-changes.ts';
import { type Actor, requireRole } from './context.ts';
import { auditDecision, type OperationParts } from './parts.ts';

export type ConnectionChange = {
  webhooksEnabled?: boolean | undefined;
  pollIntervalSeconds?: number | undefined;
  /** Takes the interval's place. */
  pollCron?: string | undefined;
  /** Where alerts go, '' = nowhere. */
  alertUrl?: string | undefined;
  /** Fields of the manifests, by side; secret ones go into the vault. */
  values?: Partial<Record<Side, Record<string, string>>> | undefined;
  /** By name (src/core/policy.ts). */
  policies?: Record<string, string> | undefined;
};

export async function setConnection(
  parts: OperationParts,
  actor: Actor,
  request: { connection: string } & ConnectionChange,
): Promise<{ id: string; changes: SettingChange[] }> {
  requireRole(actor, 'admin');
  const connection = await loadConnection(parts.db, request.connection);
  const { webhooksEnabled, pollIntervalSeconds, pollCron, alertUrl, values = {}, policies = {} } = request;
  if (alertUrl !== undefined) assertAlertUrl(parts, connection, alertUrl);
  const problems = Object.entries(policies).flatMap(([name, value]) => policyProblem(name, value) ?? []);
  if (problems.length > 0) throw new UsageError(problems);
  return parts.db.transaction().execute(async (tx) => {
    const before = await lockConnection(tx, connection.id);
    await setConnectionSchedule(
      tx,
      connection.id,
      {
        ...(webhooksEnabled === undefined ? {} : { webhooksEnabled }),
        ...(pollIntervalSeconds === undefined ? {} : { pollIntervalSeconds }),
        ...(pollCron === undefined ? {} : { pollCron }),
      },
      nowOf(parts),
    );
    const reasons = await changeSides(parts, tx, connection.id, values);
    if (alertUrl !== undefined) await setAlertUrl(tx, connection.id, alertUrl, nowOf(parts));
    if (Object.keys(policies).length > 0) await mergePolicies(tx, connection.id, policies, nowOf(parts));
    await parts.queue.wake('callbacks', [{ key: connection.id }], sqlRunner(tx));
    // After both sides' secrets: whoever holds their locks may want to write to the trail.
    if (reasons.length > 0) await pauseFor(parts, tx, actor, connection.id, reasons.join(' '));
    const after = await lockConnection(tx, connection.id);
    await closeMendedNotices(parts, tx, after);
    const fields = Object.entries(values).flatMap(([side, given]) =>
      Object.keys(given).map((name) => `${side}.${name}`),
    );
    await auditDecision(parts, tx, actor, connection.id, {
      summary: 'settings changed',
      webhooksEnabled,
      pollIntervalSeconds,
      pollCron,
      // There may be a secret in it.
      ...(alertUrl === undefined ? {} : { alerts: alertUrl === '' ? 'off' : new URL(alertUrl).origin }),
      fields,
      policies,
    });
    const replaced = fields.filter((name) => isSecretField(parts, connection, name));
    const alerts = { name: 'alerts', from: null, to: alertUrl === '' ? 'off' : null };
    const changes = changesBetween(before, after, replaced);
    return { id: connection.id, changes: alertUrl === undefined ? changes : [...changes, alerts] };
  });
}

function isSecretField({ registry }: OperationParts, connection: Connection, name: string): boolean {
  const [side, field] = name.split('.');
  const { fields } =
    side === 'source'
      ? sourceManifest(registry, connection.source)
      : destinationManifest(registry, connection.destination);
  return fields.some((one) => one.name === field && one.secret);
}

/** Why it cannot go on by itself, for each side that parted from its secrets. */
async function changeSides(
  parts: OperationParts,
  tx: OperationParts['db'],
  connectionId: string,
  values: NonNullable<ConnectionChange['values']>,
): Promise<string[]> {
  const reasons: string[] = [];
  const connection = await lockConnection(tx, connectionId);
  for (const side of ['source', 'destination'] as const) {
    const given = values[side];
    const reason = given && (await changeFields(parts, tx, connection, side, given));
    if (reason !== undefined) reasons.push(reason);
  }
  return reasons;
}

/** A pause that is there stays, with its own reason first. */
async function pauseFor(
  parts: OperationParts,
  tx: OperationParts['db'],
  actor: Actor,
  connectionId: string,
  reason: string,
): Promise<void> {
  const by = actor.name;
  if (await setConnectionState(tx, connectionId, { state: 'paused', reason, by }, nowOf(parts)))
    await recordPauseAlert(tx, connectionId, 'by-hand', nowOf(parts));
  else await addPauseReason(tx, connectionId, reason, BEING_SET_UP);
  await auditDecision(parts, tx, actor, connectionId, { summary: `paused: ${reason}`, reason });
}

export async function pauseConnection(
  parts: OperationParts,
  actor: Actor,
  request: { connection: string; reason?: string | undefined },
) {
  requireRole(actor, 'operator');
  const { id } = await loadConnection(parts.db, request.connection);
  const changed = await connectionPauser(parts)(id, request.reason ?? `paused by ${actor.name}`, actor.name);
  return { id, changed };
}

export async function resumeConnection(parts: OperationParts, actor: Actor, request: { connection: string }) {
  requireRole(actor, 'operator');
  const { id } = await loadConnection(parts.db, request.connection);
  return { id, changed: await resume(parts, id, actor.name) };
}
