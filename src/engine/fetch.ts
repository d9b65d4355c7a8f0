/** Fetch: reads a document's present state, stores it as a revision, and puts the document into its client's lane. */
import { newId } from '../core/ids.ts';
import { fingerprintInTurns, type JsonObject } from '../core/json.ts';
import type { SourceRecord } from '../core/ports.ts';
import { findBlock } from '../store/blocks.ts';
import type { Db } from '../store/db.ts';
import { listOpenInLane } from '../store/deliveries.ts';
import {
  clientLane,
  loadDocument,
  moveDocument,
  type SyncDocument,
  setDocumentFace,
} from '../store/documents.ts';
import {
  type Answered,
  type EventRow,
  inOrder,
  listUnsettledEvents,
  nextTick,
  noteFresh,
} from '../store/events.ts';
import { listPaymentLinksOf } from '../store/links.ts';
import { findLatestRevision, recordRevision } from '../store/revisions.ts';
import { callPriority } from './call-priority.ts';
import { PRIORITY, wakeLanes } from './intake.ts';
import { fenced, fencedAt, type LaneWork, note, noteEvent, wake } from './lane-work.ts';
import { labelOf, nowOf } from './parts.ts';

export type Fetched =
  /** `verify`: somebody asked for a fresh look at the copy. */
  | { found: true; record: SourceRecord; answered: Answered; revisionId: string; verify: boolean }
  | { found: false; answered: Answered }
  /** It belongs to another lane, which has been woken. */
  | { moved: true };

export async function fetchDocument(work: LaneWork, document: SyncDocument): Promise<Fetched> {
  const { parts, open } = work;
  const events = await takeEvents(work, document);
  const verify = events.some((event) => event.origin === 'replay' || event.origin === 'reconciliation');
  const newest = events.at(-1)?.seq ?? 0n;
  const carried = usableRecord(document, events);
  if (!carried && newest <= document.fetchedSeq) {
    const latest = await findLatestRevision(parts.db, document.id);
    if (latest) {
      const record = open.source.toRecord(document.kind, latest.raw);
      return { found: true, record, answered: { upTo: document.fetchedSeq }, revisionId: latest.id, verify };
    }
  }
  const readSeq = carried?.readSeq ?? (await nextTick(parts.db));
  const record = carried
    ? open.source.toRecord(document.kind, carried.record)
    : await open.source.read(document.kind, document.sourceId);
  const answered: Answered = carried ? { upTo: readSeq, carrier: carried.seq } : { upTo: readSeq };
  return record ? keep(work, document, record, answered, verify) : { found: false, answered };
}

/** The newest record that came along with an event, unless something told us to look again after it was read. */
function usableRecord(
  document: SyncDocument,
  events: readonly EventRow[],
): { record: JsonObject; readSeq: bigint; seq: bigint } | undefined {
  const carrier = events.findLast((event) => event.record !== null && event.readSeq !== null);
  if (!carrier || carrier.record === null || carrier.readSeq === null) return undefined;
  const readSeq = carrier.readSeq;
  // Equal means this very read: it was stored when the document changed its lane.
  const stale =
    readSeq < document.fetchedSeq || events.some((event) => event !== carrier && event.seq > readSeq);
  return stale ? undefined : { record: carrier.record, readSeq, seq: carrier.seq };
}

async function keep(
  work: LaneWork,
  document: SyncDocument,
  record: SourceRecord,
  answered: Answered,
  verify: boolean,
): Promise<Fetched> {
  const { parts } = work;
  // Where nothing tells the client, the document stays where it is and its mapping says what is missing.
  const lane = record.clientId === '' ? document.lane : clientLane(record.clientId);
  const moves = document.lane !== lane;
  const revisionId = newId(parts.clock.now());
  const contentHash = await fingerprintInTurns(record.raw);
  return fencedAt(work, 'revision', async (tx): Promise<Fetched> => {
    if (moves && !(await moveDocument(tx, document, lane))) return { moved: true };
    await lookForDeletedPayments(work, tx, document, record);
    const stored = await recordRevision(
      tx,
      document.id,
      { id: revisionId, readSeq: answered.upTo, raw: record.raw, contentHash },
      nowOf(parts),
    );
    await setDocumentFace(tx, document.id, record);
    if (stored) {
      await note(work, tx, document, 'revision', {
        summary: `read from ${labelOf(work.parts, work.open.connection, 'source')}: ${document.kind} ${record.label}`,
        revisionId,
        contentHash,
        raw: record.raw,
      });
    }
    if (moves && lane !== work.lease.lane) {
      const priority = PRIORITY[callPriority() === 'live' ? 'webhook' : 'backfill'];
      await wakeLanes(tx, parts.queue, [{ connectionId: document.connectionId, lane }], priority);
      await tellOpen(work, tx, document);
      return { moved: true };
    }
    const present = stored ?? (await findLatestRevision(tx, document.id));
    return { found: true, record, answered, revisionId: present?.id ?? revisionId, verify };
  });
}

/** Where no list shows deleted payments, an invoice that owes more than before has its payments read again. */
async function lookForDeletedPayments(
  work: LaneWork,
  tx: Db,
  document: SyncDocument,
  { owed }: SourceRecord,
): Promise<void> {
  if (document.kind !== 'invoice' || owed === undefined) return;
  const { connectionId } = document;
  const block = { connectionId, side: 'source', what: 'deleted-filter payment' } as const;
  if (!(await findBlock(tx, block))) return;
  const latest = await findLatestRevision(tx, document.id);
  const before = latest && work.open.source.toRecord('invoice', latest.raw).owed;
  if (!before || before.currency !== owed.currency || owed.amountMinor <= before.amountMinor) return;
  const payments = await listPaymentLinksOf(tx, connectionId, document.sourceId);
  await wake(work, tx, payments, `invoice ${document.label} owes more than before`);
}

/** Whoever has an open step here was resumed together with the document that leaves: from now on by itself. */
async function tellOpen(work: LaneWork, tx: Db, leaving: SyncDocument): Promise<void> {
  for (const id of await listOpenInLane(tx, work.lease, leaving.id))
    await wake(work, tx, [await loadDocument(tx, id)], `${leaving.kind} ${leaving.label} has left`);
}

/** What is to be answered. From here on nothing is counted into these events: what comes in becomes one of its own. */
async function takeEvents(work: LaneWork, document: SyncDocument): Promise<EventRow[]> {
  const events = await listUnsettledEvents(work.parts.db, document.id);
  if (events.every((event) => event.noted)) return events;
  const fresh = await fenced(work, async (tx) => {
    const noted = await noteFresh(tx, document.id);
    for (const event of noted) await noteEvent(work, tx, document, event);
    return noted;
  });
  const all = [...events.filter((event) => event.noted), ...fresh];
  return all.toSorted(inOrder);
}
