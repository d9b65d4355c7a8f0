/** At the start: which connections have an address that is not called, and no longer work until a person has seen to it. */
import { ADDRESS_REFUSED, addressFields, addressOf, originOf } from '../core/addresses.ts';
import { destinationManifest, sourceManifest } from '../engine/connection-runtime.ts';
import { addressesOf, alertAddresses } from '../engine/outgoing.ts';
import { ENGINE_ACTOR, nowOf } from '../engine/parts.ts';
import { connectionPauser } from '../engine/pause.ts';
import type { Addresses } from '../platform/addresses.ts';
import { findAlertTarget } from '../store/alerts.ts';
import { type Connection, listConnections } from '../store/connections.ts';
import type { Db } from '../store/db.ts';
import { addNotice, closeNotices } from '../store/upgrade-notices.ts';
import type { OperationParts } from './parts.ts';

/** `written`: at once, by what stands there; `resolved`: also by the addresses that foreign names have just now. */
export type Look = 'written' | 'resolved';

const ALERTS_REFUSED = 'alert-address-refused';

export async function checkAddresses(parts: OperationParts, look: Look): Promise<void> {
  for (const connection of await listConnections(parts.db)) {
    const problem = await vendorProblem(parts, connection, look);
    if (problem) await standStill(parts, connection, problem);
    const alerts = await alertProblem(parts, parts.db, connection, look);
    if (alerts) await noteAlerts(parts, connection, alerts);
    // What a name resolves to is told by the longer look alone.
    if (look === 'resolved') await closeAddressNotices(parts, parts.db, connection, { problem, alerts });
  }
}

/** After a change by a person: what is mended is asked for no longer. */
export async function closeMendedNotices(
  parts: OperationParts,
  tx: Db,
  connection: Connection,
): Promise<void> {
  await closeAddressNotices(parts, tx, connection, {
    problem: await vendorProblem(parts, connection, 'written'),
    alerts: await alertProblem(parts, tx, connection, 'written'),
  });
}

type Problem = { field: string; setting: string; words: string };

async function vendorProblem(
  parts: OperationParts,
  connection: Connection,
  look: Look,
): Promise<Problem | undefined> {
  const addresses = addressesOf(parts, connection);
  for (const side of ['source', 'destination'] as const) {
    const manifest =
      side === 'source'
        ? sourceManifest(parts.registry, connection.source)
        : destinationManifest(parts.registry, connection.destination);
    for (const field of addressFields(manifest)) {
      const address = addressOf(field, connection.settings[side]);
      const isOwn = address === '' || (manifest.origins ?? []).includes(originOf(address));
      const words = isOwn && !connection.simulators ? undefined : await problemIn(addresses, address, look);
      if (words === undefined) continue;
      return { field: `${manifest.label}, ${field.label}`, setting: `${side}.${field.name}`, words };
    }
  }
  return undefined;
}

async function alertProblem(
  parts: OperationParts,
  db: Db,
  { id }: Connection,
  look: Look,
): Promise<string | undefined> {
  const target = await findAlertTarget(db, id);
  return target && problemIn(alertAddresses(parts, target), target.url, look);
}

async function problemIn(addresses: Addresses, address: string, look: Look): Promise<string | undefined> {
  return look === 'resolved' ? addresses.problemNow(address) : addresses.problemOf(address);
}

/** Paused with the reason, instead of failing at the next call. */
async function standStill(
  parts: OperationParts,
  connection: Connection,
  { field, setting, words }: Problem,
): Promise<void> {
  const { id, name } = connection;
  const reason = `${field} is not called: ${words}.`;
  parts.log.warn({ connection: name, setting }, reason);
  await addNotice(
    parts.db,
    {
      code: ADDRESS_REFUSED,
      connectionId: id,
      subject: name,
      message: `Connection ${JSON.stringify(name)} stands still. ${reason}`,
      action: `Correct ${setting} (connection set), or have the operator allow it, then: connection resume ${JSON.stringify(name)}`,
    },
    nowOf(parts),
  );
  await connectionPauser(parts)(id, reason, ENGINE_ACTOR, ADDRESS_REFUSED);
}

async function noteAlerts(parts: OperationParts, { id, name }: Connection, words: string): Promise<void> {
  parts.log.warn({ connection: name }, `alerts are not sent: ${words}`);
  await addNotice(
    parts.db,
    {
      code: ALERTS_REFUSED,
      connectionId: id,
      subject: name,
      message: `Alerts of connection ${JSON.stringify(name)} are not sent to their address: ${words}.`,
      action: 'Set another one (connection set NAME --alert-url https://…), or have the operator allow it.',
    },
    nowOf(parts),
  );
}

async function closeAddressNotices(
  parts: OperationParts,
  db: Db,
  { name }: Connection,
  found: { problem: unknown; alerts: unknown },
): Promise<void> {
  const done = { subject: name, doneBy: ENGINE_ACTOR, now: nowOf(parts) };
  if (!found.problem) await closeNotices(db, { code: ADDRESS_REFUSED, ...done });
  if (!found.alerts) await closeNotices(db, { code: ALERTS_REFUSED, ...done });
}
