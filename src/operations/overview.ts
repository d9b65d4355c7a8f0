/** Whether both systems agree, for each connection, kind and currency; how late we are, and what happened over time. */
import { sql } from 'kysely';
import type { CallBudget } from '../core/call-budget.ts';
import { formatMoney } from '../core/money.ts';
import { destinationManifest, sourceManifest } from '../engine/connection-runtime.ts';
import { nowOf } from '../engine/parts.ts';
import { findBudgets } from '../store/call-budgets.ts';
import { type Connection, listConnections } from '../store/connections.ts';
import { listBlockViews } from './block-views.ts';
import { type Actor, requireRole } from './context.ts';
import { countParked } from './list-parked.ts';
import type { OperationParts } from './parts.ts';

const HOUR_MS = 3_600_000;
/** By window: how far back, and in steps of how long. */
const WINDOWS = {
  day: { span: 24 * HOUR_MS, step: HOUR_MS },
  month: { span: 30 * 24 * HOUR_MS, step: 24 * HOUR_MS },
} as const;

export async function overview(
  parts: OperationParts,
  actor: Actor,
  { window }: { window: keyof typeof WINDOWS },
) {
  requireRole(actor, 'viewer');
  const connections = await listConnections(parts.db);
  const [blocks, balances, decisions, readBacks, pulses, history] = await Promise.all([
    listBlockViews(parts),
    listBalances(parts),
    countParked(parts),
    listReadBacks(parts),
    listPulses(parts),
    listHistory(parts, window),
  ]);
  const views = await Promise.all(
    connections.map(async (connection) => {
      const own = balances.filter(({ connectionId }) => connectionId === connection.id);
      const pulse = pulses.get(connection.id);
      const ownBlocks = blocks.filter(({ connectionId }) => connectionId === connection.id);
      const waiting = own.reduce((sum, { pending, parked }) => sum + pending + parked, 0);
      return {
        id: connection.id,
        name: connection.name,
        sourceLabel: sourceManifest(parts.registry, connection.source).label,
        destinationLabel: destinationManifest(parts.registry, connection.destination).label,
        state: connection.state,
        pauseReason: connection.pauseReason,
        // What is not read cannot be known to be equal.
        inStep:
          waiting === 0 &&
          own.every(({ equal }) => equal) &&
          ownBlocks.every(({ workedAround }) => workedAround),
        blocks: ownBlocks,
        balances: own,
        lastEventAt: pulse?.lastEventAt?.toISOString() ?? null,
        lagSeconds: pulse?.lagSeconds ?? 0,
        unsettled: pulse?.unsettled ?? 0,
        parked: decisions.get(connection.id)?.toDecide ?? 0,
        following: decisions.get(connection.id)?.following ?? 0,
        readBack: readBacks.get(connection.id) ?? null,
        budgets: await budgetsOf(parts, connection),
      };
    }),
  );
  return { connections: views, history };
}

async function listBalances({ db }: OperationParts) {
  const { rows } = await sql<{
    connection_id: string;
    kind: 'invoice' | 'payment' | 'credit';
    currency: string;
    count: bigint;
    amount: string;
    copies: bigint;
    copied: string;
    pending: bigint;
    parked: bigint;
  }>`
    select d.connection_id, d.kind, d.currency, count(*) as count, sum(d.amount_minor) as amount,
      count(l.confirmed) as copies, coalesce(sum((l.confirmed ->> 'amountMinor')::numeric), 0) as copied,
      count(*) filter (where d.state = 'pending') as pending, count(*) filter (where d.state = 'parked') as parked
    from documents d
    left join links l on l.connection_id = d.connection_id and l.kind = d.kind and l.source_id = d.source_id
      and l.currency = d.currency and l.stage <> 'cancelled'
    where d.kind <> 'client' and d.currency is not null and d.amount_minor is not null and d.state <> 'ignored'
    group by 1, 2, 3 order by 1, 2, 3`.execute(db);
  return rows.map((row) => {
    const { currency } = row;
    const text = (minor: string) => formatMoney({ currency, amountMinor: BigInt(minor) });
    return {
      connectionId: row.connection_id,
      kind: row.kind,
      currency,
      sourceCount: Number(row.count),
      sourceAmount: text(row.amount),
      copyCount: Number(row.copies),
      copyAmount: text(row.copied),
      pending: Number(row.pending),
      parked: Number(row.parked),
      equal: row.count === row.copies && BigInt(row.amount) === BigInt(row.copied),
    };
  });
}

async function listReadBacks({ db }: OperationParts) {
  const { rows } = await sql<{ id: string; first: Date; last: Date }>`
    select connection_id as id, min(confirmed_at) as first, max(confirmed_at) as last
    from links where kind <> 'client' and confirmed_at is not null group by 1`.execute(db);
  return new Map(
    rows.map(({ id, first, last }) => [id, { from: first.toISOString(), to: last.toISOString() }]),
  );
}

type Pulse = { lastEventAt: Date | null; lagSeconds: number; unsettled: number };

async function listPulses(parts: OperationParts): Promise<Map<string, Pulse>> {
  const now = nowOf(parts);
  const { rows } = await sql<{ id: string; last: Date | null; oldest: Date | null; unsettled: bigint }>`
    select c.id, e.last, u.oldest, coalesce(u.unsettled, 0) as unsettled from connections c
    left join lateral (
      select received_at as last from events where connection_id = c.id order by received_at desc limit 1
    ) e on true
    left join (
      select connection_id, min(received_at) as oldest, count(*) as unsettled
      from events where settled_at is null group by 1
    ) u on u.connection_id = c.id`.execute(parts.db);
  return new Map(
    rows.map(({ id, last, oldest, unsettled }) => [
      id,
      {
        lastEventAt: last,
        lagSeconds: oldest === null ? 0 : Math.max(0, Math.round((now.getTime() - oldest.getTime()) / 1000)),
        unsettled: Number(unsettled),
      },
    ]),
  );
}

/** Events by when they came and what became of them; `seconds` is the median from event to end state. */
async function listHistory(parts: OperationParts, window: keyof typeof WINDOWS) {
  const { span, step } = WINDOWS[window];
  const now = nowOf(parts).getTime();
  const last = now - (now % step);
  const from = last - span + step;
  const { rows } = await sql<{
    at: string;
    received: bigint;
    synced: bigint;
    parked: bigint;
    seconds: number | null;
  }>`
    select floor(extract(epoch from received_at) * 1000 / ${step})::bigint::text as at, count(*) as received,
      count(*) filter (where outcome = 'synced') as synced, count(*) filter (where outcome = 'parked') as parked,
      percentile_cont(0.5) within group (order by extract(epoch from settled_at - received_at)) as seconds
    from connections c join events e on e.connection_id = c.id
    where c.removed_at is null and e.received_at >= ${new Date(from)} group by 1`.execute(parts.db);
  const known = new Map(rows.map((row) => [Number(row.at) * step, row]));
  return Array.from({ length: span / step }, (_, index) => {
    const at = from + index * step;
    const row = known.get(at);
    return {
      at: new Date(at).toISOString(),
      received: Number(row?.received ?? 0n),
      synced: Number(row?.synced ?? 0n),
      parked: Number(row?.parked ?? 0n),
      seconds: row?.seconds === null || row === undefined ? null : Math.round(row.seconds * 10) / 10,
    };
  });
}

/** A window may run ahead by this part of itself; then it is used up (core/call-budget). */
const BURST_PART = 25;

async function budgetsOf(parts: OperationParts, connection: Connection) {
  const { id, destination, settings } = connection;
  const shared = destinationManifest(parts.registry, destination).budget?.(settings.destination);
  const names = {
    source: `source of ${id}`,
    destination: shared ? `${destination} ${shared.name}` : `destination of ${id}`,
  };
  const now = parts.clock.now();
  const budgets = [];
  for (const side of ['source', 'destination'] as const) {
    for (const { pool, budget } of await findBudgets(parts.db, names[side]))
      budgets.push({ side, pool, ...usageOf(budget, now) });
  }
  return budgets;
}

function usageOf({ windows, blockedUntil }: CallBudget, now: number) {
  const uses = Object.entries(windows).map(([length, { limit, nextFree }]) => ({
    limit: Math.floor(limit),
    seconds: Number(length) / 1000,
    usedPercent: Math.min(
      100,
      Math.max(0, Math.round(((nextFree - now) / (Number(length) / BURST_PART)) * 100)),
    ),
  }));
  const tightest = uses.toSorted((a, b) => b.usedPercent - a.usedPercent || a.seconds - b.seconds)[0];
  return {
    limit: tightest?.limit ?? null,
    windowSeconds: tightest?.seconds ?? null,
    usedPercent: blockedUntil > now ? 100 : (tightest?.usedPercent ?? 0),
    blockedUntil: blockedUntil > now ? new Date(blockedUntil).toISOString() : null,
  };
}
