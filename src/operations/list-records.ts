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
  /** Part of a number or a client's name; a whole amount, id or date, or the year and month of a date. */
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
  client_name: string | null;
  invoice_number: string | null;
  dated_on: string | null;
  confirmed_at: Date | null;
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
    clientName: row.kind === 'client' ? null : row.client_name,
    invoiceNumber: row.invoice_number,
    date: row.dated_on,
    readBackAt: row.confirmed_at?.toISOString() ?? null,
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
    union select id from documents where source_id = ${text}
    ${isId(text) ? sql`union select ${text}::uuid` : sql``}
    union select o.id from links n join documents o using (connection_id, kind, source_id)
      where n.counterpart_number ilike ${like}
    union select p.id from documents i join documents p on p.connection_id = i.connection_id
      and p.invoice_source_id = i.source_id
      where i.kind = 'invoice' and i.label ilike ${like}
    ${isDate(text) ? sql`union select id from documents where dated_on like ${`${text}%`}` : sql``}
    union select o.id from documents c
      join documents o on o.connection_id = c.connection_id and o.lane = 'client/' || c.source_id
      where c.kind = 'client' and c.label ilike ${like}
    ${amounts.length === 0 ? sql`` : sql`union select id from documents where ${isAmount(amounts)}`})`;
}

/** "2026-03" or "2026-03-01". */
const isDate = (text: string) => /^\d{4}-\d{2}(-\d{2})?$/.test(text);

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

/** Documents with their connection's name, one counterpart, the client's name and a payment's invoice; `documents` are as `d`. */
const recordRows = (documents: RawBuilder<unknown>) => sql`
  select d.*, c.name as connection_name, l.counterpart_number, l.confirmed_at, k.label as client_name, i.label as invoice_number
  from ${documents} d
  join connections c on c.id = d.connection_id
  left join lateral (
    select counterpart_number, confirmed_at from links l
    where l.connection_id = d.connection_id and l.kind = d.kind and l.source_id = d.source_id
    order by l.created_at limit 1
  ) l on true
  left join documents k on k.connection_id = d.connection_id and k.kind = 'client'
    and k.source_id = substr(d.lane, 8) and d.lane like 'client/%'
  left join documents i on i.connection_id = d.connection_id and i.kind = 'invoice'
    and i.source_id = d.invoice_source_id`;

export const RECORD_ROWS = recordRows(sql`documents`);

export async function listRecords(
  parts: OperationParts,
  actor: Actor,
  query: RecordFilter & { cursor?: string | undefined; limit: number },
) {
  requireRole(actor, 'viewer');
  const after = query.cursor === undefined ? sql`true` : parseCursor(query.cursor);
  const order = sql`order by d.changed_at desc, d.id desc`;
  // What belongs to a record is looked up for those of the page alone.
  const documents = sql`(select * from documents d where ${recordConditions(query)} and ${after} ${order}
    limit ${query.limit + 1})`;
  const { rows } = await sql<RecordRow>`${recordRows(documents)} ${order}`.execute(parts.db);
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
