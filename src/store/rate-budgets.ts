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
 * call books its own slot, so that waiting callers keep their order and the sum stays within the limit.
 */
export async function takeTurn(db: Db, key: BudgetKey, nowMs: number): Promise<number> {
  const { rows } = await sql<{ wait_ms: bigint }>`
    insert into rate_budgets as b (connection_id, side, bucket) values (${key.connectionId}, ${key.side}, ${key.bucket})
    on conflict (connection_id, side, bucket) do update set next_free_ms =
      case when b.limit_calls is null then b.next_free_ms
      else greatest(b.next_free_ms, b.blocked_ms, ${nowMs}::bigint) + ceil(b.window_ms::numeric / b.limit_calls)::bigint end
    returning greatest(0, b.blocked_ms - ${nowMs}::bigint,
      case when b.limit_calls is null then 0
      else b.next_free_ms - ceil(b.window_ms::numeric / b.limit_calls)::bigint - b.window_ms / ${BURST_PART}::bigint - ${nowMs}::bigint end
    )::bigint as wait_ms`.execute(db);
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
