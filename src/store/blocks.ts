/** Blocks: what a connection cannot do although its sign-in is good, since when, and which records wait for the end of it. */
import { type Selectable, sql } from 'kysely';
import type { Side } from './connections.ts';
import type { Db } from './db.ts';
import type { SyncDocument } from './documents.ts';
import type { LaneKey } from './events.ts';
import type { Blocks } from './schema.ts';

/**
 * `read` a kind; take a `step`, or `look` at what is there already; a filter of a list that does nothing, which is worked
 * around. The second word is the kind or the step.
 */
export type BlockWord = 'read' | 'step' | 'look' | 'deleted-filter' | 'changed-filter';
export type BlockKey = { connectionId: string; side: Side; what: `${BlockWord} ${string}` };

export type Block = BlockKey & {
  message: string;
  wayOut: string;
  since: Date;
  seenAt: Date;
  nextTryAt: Date;
  /** Nothing waits for it: another way is taken. */
  workedAround: boolean;
};

const WORKED_AROUND = /^(deleted|changed)-filter /;

function toBlock(row: Selectable<Blocks>): Block {
  return {
    connectionId: row.connection_id,
    side: row.side === 'source' ? 'source' : 'destination',
    what: row.what as Block['what'],
    message: row.message,
    wayOut: row.way_out,
    since: row.since,
    seenAt: row.seen_at,
    nextTryAt: row.next_try_at,
    workedAround: WORKED_AROUND.test(row.what),
  };
}

/** True when it is new. */
export async function saveBlock(
  db: Db,
  { connectionId, side, what }: BlockKey,
  { message, wayOut, nextTryAt }: Pick<Block, 'message' | 'wayOut' | 'nextTryAt'>,
  now: Date,
): Promise<boolean> {
  const { rows } = await sql<{ is_new: boolean }>`
    insert into blocks (connection_id, side, what, message, way_out, since, seen_at, next_try_at,
      written_at)
    values (${connectionId}, ${side}, ${what}, ${message}, ${wayOut}, ${now}, ${now}, ${nextTryAt}, ${now})
    on conflict (connection_id, side, what) do update
      set message = excluded.message, way_out = excluded.way_out, seen_at = excluded.seen_at,
        next_try_at = greatest(blocks.next_try_at, excluded.next_try_at), written_at = excluded.written_at
    returning (xmax = 0) as is_new`.execute(db);
  return rows[0]?.is_new === true;
}

export async function findBlock(db: Db, { connectionId, side, what }: BlockKey): Promise<Block | undefined> {
  const row = await db
    .selectFrom('blocks')
    .selectAll()
    .where('connection_id', '=', connectionId)
    .where('side', '=', side)
    .where('what', '=', what)
    .executeTakeFirst();
  return row && toBlock(row);
}

/** Those of one connection, or of all that are not removed; the oldest first. */
export async function listBlocks(db: Db, connectionId?: string): Promise<Block[]> {
  const rows = await db
    .selectFrom('blocks')
    .innerJoin('connections', 'connections.id', 'blocks.connection_id')
    .selectAll('blocks')
    .where('connections.removed_at', 'is', null)
    .$if(connectionId !== undefined, (query) => query.where('connection_id', '=', connectionId ?? ''))
    .orderBy('since')
    .orderBy('what')
    .execute();
  return rows.map(toBlock);
}

/** Whoever gets true tries it; the others wait until `next`. */
export async function takeTry(db: Db, key: BlockKey, now: Date, next: Date): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('blocks')
    .set({ next_try_at: next, written_at: now })
    .where('connection_id', '=', key.connectionId)
    .where('side', '=', key.side)
    .where('what', '=', key.what)
    .where('next_try_at', '<=', now)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** It may be tried at once. */
export async function hastenTries(db: Db, connectionId: string, now: Date): Promise<void> {
  await db
    .updateTable('blocks')
    .set({ next_try_at: now, written_at: now })
    .where('connection_id', '=', connectionId)
    .where('next_try_at', '>', now)
    .execute();
}

/** Of active connections, to be tried now. */
export async function listDueBlocks(db: Db, now: Date): Promise<Block[]> {
  const rows = await db
    .selectFrom('blocks')
    .innerJoin('connections', 'connections.id', 'blocks.connection_id')
    .selectAll('blocks')
    .where('connections.state', '=', 'active')
    .where('connections.removed_at', 'is', null)
    .where('next_try_at', '<=', now)
    .limit(1000)
    .execute();
  return rows.map(toBlock);
}

/** Since when it stood; undefined when there was none. */
export async function deleteBlock(db: Db, key: BlockKey): Promise<Date | undefined> {
  const row = await db
    .deleteFrom('blocks')
    .where('connection_id', '=', key.connectionId)
    .where('side', '=', key.side)
    .where('what', '=', key.what)
    .returning('since')
    .executeTakeFirst();
  return row?.since;
}

const heldBy = ({ side, what }: BlockKey) => `${side} ${what}`;

/** Nobody looks at the document before `until`, unless something new is told of it or it is released. */
export async function holdDocument(
  tx: Db,
  { id }: Pick<SyncDocument, 'id'>,
  key: BlockKey,
  until: Date,
): Promise<void> {
  await tx
    .updateTable('documents')
    .set({ held_by: heldBy(key) })
    .where('id', '=', id)
    .execute();
  await tx
    .updateTable('events')
    .set({ due_at: until })
    .where('document_id', '=', id)
    .where('settled_at', 'is', null)
    .execute();
}

/** The documents that a block holds, or so many of them, the longest waiting first; returns their lanes, which have work now. */
export async function releaseHeld(tx: Db, key: BlockKey, most?: number): Promise<LaneKey[]> {
  const { rows } = await sql<{ lane: string }>`
    with chosen as (
      select id from documents where connection_id = ${key.connectionId} and held_by = ${heldBy(key)}
      order by changed_at, id limit ${most ?? null}
    ), freed as (
      update documents set held_by = null where id in (select id from chosen) returning id, lane
    ), due as (
      update events set due_at = null
      where document_id in (select id from freed) and settled_at is null
    )
    select distinct lane from freed`.execute(tx);
  return rows.map(({ lane }) => ({ connectionId: key.connectionId, lane }));
}

/** How many wait for each block, by "side what". */
export async function countHeld(db: Db): Promise<Map<string, number>> {
  const { rows } = await sql<{ connection_id: string; held_by: string; count: bigint }>`
    select connection_id, held_by, count(*) as count from documents where held_by is not null group by 1, 2`.execute(
    db,
  );
  return new Map(rows.map((row) => [`${row.connection_id} ${row.held_by}`, Number(row.count)]));
}

export function heldKey(key: BlockKey): string {
  return `${key.connectionId} ${heldBy(key)}`;
}
