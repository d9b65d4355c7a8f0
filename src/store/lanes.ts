/** The lane lease: one worker at a time, fenced by a token that every write checks (I5). */
import { sql } from 'kysely';
import type { Db } from './db.ts';
import { isDue } from './due.ts';
import type { LaneKey } from './events.ts';

export type Lease = LaneKey & { holder: string; token: bigint };

export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** Undefined when somebody holds it, or it may not be worked before a later time. */
export async function acquireLease(
  db: Db,
  key: LaneKey,
  holder: string,
  now: Date,
  leaseMs: number,
): Promise<Lease | undefined> {
  const expires = new Date(now.getTime() + leaseMs);
  const { rows } = await sql<{ token: bigint }>`
    insert into lanes (connection_id, lane, holder, token, expires_at, written_at)
    values (${key.connectionId}, ${key.lane}, ${holder}, 1, ${expires}, ${now})
    on conflict (connection_id, lane) do update
      set holder = excluded.holder, token = lanes.token + 1, expires_at = excluded.expires_at,
        written_at = excluded.written_at
      where (lanes.holder is null or lanes.expires_at <= ${now})
        and (lanes.not_before is null or lanes.not_before <= ${now})
    returning token`.execute(db);
  const token = rows[0]?.token;
  return token === undefined ? undefined : { ...key, holder, token };
}

/** Throws LeaseLost when the lease is no longer ours. */
export async function renewLease(db: Db, lease: Lease, now: Date, leaseMs: number): Promise<void> {
  const { numUpdatedRows } = await db
    .updateTable('lanes')
    .set({ expires_at: new Date(now.getTime() + leaseMs), written_at: now })
    .where('connection_id', '=', lease.connectionId)
    .where('lane', '=', lease.lane)
    .where('token', '=', lease.token)
    .where('holder', '=', lease.holder)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new LeaseLost(`lane ${lease.lane} was taken over`);
}

/** First statement of every transaction that writes in a lane: keeps the lease ours until that transaction ends. */
export async function assertLease(tx: Db, lease: Lease, now: Date): Promise<void> {
  const row = await tx
    .selectFrom('lanes')
    .select('token')
    .where('connection_id', '=', lease.connectionId)
    .where('lane', '=', lease.lane)
    .where('token', '=', lease.token)
    .where('holder', '=', lease.holder)
    .where('expires_at', '>', now)
    .forShare()
    .executeTakeFirst();
  if (!row) throw new LeaseLost(`lane ${lease.lane} was taken over or ran out`);
}

/**
 * Gives the lane back unless it has work again; true when it was given back. Whoever was refused the lease while we
 * held it may rely on this check: the work they came for was committed before it.
 */
export async function releaseLeaseIfIdle(db: Db, lease: Lease, now: Date): Promise<boolean> {
  return db.transaction().execute(async (tx) => {
    const locked = await tx
      .selectFrom('lanes')
      .select('token')
      .where('connection_id', '=', lease.connectionId)
      .where('lane', '=', lease.lane)
      .where('token', '=', lease.token)
      .forUpdate()
      .executeTakeFirst();
    if (!locked) return true;
    const { rows } = await sql<{ busy: boolean }>`
      select exists (
        select from documents d join events e on e.document_id = d.id and e.settled_at is null and ${isDue(now)}
        where d.connection_id = ${lease.connectionId} and d.lane = ${lease.lane}
      ) as busy`.execute(tx);
    if (rows[0]?.busy === true) return false;
    await release(tx, lease, null, 0, now);
    return true;
  });
}

/** Gives the lane back to be worked again not before `notBefore`. */
export async function deferLane(
  db: Db,
  lease: Lease,
  notBefore: Date,
  failures: number,
  now: Date,
): Promise<void> {
  await release(db, lease, notBefore, failures, now);
}

async function release(
  db: Db,
  lease: Lease,
  notBefore: Date | null,
  failures: number,
  now: Date,
): Promise<void> {
  await db
    .updateTable('lanes')
    .set({ holder: null, expires_at: null, not_before: notBefore, failures, written_at: now })
    .where('connection_id', '=', lease.connectionId)
    .where('lane', '=', lease.lane)
    .where('token', '=', lease.token)
    .execute();
}

export async function countFailures(db: Db, key: LaneKey): Promise<number> {
  const row = await db
    .selectFrom('lanes')
    .select('failures')
    .where('connection_id', '=', key.connectionId)
    .where('lane', '=', key.lane)
    .executeTakeFirst();
  return row?.failures ?? 0;
}

/** Lets lanes be worked at once that were deferred: after a resume or a replay. */
export async function clearDeferral(db: Db, connectionId: string, lanes?: readonly string[]): Promise<void> {
  let query = db
    .updateTable('lanes')
    .set({ not_before: null, failures: 0 })
    .where('connection_id', '=', connectionId);
  if (lanes) query = query.where('lane', 'in', [...lanes]);
  await query.execute();
}

/** Frees every lease. Only for a process that knows that no other can be alive: the owner of an embedded database. */
export async function freeAllLeases(db: Db): Promise<void> {
  await db
    .updateTable('lanes')
    .set({ holder: null, expires_at: null })
    .where('holder', 'is not', null)
    .execute();
}
