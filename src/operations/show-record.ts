/** One record with its whole timeline, and whether its hash chain is unbroken. */
import { sql } from 'kysely';
import { NotFound } from '../core/errors.ts';
import { formatMoney } from '../core/money.ts';
import { documentSubject, listTrail, type TrailEntry } from '../store/trail.ts';
import { checkRecordChain } from './chain-view.ts';
import { type Actor, requireRole } from './context.ts';
import { RECORD_ROWS, type RecordRow, toRecordSummary } from './list-records.ts';
import type { OperationParts } from './parts.ts';
import { traceFields } from './trace-fields.ts';

export async function showRecord(parts: OperationParts, actor: Actor, { recordId }: { recordId: string }) {
  requireRole(actor, 'viewer');
  const { rows } = await sql<RecordRow>`${RECORD_ROWS} where d.id::text = ${recordId}`.execute(parts.db);
  const [row] = rows;
  if (!row) throw new NotFound(`There is no record ${recordId}.`, 'records lists them.');
  const subject = documentSubject(row.id);
  const trail = await listTrail(parts.db, subject);
  const chain = await checkRecordChain(parts.db, row.id);
  const story = toForms(trail);
  return {
    record: toRecordSummary(row),
    related: await listRelated(parts, row, story.canonical),
    fields: traceFields(story, ({ amountMinor, currency }) =>
      formatMoney({ amountMinor: BigInt(amountMinor), currency }),
    ),
    timeline: trail.map(({ position, at, actor: by, entry, data: { summary, ...data } }) => ({
      position,
      at: at.toISOString(),
      actor: by,
      entry,
      summary,
      data,
    })),
    chainIntact: chain.state !== 'broken',
    chain,
  };
}

/** The newest of each form that the record had. */
function toForms(trail: readonly TrailEntry[]) {
  const newest = (entry: TrailEntry['entry'], member: string): unknown =>
    trail.findLast((one) => one.entry === entry && one.data[member] !== undefined)?.data[member];
  const request = newest('intent', 'request') as { body?: unknown } | undefined;
  return {
    source: newest('revision', 'raw'),
    canonical: newest('transformation', 'canonical') as Record<string, unknown> | undefined,
    destination: request?.body,
  };
}

const MOST_RELATED = 50;

/** Its client, the invoice it pays, and what pays it; for a client, its newest records. */
async function listRelated(
  parts: OperationParts,
  row: RecordRow,
  canonical: Record<string, unknown> | undefined,
) {
  const invoiceId = typeof canonical?.['invoiceId'] === 'string' ? canonical['invoiceId'] : null;
  const { rows } =
    await sql<RecordRow>`${RECORD_ROWS} where d.connection_id = ${row.connection_id} and d.id <> ${row.id}
    and d.lane = ${row.lane} and (
      ${row.kind} = 'client' or d.kind = 'client'
      or (${row.kind} = 'payment' and d.kind = 'invoice' and d.source_id = ${invoiceId})
      or (${row.kind} = 'invoice' and d.kind in ('payment', 'credit') and exists (
        select from links p where p.connection_id = d.connection_id and p.kind = d.kind and p.source_id = d.source_id
          and p.copied ->> 'invoiceSourceId' = ${row.source_id})))
    order by d.kind = 'client' desc, d.changed_at desc, d.id desc limit ${MOST_RELATED}`.execute(parts.db);
  return rows.map(toRecordSummary);
}

/** Finds a record by its id, its number or name, or "invoice 4711" (kind and source id). Throws NotFound. */
export async function findRecordId(parts: OperationParts, text: string): Promise<string> {
  const [, kind, sourceId] = /^(client|invoice|payment|credit)[\s/](.+)$/.exec(text) ?? [];
  const { rows } = await sql<{ id: string; kind: string; label: string }>`
    select d.id, d.kind, d.label from documents d
    left join links l on l.connection_id = d.connection_id and l.kind = d.kind and l.source_id = d.source_id
    where d.id::text = ${text} or (d.kind = ${kind ?? ''} and d.source_id = ${sourceId ?? ''})
      or d.label = ${text} or l.counterpart_number = ${text}
    group by d.id limit 20`.execute(parts.db);
  const [only, ...others] = rows;
  if (!only) throw new NotFound(`There is no record ${JSON.stringify(text)}.`, 'records lists them.');
  if (others.length > 0) {
    throw new NotFound(
      `${rows.length} records fit ${JSON.stringify(text)}: ${rows.map((row) => `${row.kind} ${row.label} (${row.id})`).join(', ')}.`,
      'Name one by its id.',
    );
  }
  return only.id;
}
