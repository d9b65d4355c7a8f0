/** One record with its timeline, page by page, and whether its hash chain is unbroken. */
import { sql } from 'kysely';
import { NotFound } from '../core/errors.ts';
import { isId } from '../core/ids.ts';
import type { PackedOrigin } from '../core/origins.ts';
import { documentSubject, findNewestEntry, listTrailPage } from '../store/trail.ts';
import { checkRecordChain } from './chain-view.ts';
import { type Actor, requireRole } from './context.ts';
import { RECORD_ROWS, type RecordRow, toRecordSummary } from './list-records.ts';
import type { OperationParts } from './parts.ts';
import { traceFields } from './trace-fields.ts';

/** Values on one page: a record of thousands of lines must not hold up everybody else. */
const FIELDS_ON_A_PAGE = 500;

export type RecordPlace = {
  recordId: string;
  /** The timeline before this position; the newest entries when left out. */
  before?: number | undefined;
  /** The first of the values that are shown. */
  fieldsFrom?: number | undefined;
};

/** A page of it: `earlier` leads to the entries before, `fieldsLeft` tells how many values come after. */
export async function showRecord(parts: OperationParts, actor: Actor, place: RecordPlace) {
  requireRole(actor, 'viewer');
  const { recordId, before, fieldsFrom = 0 } = place;
  const { rows } = isId(recordId)
    ? await sql<RecordRow>`${RECORD_ROWS} where d.id = ${recordId}`.execute(parts.db)
    : { rows: [] };
  const [row] = rows;
  if (!row) throw new NotFound(`There is no record ${recordId}.`, 'records lists them.');
  const subject = documentSubject(row.id);
  const page = await listTrailPage(parts.db, subject, before);
  const chain = await checkRecordChain(parts.db, row.id);
  const forms = await findForms(parts, subject);
  const { fields, left } = traceFields(forms, { from: fieldsFrom, most: FIELDS_ON_A_PAGE });
  return {
    record: toRecordSummary(row),
    related: await listRelated(parts, row, forms.canonical),
    fields,
    fieldsLeft: left,
    /** Whether the mapping said where values stood: older ones did not. */
    recorded: {
      source: forms.source.origins !== undefined,
      destination: forms.destination.origins !== undefined,
    },
    timeline: page.entries.map(({ position, at, actor: by, entry, data: { summary, ...data } }) => ({
      position,
      at: at.toISOString(),
      actor: by,
      entry,
      summary,
      data,
    })),
    earlier: page.earlier,
    chainIntact: chain.state !== 'broken',
    chain,
  };
}

/** All pages as one; for a program of its own, which nobody else waits for. */
export async function showWholeRecord(parts: OperationParts, actor: Actor, recordId: string) {
  const whole = await showRecord(parts, actor, { recordId });
  while (whole.earlier !== null) {
    const { timeline, earlier } = await showRecord(parts, actor, { recordId, before: whole.earlier });
    whole.timeline = [...timeline, ...whole.timeline];
    whole.earlier = earlier;
  }
  while (whole.fieldsLeft > 0) {
    const fieldsFrom = whole.fields.length;
    const { fields, fieldsLeft } = await showRecord(parts, actor, { recordId, fieldsFrom });
    whole.fields = [...whole.fields, ...fields];
    whole.fieldsLeft = fieldsLeft;
  }
  return whole;
}

/** The newest of each form that the record had, with what the mapping recorded of it. */
async function findForms({ db }: OperationParts, subject: string) {
  const revision = await findNewestEntry(db, subject, 'revision', ({ raw }) => raw !== undefined);
  const mapped = await findNewestEntry(
    db,
    subject,
    'transformation',
    ({ canonical }) => canonical !== undefined,
  );
  // A step that carries no value (posting) says nothing about where values are.
  const carries = ({ origins }: Record<string, unknown>) => !Array.isArray(origins) || origins.length > 0;
  const intent = await findNewestEntry(db, subject, 'intent', carries);
  const request = intent?.['request'] as { body?: unknown } | undefined;
  const originsOf = (data: Record<string, unknown> | undefined) =>
    data?.['origins'] as readonly PackedOrigin[] | undefined;
  return {
    source: { record: revision?.['raw'], origins: originsOf(mapped) },
    canonical: mapped?.['canonical'] as Record<string, unknown> | undefined,
    destination: { record: request?.body, origins: originsOf(intent) },
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

/**
 * Finds a record by its id, "invoice 4711" (kind and source id), or its number or name. The surer way goes first: what a
 * client calls itself never stands in the way of an id. Throws NotFound.
 */
export async function findRecordId(parts: OperationParts, text: string): Promise<string> {
  const [, kind, sourceId] = /^(client|invoice|payment|credit)[\s/](.+)$/.exec(text) ?? [];
  const { rows } = await sql<{ id: string; kind: string; label: string; rank: number }>`
    select d.id, d.kind, d.label, case
        when d.id::text = lower(${text}) then 1
        when d.kind = ${kind ?? ''} and d.source_id = ${sourceId ?? ''} then 2
        else 3 end as rank
    from documents d
    left join links l on l.connection_id = d.connection_id and l.kind = d.kind and l.source_id = d.source_id
    where d.id::text = lower(${text}) or (d.kind = ${kind ?? ''} and d.source_id = ${sourceId ?? ''})
      or d.label = ${text} or l.counterpart_number = ${text}
    group by d.id order by rank limit 20`.execute(parts.db);
  const [only, ...others] = rows.filter(({ rank }) => rank === rows[0]?.rank);
  if (!only) throw new NotFound(`There is no record ${JSON.stringify(text)}.`, 'records lists them.');
  if (others.length > 0) {
    const fit = [only, ...others];
    throw new NotFound(
      `${fit.length} records fit ${JSON.stringify(text)}: ${fit.map((row) => `${row.kind} ${row.label} (${row.id})`).join(', ')}.`,
      'Name one by its id.',
    );
  }
  return only.id;
}
