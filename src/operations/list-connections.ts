/** Every connection with where its documents stand. */
import { sql } from 'kysely';
import { destinationManifest, sourceManifest } from '../engine/connection-runtime.ts';
import { listConnections as listStored } from '../store/connections.ts';
import { listBlockViews } from './block-views.ts';
import { type Actor, requireRole } from './context.ts';
import type { OperationParts } from './parts.ts';

export type StateCounts = { pending: number; synced: number; parked: number; ignored: number };

export async function listConnections(parts: OperationParts, actor: Actor) {
  requireRole(actor, 'viewer');
  const connections = await listStored(parts.db);
  const counts = await countByState(parts);
  const lastEvents = await lastEventTimes(parts);
  const blocks = await listBlockViews(parts);
  return connections.map((connection) => ({
    id: connection.id,
    name: connection.name,
    source: connection.source,
    sourceLabel: sourceManifest(parts.registry, connection.source).label,
    destination: connection.destination,
    destinationLabel: destinationManifest(parts.registry, connection.destination).label,
    state: connection.state,
    pauseReason: connection.pauseReason,
    webhooksEnabled: connection.webhooksEnabled,
    pollIntervalSeconds: connection.pollIntervalSeconds,
    pollCron: connection.pollCron,
    createdAt: connection.createdAt.toISOString(),
    blocks: blocks.filter(({ connectionId }) => connectionId === connection.id),
    counts: counts.get(connection.id) ?? { pending: 0, synced: 0, parked: 0, ignored: 0 },
    lastEventAt: lastEvents.get(connection.id)?.toISOString() ?? null,
  }));
}

async function countByState({ db }: OperationParts): Promise<Map<string, StateCounts>> {
  const { rows } = await sql<{ connection_id: string; state: keyof StateCounts; count: bigint }>`
    select connection_id, state, count(*) as count from documents group by connection_id, state`.execute(db);
  const counts = new Map<string, StateCounts>();
  for (const row of rows) {
    const own = counts.get(row.connection_id) ?? { pending: 0, synced: 0, parked: 0, ignored: 0 };
    counts.set(row.connection_id, { ...own, [row.state]: Number(row.count) });
  }
  return counts;
}

async function lastEventTimes({ db }: OperationParts): Promise<Map<string, Date>> {
  const { rows } = await sql<{ id: string; at: Date }>`
    select c.id, e.received_at as at from connections c
    join lateral (select received_at from events where connection_id = c.id order by received_at desc limit 1) e on true
    `.execute(db);
  return new Map(rows.map((row) => [row.id, row.at]));
}
