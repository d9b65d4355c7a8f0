/** Waits that a clock has written which was set back since: each begins anew, once, with the length it had. */
import { type RawBuilder, sql } from 'kysely';
import { nextOccurrence } from '../platform/schedule.ts';
import type { Db } from './db.ts';

/** Machines whose clocks are kept agree better than this; a shorter wait is simply waited for. */
export const CLOCKS_AGREE_MS = 5_000;
/** Nothing is put off for longer before anybody has looked (src/engine/told-often.ts), */
const LONGEST_PUT_OFF_MS = 120_000;
/** unless its connection may not do it (src/engine/hold.ts). */
const LONGEST_HELD_MS = 3_600_000;

/** Whether that moment was written by a clock that has been set back since. */
export function isAhead(writtenAt: Date | number, now: number): boolean {
  return Number(writtenAt) > now + CLOCKS_AGREE_MS;
}

/** How many waits begin anew. */
export async function restartWaits(db: Db, now: Date): Promise<number> {
  const ahead = new Date(now.getTime() + CLOCKS_AGREE_MS);
  const lanes = await sql`
    update lanes set written_at = ${now}, expires_at = ${anew('expires_at', 'written_at', now)},
      not_before = ${anew('not_before', 'written_at', now)}
    where written_at > ${ahead}`.execute(db);
  const alerts = await sql`
    update alerts set next_at = ${anew('next_at', 'coalesce(tried_at, created_at)', now)}, tried_at = ${now}
    where next_at is not null and coalesce(tried_at, created_at) > ${ahead}`.execute(db);
  const blocks = await sql`
    update blocks set next_try_at = ${anew('next_try_at', 'written_at', now)}, written_at = ${now}
    where written_at > ${ahead}`.execute(db);
  const putOff = new Date(now.getTime() + LONGEST_PUT_OFF_MS);
  const held = new Date(now.getTime() + LONGEST_HELD_MS);
  const events = await sql`
    update events e set due_at = case when d.held_by is null then ${putOff}::timestamptz else ${held}::timestamptz end
    from documents d
    where d.id = e.document_id and e.settled_at is null
      and e.due_at > (case when d.held_by is null then ${putOff}::timestamptz else ${held}::timestamptz end)
        + make_interval(secs => ${CLOCKS_AGREE_MS / 1000})`.execute(db);
  const changed = [lanes, alerts, blocks, events].map(({ numAffectedRows }) => Number(numAffectedRows ?? 0n));
  return changed.reduce((sum, one) => sum + one, await restartPolls(db, now, ahead));
}

function anew(column: string, writtenAt: string, now: Date): RawBuilder<Date> {
  return sql<Date>`${now}::timestamptz + (${sql.raw(column)} - ${sql.raw(writtenAt)})`;
}

async function restartPolls(db: Db, now: Date, ahead: Date): Promise<number> {
  const { rows } = await sql<{ id: string; cron: string | null; wait_ms: number }>`
    select id, poll_cron as cron,
      (extract(epoch from next_poll_at - poll_written_at) * 1000)::float8 as wait_ms
    from connections where next_poll_at is not null and poll_written_at > ${ahead} for update skip locked`.execute(
    db,
  );
  for (const { id, cron, wait_ms: waitMs } of rows) {
    const next = cron === null ? new Date(now.getTime() + waitMs) : nextOccurrence(cron, now);
    await db
      .updateTable('connections')
      .set({ next_poll_at: next, poll_written_at: now })
      .where('id', '=', id)
      .execute();
  }
  return rows.length;
}
