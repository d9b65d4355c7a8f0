/** What a backfill has listed, document by document, and how it compares with what is stored (I9). */
import { sql } from 'kysely';
import type { DocumentKind } from '../core/canonical.ts';
import type { SourceRecord } from '../core/ports.ts';
import type { Backfill, BackfillFigure, BackfillReport } from './backfills.ts';
import type { Db } from './db.ts';

const MISSING_SHOWN = 20;

/** A document that two pages show is one item, with the newer amount. */
export async function recordItems(
  db: Db,
  backfillId: string,
  records: readonly SourceRecord[],
): Promise<void> {
  const items = [...new Map(records.map((record) => [record.sourceId, record])).values()].map((record) => ({
    kind: record.kind,
    source_id: record.sourceId,
    currency: record.amount?.currency ?? null,
    amount_minor: record.amount?.amountMinor.toString() ?? null,
  }));
  if (items.length === 0) return;
  await sql`
    insert into backfill_items (backfill_id, kind, source_id, currency, amount_minor)
    select ${backfillId}, kind, source_id, currency, amount_minor
    from jsonb_to_recordset(${JSON.stringify(items)}::jsonb)
      as r(kind text, source_id text, currency text, amount_minor numeric)
    on conflict (backfill_id, kind, source_id)
      do update set currency = excluded.currency, amount_minor = excluded.amount_minor`.execute(db);
}

export async function clearItems(db: Db, backfillId: string): Promise<void> {
  await db.deleteFrom('backfill_items').where('backfill_id', '=', backfillId).execute();
}

/** How many events of this backfill's connection wait for their end state, counted up to `most`. */
export async function countWaiting(db: Db, connectionId: string, most: number): Promise<number> {
  const { rows } = await sql<{ waiting: bigint }>`
    select count(*) as waiting from (
      select 1 from events
      where settled_at is null and connection_id = ${connectionId} and origin = 'backfill' limit ${most}
    ) as waits`.execute(db);
  return Number(rows[0]?.waiting ?? 0n);
}

/** Counts and sums of the listed documents beside those of the same documents as they are stored. */
export async function compareItems(db: Db, backfill: Backfill): Promise<BackfillReport> {
  const { rows } = await sql<FigureRow>`
    ${joinedItems(backfill)}
    select kind, currency, sum(listed)::integer as listed, sum(listed_minor)::text as listed_minor,
      sum(stored)::integer as stored, sum(stored_minor)::text as stored_minor
    from (
      select kind, currency, 1 as listed, coalesce(amount_minor, 0) as listed_minor, 0 as stored, 0 as stored_minor from item
      union all
      select kind, stored_currency, 0, 0, 1, coalesce(stored_minor, 0) from item where stored
    ) both_sides group by kind, currency order by kind, currency nulls first`.execute(db);
  const missing = await sql<{ name: string }>`
    ${joinedItems(backfill)}
    select kind || ' ' || source_id as name from item where not stored order by 1 limit ${MISSING_SHOWN}`.execute(
    db,
  );
  const figures = rows.map(toFigure);
  return { figures, missing: missing.rows.map(({ name }) => name), short: findShort(backfill, figures) };
}

type FigureRow = {
  kind: DocumentKind;
  currency: string | null;
  listed: number;
  listed_minor: string;
  stored: number;
  stored_minor: string;
};

function joinedItems(backfill: Backfill) {
  return sql`with item as (
    select i.kind, i.source_id, i.currency, i.amount_minor, d.revision_id is not null as stored,
      d.currency as stored_currency, d.amount_minor as stored_minor
    from backfill_items i
    left join documents d on d.connection_id = ${backfill.connectionId} and d.kind = i.kind and d.source_id = i.source_id
    where i.backfill_id = ${backfill.id})`;
}

function toFigure(row: FigureRow): BackfillFigure {
  return {
    kind: row.kind,
    currency: row.currency,
    listed: row.listed,
    listedMinor: row.listed_minor,
    stored: row.stored,
    storedMinor: row.stored_minor,
  };
}

/** The source's own count may include rows that it does not show: a reason to look twice, not a verdict. */
function findShort({ estimated }: Backfill, figures: readonly BackfillFigure[]): BackfillReport['short'] {
  return Object.entries(estimated).flatMap(([kind, counted]) => {
    const listed = figures.filter((one) => one.kind === kind).reduce((sum, one) => sum + one.listed, 0);
    return listed < counted ? [{ kind: kind as DocumentKind, listed, counted }] : [];
  });
}

export function figuresAgree({ figures }: BackfillReport): boolean {
  return figures.every(
    (one) => one.listed === one.stored && BigInt(one.listedMinor) === BigInt(one.storedMinor),
  );
}
