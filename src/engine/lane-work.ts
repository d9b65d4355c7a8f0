/** What work inside a lane needs: the lease, the open connection, and transactions that are fenced and audited. */

import { freeInSlices } from '../platform/redact.ts';
import type { Db } from '../store/db.ts';
import {
  type DocumentState,
  listWaitingFor,
  lockState,
  type Reason,
  type SyncDocument,
  setDocumentState,
} from '../store/documents.ts';
import { type Answered, type EventRow, listEvents, settleEvents } from '../store/events.ts';
import { assertLease, type Lease } from '../store/lanes.ts';
import { listLinks, listLinksOfCounterparts } from '../store/links.ts';
import { appendTrail, documentSubject, type TrailEntryKind } from '../store/trail.ts';
import { type DurableStep, reach } from './checkpoints.ts';
import type { OpenConnection } from './connection-runtime.ts';
import { acceptEvents } from './intake.ts';
import { ENGINE_ACTOR, type EngineParts, nowOf } from './parts.ts';

export type LaneWork = { parts: EngineParts; open: OpenConnection; lease: Lease };

/** A transaction that writes only while the lease is ours (I5). */
export function fenced<T>(work: LaneWork, write: (tx: Db) => Promise<T>): Promise<T> {
  return fencedAt(work, 'note', write);
}

/** The same where what is written has a name of its own among the durable steps. */
export async function fencedAt<T>(
  { parts, lease }: LaneWork,
  step: DurableStep,
  write: (tx: Db) => Promise<T>,
): Promise<T> {
  const result = await parts.db.transaction().execute(async (tx) => {
    await assertLease(tx, lease, nowOf(parts));
    const written = await write(tx);
    await reach(parts, `before ${step}`, { lease });
    return written;
  });
  await reach(parts, `after ${step}`, { lease });
  return result;
}

export async function note(
  work: LaneWork,
  tx: Db,
  document: SyncDocument,
  entry: TrailEntryKind,
  data: { summary: string } & Record<string, unknown>,
): Promise<void> {
  await appendTrail(
    tx,
    {
      subject: documentSubject(document.id),
      connectionId: document.connectionId,
      actor: ENGINE_ACTOR,
      entry,
      data: await freeInSlices(data, work.parts.vault.known),
    },
    nowOf(work.parts),
  );
}

/** What has told of the document. */
export async function noteEvent(
  work: LaneWork,
  tx: Db,
  document: SyncDocument,
  event: EventRow,
): Promise<void> {
  const again = event.repeats > 0 && { repeats: event.repeats, repeatedAt: event.repeatedAt?.toISOString() };
  await note(work, tx, document, 'event', {
    summary: `${event.origin}: ${event.topic}${again ? `, said ${event.repeats + 1} times` : ''}`,
    seq: event.seq,
    origin: event.origin,
    topic: event.topic,
    receivedAt: event.receivedAt.toISOString(),
    ...again,
    ...(event.raw ? { rawBody: event.raw.toString('utf8'), headers: event.headers, signature: 'valid' } : {}),
  });
}

/**
 * Gives the document its end state, and the events that its read answers theirs. What waited for this
 * document is looked at again once another state than parked is new, and the rest that its copy holds once parked is.
 */
export async function settle(
  work: LaneWork,
  document: SyncDocument,
  answered: Answered,
  state: Exclude<DocumentState, 'pending'>,
  reason: Reason | null,
  also?: (tx: Db) => Promise<void>,
): Promise<void> {
  const { parts } = work;
  const now = nowOf(parts);
  const settled = await fencedAt(work, 'state', async (tx) => {
    await also?.(tx);
    await setDocumentState(tx, document.id, state, reason, now);
    const events = await settleEvents(tx, document.id, answered, state, now);
    // What came in after the look had begun, and before its read did.
    const unsaid = events.filter(({ noted }) => !noted).map(({ seq }) => seq);
    if (unsaid.length > 0)
      for (const event of await listEvents(tx, unsaid)) await noteEvent(work, tx, document, event);
    await note(work, tx, document, 'state', {
      summary: reason ? `${state}: ${reason.message}` : state,
      state,
      reason,
    });
    if (state === 'parked') {
      await wakeIfSettled(work, tx, document, reason);
      // Once: a rest may have its payment look again.
      if (document.state !== 'parked') await wakeRests(work, tx, document);
    } else if (document.state !== state || document.reason?.code !== reason?.code) {
      // Its steps have woken them, too; without a change nobody is, as a look of theirs may be what brought this one about.
      await wakeWaiting(work, tx, document);
    }
    return events;
  });
  parts.metrics.documentsSettled.inc({ kind: document.kind, state });
  for (const { receivedAt } of settled)
    parts.metrics.lagSeconds.observe((now.getTime() - receivedAt.getTime()) / 1000);
  parts.announce({ id: document.id, state });
}

/** Whoever waits for this document looks again. */
export async function wakeWaiting(work: LaneWork, tx: Db, document: SyncDocument): Promise<void> {
  const waiting = await listWaitingFor(tx, document.id);
  await wake(work, tx, waiting, `${document.kind} ${document.label} has changed`);
}

/** Another lane may have settled what is waited for, since it was looked at and before anybody was seen to wait. */
async function wakeIfSettled(
  work: LaneWork,
  tx: Db,
  document: SyncDocument,
  reason: Reason | null,
): Promise<void> {
  const awaited = reason?.waitsFor;
  if (awaited === undefined) return;
  if (document.state === 'parked' && document.reason?.waitsFor === awaited) return;
  const state = await lockState(tx, awaited);
  if (state === 'synced' || state === 'ignored')
    await wake(work, tx, [document], 'what it waits for is settled');
}

/** P5: the copy of what an overpayment left over is the payment's. */
async function wakeRests(work: LaneWork, tx: Db, document: SyncDocument): Promise<void> {
  if (document.kind !== 'payment') return;
  const copies = (await listLinks(tx, document)).map(({ counterpart }) => counterpart.id);
  const held = await listLinksOfCounterparts(tx, document.connectionId, copies);
  const rests = held.filter(({ kind }) => kind === 'credit');
  await wake(work, tx, rests, `payment ${document.label} is parked`);
}

/** These documents look again: something they stand on has moved. */
export async function wake(
  { parts }: LaneWork,
  tx: Db,
  others: readonly Pick<SyncDocument, 'connectionId' | 'kind' | 'sourceId'>[],
  topic: string,
): Promise<void> {
  await acceptEvents(
    parts,
    tx,
    others.map(({ connectionId, kind, sourceId }) => ({
      connectionId,
      kind,
      sourceId,
      origin: 'dependency' as const,
      topic,
    })),
  );
}
