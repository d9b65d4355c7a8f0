/** How everything stands: counts, sums per currency, what is parked and why. */
import { sql } from 'kysely';
import type { DocumentKind } from '../core/canonical.ts';
import { formatMoney } from '../core/money.ts';
import { isWorkedOn } from '../store/connections.ts';
import type { Db } from '../store/db.ts';
import { listRejectionCounts } from '../store/rejections.ts';
import { readServer } from '../store/server.ts';
import { findNewestCheck } from '../store/trail-checks.ts';
import { readAuditStanding } from '../store/trail-ends.ts';
import { listBlockViews } from './block-views.ts';
import { type Actor, requireRole } from './context.ts';
import type { StateCounts } from './list-connections.ts';
import { countParked } from './list-parked.ts';
import { listNotices } from './notices.ts';
import type { OperationParts } from './parts.ts';
import { listHints } from './proxy-hint.ts';

export async function status(parts: OperationParts, actor: Actor) {
  requireRole(actor, 'viewer');
  const { db } = parts;
  const records: StateCounts = { pending: 0, synced: 0, parked: 0, ignored: 0 };
  const states = await sql<{ state: keyof StateCounts; count: bigint }>`
    select state, count(*) as count from documents group by state`.execute(db);
  for (const row of states.rows) records[row.state] = Number(row.count);
  const totals = await sql<{ connections: bigint; accepted: bigint; unsettled: bigint }>`
    select (select count(*) from connections where removed_at is null) as connections,
      (select coalesce(sum(1 + repeats), 0)::bigint from events) as accepted,
      (select count(*) from events e where settled_at is null and ${isWorkedOn('e')}) as unsettled`.execute(
    db,
  );
  const parked = [...(await countParked(parts)).values()];
  const reasons = await sql<{ code: string; message: string; count: bigint }>`
    select reason ->> 'code' as code, min(reason ->> 'message') as message, count(*) as count
    from documents d where state = 'parked' and ${isWorkedOn('d')} group by 1 order by 3 desc, 1`.execute(db);
  const refused = await listRejectionCounts(db);
  const [total] = totals.rows;
  return {
    version: parts.version,
    startedAt: parts.startedAt.toISOString(),
    connections: Number(total?.connections ?? 0n),
    records,
    toDecide: parked.reduce((sum, { toDecide }) => sum + toDecide, 0),
    following: parked.reduce((sum, { following }) => sum + following, 0),
    eventsAccepted: Number(total?.accepted ?? 0n),
    eventsUnsettled: Number(total?.unsettled ?? 0n),
    rejections: refused.reduce((sum, { count }) => sum + count, 0),
    refused: refused.map(({ lastAt, ...kind }) => ({ ...kind, lastAt: lastAt.toISOString() })),
    parkedByReason: reasons.rows.map((row) => ({ ...row, count: Number(row.count) })),
    blocks: await listBlockViews(parts),
    notices: await listNotices(parts, actor),
    hints: await listHints(parts),
    sums: await sumByCurrency(parts),
    database: await readServer(db),
    audit: await readAudit(db),
  };
}

/** How the audit stands, without checking it: verify-audit does that. */
async function readAudit(db: Db) {
  const { sealedAt, unsealed, broken } = await readAuditStanding(db);
  const checked = await findNewestCheck(db, { finished: true });
  return {
    sealedAt: sealedAt?.toISOString() ?? null,
    unsealedChains: unsealed,
    brokenChains: broken,
    checkedAt: checked?.finishedAt?.toISOString() ?? null,
    faults: checked?.faults.length ?? 0,
  };
}

async function sumByCurrency({ db }: OperationParts) {
  const { rows } = await sql<{
    kind: DocumentKind;
    currency: string;
    count: bigint;
    synced: bigint;
    amount: string;
    synced_amount: string | null;
  }>`
    select kind, currency, count(*) as count, count(*) filter (where state = 'synced') as synced,
      sum(amount_minor) as amount, sum(amount_minor) filter (where state = 'synced') as synced_amount
    from documents where kind in ('invoice', 'payment') and currency is not null
    group by kind, currency order by kind, currency`.execute(db);
  const text = (minor: string | null, currency: string) =>
    formatMoney({ amountMinor: BigInt(minor ?? '0'), currency });
  return rows.map((row) => ({
    kind: row.kind,
    currency: row.currency,
    count: Number(row.count),
    synced: Number(row.synced),
    amount: text(row.amount, row.currency),
    syncedAmount: text(row.synced_amount, row.currency),
  }));
}
