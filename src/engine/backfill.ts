/** Backfill: lists history page by page, each stored together with its place, and at the end proves that all is there (I9). */

import { OperatingError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import {
  clearItems,
  compareItems,
  countWaiting,
  figuresAgree,
  recordItems,
} from '../store/backfill-items.ts';
import {
  advanceBackfill,
  type Backfill,
  type BackfillReport,
  findBackfill,
  insertBackfill,
} from '../store/backfills.ts';
import { sqlRunner } from '../store/db.ts';
import { nextTick } from '../store/events.ts';
import { appendTrail, connectionSubject } from '../store/trail.ts';
import { Blocked } from './blocks.ts';
import { reach } from './checkpoints.ts';
import type { ConnectionRuntime, OpenConnection } from './connection-runtime.ts';
import { ENGINE_ACTOR, type EngineParts, nowOf } from './parts.ts';
import { connectionPauser } from './pause.ts';
import { acceptPage } from './poll.ts';

/** The next page is asked for when fewer documents wait than this: a crash then meets little that is under way. */
const MOST_WAITING = 300;
const MOST_PASSES = 3;
/** Small, for a crash repeats the page that is under way: the destination is far slower than these lists anyway. */
const PAGE_SIZE = 20;

/** Starts one; `changedSince` null = all history. Returns its id. */
export async function startBackfill(
  parts: EngineParts,
  runtime: ConnectionRuntime,
  request: { connectionId: string; changedSince: Date | null; actor: string },
): Promise<string> {
  const { source } = await runtime.open(request.connectionId);
  const [kind] = source.kinds;
  if (kind === undefined) throw new Error('a source that lists nothing cannot be backfilled');
  const id = newId(parts.clock.now());
  await parts.db.transaction().execute(async (tx) => {
    await insertBackfill(tx, { id, kind, ...request }, nowOf(parts));
    await parts.queue.wake('backfill', [{ key: id }], sqlRunner(tx));
  });
  return id;
}

/** One chunk: a page, then the next chunk is woken; or, when all has been listed, the comparison. */
export async function runBackfill(parts: EngineParts, runtime: ConnectionRuntime, id: string): Promise<void> {
  const backfill = await findBackfill(parts.db, id);
  if (backfill?.state !== 'running' && backfill?.state !== 'listed') return;
  const open = await runtime.open(backfill.connectionId);
  if (open.connection.state === 'paused') return;
  const waiting = await countWaiting(parts.db, backfill.connectionId, MOST_WAITING);
  if (backfill.state === 'listed') {
    if (waiting === 0) await conclude(parts, open, backfill);
    return;
  }
  if (waiting >= MOST_WAITING) return;
  try {
    await runChunk(parts, open, backfill);
  } catch (error) {
    if (error instanceof Blocked) return skipKind(parts, open, backfill);
    if (error instanceof OperatingError && error.kind === 'unauthorized') {
      await connectionPauser(parts)(backfill.connectionId, error.message, ENGINE_ACTOR, error.code);
      return;
    }
    if (!(error instanceof OperatingError) || error.kind !== 'rejected') throw error;
    await advanceBackfill(
      parts.db,
      backfill,
      { ...backfill, state: 'failed', error: error.message },
      nowOf(parts),
    );
  }
}

async function runChunk(parts: EngineParts, open: OpenConnection, backfill: Backfill): Promise<void> {
  const readSeq = await nextTick(parts.db);
  const page = await open.source.list({
    kind: backfill.kind,
    changedSince: backfill.changedSince?.getTime(),
    deleted: false,
    cursor: backfill.cursor ?? undefined,
    pageSize: PAGE_SIZE,
  });
  const kinds = open.source.kinds;
  const nextKind = page.next === undefined ? kinds[kinds.indexOf(backfill.kind) + 1] : backfill.kind;
  const listed = {
    ...backfill.listed,
    [backfill.kind]: (backfill.listed[backfill.kind] ?? 0) + page.records.length,
  };
  const estimated = { ...backfill.estimated, [backfill.kind]: page.estimatedTotal };
  await parts.db.transaction().execute(async (tx) => {
    const advanced = await advanceBackfill(
      tx,
      backfill,
      {
        kind: nextKind ?? backfill.kind,
        cursor: page.next ?? null,
        listed,
        estimated,
        state: nextKind === undefined ? 'listed' : 'running',
      },
      nowOf(parts),
    );
    if (!advanced) return;
    await recordItems(tx, backfill.id, page.records);
    await acceptPage(parts, tx, open, page.records, readSeq, 'backfill');
    await parts.queue.wake('backfill', [{ key: backfill.id }], sqlRunner(tx));
    await reach(parts, 'before history');
  });
  await reach(parts, 'after history');
}

/** A kind that cannot be read keeps no other from being listed; the end says what is missing. */
async function skipKind(parts: EngineParts, open: OpenConnection, backfill: Backfill): Promise<void> {
  const { kinds } = open.source;
  const next = kinds[kinds.indexOf(backfill.kind) + 1];
  await parts.db.transaction().execute(async (tx) => {
    const place = { kind: next ?? backfill.kind, cursor: null, state: next ? 'running' : 'listed' } as const;
    if (!(await advanceBackfill(tx, backfill, { ...backfill, ...place }, nowOf(parts)))) return;
    await parts.queue.wake('backfill', [{ key: backfill.id }], sqlRunner(tx));
  });
}

/** The kinds that were not listed at all. */
function unlistedKinds({ source }: OpenConnection, { listed }: Backfill): string[] {
  return source.kinds.filter((kind) => listed[kind] === undefined);
}

/**
 * Complete only when counts and sums agree. Where they do not, or where the source counted more than it showed, all is
 * listed once more: rows may have moved between pages, or changed between the list and the read.
 */
async function conclude(parts: EngineParts, open: OpenConnection, backfill: Backfill): Promise<void> {
  const report = await compareItems(parts.db, backfill);
  const unlisted = unlistedKinds(open, backfill);
  const agree = figuresAgree(report) && unlisted.length === 0;
  const again =
    unlisted.length > 0 && figuresAgree(report)
      ? false
      : agree
        ? report.short.length > 0 && backfill.pass === 1
        : backfill.pass < MOST_PASSES;
  const [first] = open.source.kinds;
  await parts.db.transaction().execute(async (tx) => {
    const place = again
      ? { kind: first ?? backfill.kind, cursor: null, listed: {}, estimated: {}, state: 'running' as const }
      : {
          ...backfill,
          state: agree ? ('complete' as const) : ('incomplete' as const),
          error:
            unlisted.length > 0 ? `Not listed, as they could not be read: ${unlisted.join('s, ')}s.` : null,
        };
    const pass = backfill.pass + (again ? 1 : 0);
    if (!(await advanceBackfill(tx, backfill, { ...place, pass, report }, nowOf(parts)))) return;
    if (again) {
      await clearItems(tx, backfill.id);
      await parts.queue.wake('backfill', [{ key: backfill.id }], sqlRunner(tx));
    }
    await noteEnd(parts, tx, backfill, again ? 'listed once more' : place.state, report);
  });
}

async function noteEnd(
  parts: EngineParts,
  tx: EngineParts['db'],
  { id, connectionId, pass, actor }: Backfill,
  end: string,
  report: BackfillReport,
): Promise<void> {
  await appendTrail(
    tx,
    {
      subject: connectionSubject(connectionId),
      connectionId,
      actor: ENGINE_ACTOR,
      entry: 'decision',
      data: { summary: `backfill: ${end}`, backfill: id, pass, startedBy: actor, report },
    },
    nowOf(parts),
  );
}
