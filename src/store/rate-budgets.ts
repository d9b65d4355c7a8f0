/** API budgets: a token bucket per connection, side and name, shared by all workers of all machines. */
import { sql } from 'kysely';
import type { RateHint } from '../core/ports.ts';
import type { Side } from './connections.ts';
import type { Db } from './db.ts';

export type BudgetKey = { connectionId: string; side: Side; bucket: string };

/** A bucket may run ahead by this part of its window, so that a single event after a pause need not wait. */
const BURST_PART = 20;

/**
 * Takes the next turn and says for how many milliseconds to wait before using it: a generic cell rate algorithm, each
 * call books its own slot, so that waiting callers keep their order and the sum stays within the limit. Nothing is
 * booked when the wait is longer than `longestMs`: such a caller goes away, and its slot would stay unused.
 */
export async function takeTurn(db: Db, key: BudgetKey, nowMs: number, longestMs: number): Promise<number> {
  const { rows } = await sql<{ wait_ms: bigint }>`
    with budget as materialized (
      select *, greatest(next_free_ms, blocked_ms, ${nowMs}::bigint) as turn_ms from rate_budgets
      where connection_id = ${key.connectionId} and side = ${key.side} and bucket = ${key.bucket} for update
    ), turn as (
      select greatest(0, blocked_ms - ${nowMs}::bigint,
          case when limit_calls is null then 0 else turn_ms - window_ms / ${BURST_PART}::bigint - ${nowMs}::bigint end) as wait_ms,
        turn_ms + ceil(window_ms::numeric / limit_calls)::bigint as next_free_ms
      from budget
    ), booked as (
      update rate_budgets b set next_free_ms = turn.next_free_ms from turn
      where b.connection_id = ${key.connectionId} and b.side = ${key.side} and b.bucket = ${key.bucket}
        and turn.next_free_ms is not null and turn.wait_ms <= ${longestMs}
    )
    select wait_ms from turn`.execute(db);
  return Number(rows[0]?.wait_ms ?? 0n);
}

/** Remembers what the vendor's headers said; members left out change nothing. */
export async function learnRate(db: Db, key: BudgetKey, hint: RateHint): Promise<void> {
  await sql`
    insert into rate_budgets as b (connection_id, side, bucket, limit_calls, window_ms, blocked_ms)
    values (${key.connectionId}, ${key.side}, ${key.bucket}, ${hint.limit ?? null}, ${hint.windowMs ?? 60_000}, ${hint.blockedUntil ?? 0})
    on conflict (connection_id, side, bucket) do update set
      limit_calls = coalesce(excluded.limit_calls, b.limit_calls),
      window_ms = case when ${hint.windowMs ?? null}::integer is null then b.window_ms else excluded.window_ms end,
      blocked_ms = greatest(b.blocked_ms, excluded.blocked_ms)`.execute(db);
}
