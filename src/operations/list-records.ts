/** A page of records, newest change first, by filter. */
import { type RawBuilder, sql } from 'kysely';
import type { DocumentKind } from '../core/canonical.ts';
import { UsageError } from '../core/errors.ts';
import { isId } from '../core/ids.ts';
import { formatMoney, type Money, parseMoney } from '../core/money.ts';
import { amountTextOf, type DocumentState, type Reason } from '../store/documents.ts';
import { type Actor, requireRole } from './context.ts';
import type { OperationParts } from './parts.ts';

export type RecordFilter = {
  connectionId?: string | undefined;
  state?: DocumentState | undefined;
  kind?: DocumentKind | undefined;
  currency?: string | undefined;
  /** Part of a number, a client's name or an id, or a whole amount. */
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
  lane: string;
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
  const conditions = [
    filter.connectionId && sql`d.connection_id = ${filter.connectionId}`,
    filter.state && sql`d.state = ${filter.state}`,
    filter.kind && sql`d.kind = ${filter.kind}`,
    filter.currency && sql`d.currency = ${filter.currency}`,
    filter.reason && sql`d.reason ->> 'code' = ${filter.reason}`,
    filter.search && foundBy(filter.search.trim()),
  ].filter((condition) => typeof condition === 'object');
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `);
}

/** Each part of the union has an index of its own. */
function foundBy(text: string): RawBuilder<unknown> {
  const like = `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
  const amounts = amountsOf(text);
  return sql`d.id in (
    select id from documents where label ilike ${like}
    union select id from documents where source_id ilike ${like}
    ${isId(text) ? sql`union select ${text}::uuid` : sql``}
    union select o.id from links n join documents o using (connection_id, kind, source_id)
      where n.counterpart_number ilike ${like}
    union select o.id from documents c
      join documents o on o.connection_id = c.connection_id and o.lane = 'client/' || c.source_id
      where c.kind = 'client' and c.label ilike ${like}
    ${amounts.length === 0 ? sql`` : sql`union select id from documents where ${isAmount(amounts)}`})`;
}

/** "1,250.00" in every currency that has such an amount. */
function amountsOf(text: string): Money[] {
  const plain = text.replaceAll(',', '');
  if (!/^-?\d{1,15}(\.\d{1,4})?$/.test(plain)) return [];
  return Intl.supportedValuesOf('currency').flatMap((currency) => {
    try {
      return [parseMoney(plain, currency)];
    } catch {
      return [];
    }
  });
}

function isAmount(amounts: readonly Money[]): RawBuilder<unknown> {
  const minors = amounts.map(({ amountMinor }) => amountMinor.toString());
  const currencies = amounts.map(({ currency }) => currency);
  return sql`amount_minor = any(${[...new Set(minors)]}::numeric[])
    and (currency, amount_minor) in (select * from unnest(${currencies}::text[], ${minors}::numeric[]))`;
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
  const [, at, id = ''] = /^(\d{1,15})_(.{36})$/.exec(cursor) ?? [];
  if (at === undefined || !isId(id))
    throw new UsageError('The cursor is not one of ours.', 'Start from the first page.');
  return sql`(d.changed_at, d.id) < (${new Date(Number.parseInt(at, 10))}, ${id}::uuid)`;
}

/** How many records fit a filter, by state, kind and currency: what a replay of all of them would look at. */
export async function countRecords(parts: OperationParts, actor: Actor, filter: RecordFilter) {
  requireRole(actor, 'viewer');
  const { rows } = await sql<{
    state: DocumentState;
    kind: DocumentKind;
    currency: string | null;
    count: bigint;
    amount: string | null;
  }>`
    select d.state, d.kind, d.currency, count(*) as count, sum(d.amount_minor) as amount
    from documents d where ${recordConditions(filter)} group by 1, 2, 3 order by 1, 2, 3`.execute(parts.db);
  const groups = rows.map(({ state, kind, currency, count, amount }) => ({
    state,
    kind,
    currency,
    count: Number(count),
    amount:
      currency === null || amount === null ? null : formatMoney({ currency, amountMinor: BigInt(amount) }),
  }));
  return { total: groups.reduce((sum, group) => sum + group.count, 0), groups };
}
