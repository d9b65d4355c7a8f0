/** Changes a connection: webhooks on or off, poll interval, settings and credentials of either side. */
import { UsageError } from '../core/errors.ts';
import { policyProblem } from '../core/policy.ts';
import type { DestinationManifest, SourceManifest } from '../core/ports.ts';
import { destinationManifest, sourceManifest } from '../engine/connection-runtime.ts';
import { nowOf } from '../engine/parts.ts';
import { connectionPauser, resumeConnection as resume } from '../engine/pause.ts';
import { setAlertUrl } from '../store/alerts.ts';
import {
  type Connection,
  hasBooks,
  loadConnection,
  mergePolicies,
  mergeSettings,
  type Side,
  setConnectionSchedule,
} from '../store/connections.ts';
import { lockSecrets, saveSecrets } from '../store/credentials.ts';
import { sqlRunner } from '../store/db.ts';
import { problemOf } from './add-connection.ts';
import { assertAlertUrl } from './alert-address.ts';
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
): Promise<{ id: string }> {
  requireRole(actor, 'admin');
  const connection = await loadConnection(parts.db, request.connection);
  const { webhooksEnabled, pollIntervalSeconds, pollCron, alertUrl, values = {}, policies = {} } = request;
  if (alertUrl !== undefined) assertAlertUrl(alertUrl);
  const problems = Object.entries(policies).flatMap(([name, value]) => policyProblem(name, value) ?? []);
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  await parts.db.transaction().execute(async (tx) => {
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
    for (const side of ['source', 'destination'] as const) {
      const given = values[side];
      if (given) await setFields(parts, tx, connection, side, given);
    }
    if (alertUrl !== undefined) await setAlertUrl(tx, connection.id, alertUrl, nowOf(parts));
    if (Object.keys(policies).length > 0) await mergePolicies(tx, connection.id, policies, nowOf(parts));
    await parts.queue.wake('callbacks', [{ key: connection.id }], sqlRunner(tx));
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
  });
  return { id: connection.id };
}

async function setFields(
  parts: OperationParts,
  tx: OperationParts['db'],
  connection: Connection,
  side: Side,
  given: Record<string, string>,
): Promise<void> {
  const { id: connectionId, [side]: connector } = connection;
  const manifest =
    side === 'source'
      ? sourceManifest(parts.registry, connector)
      : destinationManifest(parts.registry, connector);
  const unknown = Object.keys(given).filter((name) => !manifest.fields.some((field) => field.name === name));
  if (unknown.length > 0) throw new UsageError(`${manifest.label} has no field ${unknown.join(', ')}.`);
  const problems = manifest.fields.flatMap((field) => {
    const problem = given[field.name] === undefined ? undefined : problemOf(field, given[field.name] ?? '');
    return problem === undefined ? [] : [`${field.name}: ${problem}`];
  });
  if (problems.length > 0)
    throw new UsageError([`${manifest.label}:`, ...problems.map((p) => `  ${p}`)].join('\n'));
  await keepIdentity(parts, tx, connection, side, manifest, given);
  const isSecret = (name: string) => manifest.fields.some((field) => field.name === name && field.secret);
  const pick = (secret: boolean) =>
    Object.fromEntries(Object.entries(given).filter(([name]) => isSecret(name) === secret));
  await mergeSettings(tx, connectionId, side, pick(false), nowOf(parts));
  const key = { connectionId, side };
  if (Object.keys(pick(true)).length === 0) return;
  // A renewal under way must not be overwritten with the token it has just used up.
  const secrets = await lockSecrets(tx, parts.vault, key);
  await saveSecrets(tx, parts.vault, key, { ...secrets, ...pick(true) }, nowOf(parts));
}

/** Whose books they are stays once there are records of them; before that, what was found by itself is found anew. */
async function keepIdentity(
  parts: OperationParts,
  tx: OperationParts['db'],
  { id, name, settings }: Connection,
  side: Side,
  { identitySettings = [], fields, label }: SourceManifest | DestinationManifest,
  given: Record<string, string>,
): Promise<void> {
  const present = settings[side];
  if (!(await hasBooks(tx, id, side))) {
    const found = identitySettings.filter(
      (one) => present[one] && !fields.some((field) => field.name === one),
    );
    const none = Object.fromEntries(found.map((one) => [one, '']));
    if (found.length > 0) await mergeSettings(tx, id, side, none, nowOf(parts));
    return;
  }
  const changed = identitySettings.find(
    (one) => given[one] !== undefined && given[one] !== (present[one] ?? ''),
  );
  if (changed === undefined) return;
  const what = fields.find((field) => field.name === changed)?.label ?? changed;
  throw new UsageError(
    `${name} has records already: ${label}’s ${what} stays ${present[changed] || 'empty'}.`,
    'Add a connection of its own for the other one: connection add',
  );
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
