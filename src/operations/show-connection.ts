/** One connection with its settings; of a secret only whether it is there. */
import { POLICIES } from '../core/policy.ts';
import { pairsOf } from '../core/table.ts';
import { findAlertFailure, findAlertTarget } from '../store/alerts.ts';
import { loadConnection, type Side } from '../store/connections.ts';
import { loadSecrets } from '../store/credentials.ts';
import { type Actor, requireRole } from './context.ts';
import { listConnections } from './list-connections.ts';
import { listConnectors } from './list-connectors.ts';
import type { OperationParts } from './parts.ts';

export async function showConnection(parts: OperationParts, actor: Actor, request: { connection: string }) {
  requireRole(actor, 'viewer');
  const connection = await loadConnection(parts.db, request.connection);
  const summary = (await listConnections(parts, actor)).find(({ id }) => id === connection.id);
  if (!summary) throw new Error(`connection ${connection.id} is not listed`);
  const { systems } = await listConnectors(parts, actor);
  const sideOf = async (side: Side) => {
    const secrets = await loadSecrets(parts.db, parts.vault, { connectionId: connection.id, side });
    const manifest = systems.find((system) => system.side === side && system.id === connection[side]);
    return (manifest?.fields ?? []).map((field) => ({
      ...field,
      value: field.secret ? null : (connection.settings[side][field.name] ?? ''),
      pairs: field.table ? pairsOf(connection.settings[side][field.name] ?? '') : null,
      isSet: field.secret
        ? secrets[field.name] !== undefined
        : connection.settings[side][field.name] !== undefined,
    }));
  };
  const alertUrl = (await findAlertTarget(parts.db, connection.id))?.url ?? '';
  return {
    ...summary,
    alerts: {
      // There may be a secret in it.
      url: actor.role === 'admin' || alertUrl === '' ? alertUrl : new URL(alertUrl).origin,
      failure: await findAlertFailure(parts.db, connection.id),
    },
    policies: POLICIES.map(({ choices, ...policy }) => ({
      ...policy,
      choices: [...choices],
      value: connection.policies[policy.name],
    })),
    fields: { source: await sideOf('source'), destination: await sideOf('destination') },
  };
}
