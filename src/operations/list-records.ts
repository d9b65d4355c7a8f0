/** A page of records, newest change first, by filter. */
import { type RawBuilder, sql } from 'kysely';
import type { DocumentKind } from '../core/canonical.ts';
import { UsageError } from '../core/errors.ts';
import { amountTextOf, type DocumentState, type Reason } from '../store/documents.ts';
import { type Actor, requireRole } from './context.ts';
import type { OperationParts } from './parts.ts';

export type RecordFilter = {
  connectionId?: string | undefined;
  state?: DocumentState | undefined;
  kind?: DocumentKind | undefined;
  /** Part of a number, a name or an id. */
  search?: string | undefined;
  /** Reason code. */
  reason?: string | undefined;
};

export type RecordRow = {
  id: string;
  connection_id: string;
  connection_name: string;
  kind: DocumentKind;
  source_id: string;
  label: string;
  state: DocumentState;
  reason: Reason | null;
  currency: string | null;
  amount_minor: string | null;
  counterpart_number: string | null;
  first_seen_at: Date;
  changed_at: Date;
};

export function toRecordSummary(row: RecordRow) {
  return {
    id: row.id,
    connectionId: row.connection_id,
    connectionName: row.connection_name,
    kind: row.kind,
    sourceId: row.source_id,
    label: row.label,
    state: row.state,
    reason: row.reason && { ...row.reason, waitsFor: undefined },
    currency: row.currency,
    amount: amountTextOf(row),
    counterpartNumber: row.counterpart_number,
    firstSeenAt: row.first_seen_at.toISOString(),
    changedAt: row.changed_at.toISOString(),
  };
}

export function recordConditions(filter: RecordFilter): RawBuilder<unknown> {
  const like = filter.search && `%${filter.search.replaceAll(/[\\%_]/g, '\\$&')}%`;
  const conditions = [
    filter.connectionId && sql`d.connection_id = ${filter.connectionId}`,
    filter.state && sql`d.state = ${filter.state}`,
    filter.kind && sql`d.kind = ${filter.kind}`,
    filter.reason && sql`d.reason ->> 'code' = ${filter.reason}`,
    like && sql`(d.label ilike ${like} or d.source_id ilike ${like} or l.counterpart_number ilike ${like})`,
  ].filter((condition) => typeof condition === 'object');
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `);
}

/** Documents with their connection's name and one counterpart. */
export const RECORD_ROWS = sql`
  select d.*, c.name as connection_name, l.counterpart_number
  from documents d
  join connections c on c.id = d.connection_id
  left join lateral (
    select counterpart_number from links l
    where l.connection_id = d.connection_id and l.kind = d.kind and l.source_id = d.source_id
    order by l.created_at limit 1
  ) l on true`;

export async function listRecords(
  parts: OperationParts,
  actor: Actor,
  query: RecordFilter & { cursor?: string | undefined; limit: number },
) {
  requireRole(actor, 'viewer');
  const after = query.cursor === undefined ? sql`true` : parseCursor(query.cursor);
  const { rows } = await sql<RecordRow>`${RECORD_ROWS} where ${recordConditions(query)} and ${after}
    order by d.changed_at desc, d.id desc limit ${query.limit + 1}`.execute(parts.db);
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  const next = rows.length > query.limit && last ? `${last.changed_at.getTime()}_${last.id}` : null;
  return { records: page.map(toRecordSummary), next };
}

/** "<epoch ms>_<id>": changes are stored in whole milliseconds. */
function parseCursor(cursor: string): RawBuilder<unknown> {
  const [, at, id] = /^(\d{1,15})_([0-9a-f-]{36})$/.exec(cursor) ?? [];
  if (at === undefined || id === undefined)
    throw new UsageError('The cursor is not one of ours.', 'Start from the first page.');
  return sql`(d.changed_at, d.id) < (${new Date(Number.parseInt(at, 10))}, ${id}::uuid)`;
}
