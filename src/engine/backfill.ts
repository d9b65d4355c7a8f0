/** Backfill: lists history page by page; each page is stored together with its place, so a crash repeats one page. */
import { newId } from '../core/ids.ts';
import { OperatingError } from '../core/errors.ts';
import { advanceBackfill, type Backfill, findBackfill, insertBackfill } from '../store/backfills.ts';
import { sqlRunner } from '../store/db.ts';
import { nextTick } from '../store/events.ts';
import { connectionPauser } from './pause.ts';
import type { ConnectionRuntime, OpenConnection } from './connection-runtime.ts';
import { acceptPage } from './poll.ts';
import { ENGINE_ACTOR, type EngineParts, nowOf } from './parts.ts';

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

/** One chunk: a page, then the next chunk is woken. */
export async function runBackfill(parts: EngineParts, runtime: ConnectionRuntime, id: string): Promise<void> {
  const backfill = await findBackfill(parts.db, id);
  if (backfill?.state !== 'running') return;
  const open = await runtime.open(backfill.connectionId);
  if (open.connection.state === 'paused') return;
  try {
    await runChunk(parts, open, backfill);
  } catch (error) {
    if (error instanceof OperatingError && error.kind === 'unauthorized') {
      await connectionPauser(parts)(backfill.connectionId, error.message, ENGINE_ACTOR);
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
    await acceptPage(parts, tx, open, page.records, readSeq, 'backfill');
    if (nextKind !== undefined) await parts.queue.wake('backfill', [{ key: backfill.id }], sqlRunner(tx));
  });
}
