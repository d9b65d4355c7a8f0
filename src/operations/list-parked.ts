/** What waits for a person, grouped by reason: how many, worth how much, one example in words, and what follows them. */
import { sql } from 'kysely';
import { formatMoney } from '../core/money.ts';
import { isWorkedOn } from '../store/connections.ts';
import { IS_FOLLOWER, type Reason } from '../store/documents.ts';
import { type Actor, requireRole } from './context.ts';
import { RECORD_ROWS, type RecordRow, toRecordSummary } from './list-records.ts';
import type { OperationParts } from './parts.ts';

const FOLLOWERS_LISTED = 20;

type Group = {
  code: string;
  message: string;
  wayOut: string | null;
  count: number;
  oldestAt: string;
  sums: { currency: string; amount: string }[];
  /** Parked only because these are. */
  following: { count: number; records: ReturnType<typeof toRecordSummary>[] };
};

/** The largest group first; what only follows another record stands with the group of that one. */
export async function listParked(
  parts: OperationParts,
  actor: Actor,
  query: { connectionId?: string | undefined },
): Promise<Group[]> {
  requireRole(actor, 'viewer');
  const own = query.connectionId === undefined ? sql`true` : sql`d.connection_id = ${query.connectionId}`;
  const { rows } = await sql<{
    code: string;
    example: Reason;
    currency: string | null;
    count: bigint;
    amount: string | null;
    oldest: Date;
  }>`
    select reason ->> 'code' as code, (array_agg(reason order by changed_at desc))[1] as example, currency,
      count(*) as count, sum(amount_minor) as amount, min(changed_at) as oldest
    from documents d where d.state = 'parked' and not ${IS_FOLLOWER} and ${isWorkedOn('d')} and ${own}
    group by 1, currency order by 1, currency`.execute(parts.db);
  const followers = await listFollowers(parts, query.connectionId);
  const groups = new Map<string, Group>();
  for (const { code, example, currency, count, amount, oldest } of rows) {
    const group = groups.get(code) ?? {
      code,
      message: example.message,
      wayOut: example.wayOut ?? null,
      count: 0,
      oldestAt: oldest.toISOString(),
      sums: [],
      following: toFollowing(followers.get(code) ?? []),
    };
    group.count += Number(count);
    if (oldest.toISOString() < group.oldestAt) group.oldestAt = oldest.toISOString();
    if (currency !== null && amount !== null)
      group.sums.push({ currency, amount: formatMoney({ currency, amountMinor: BigInt(amount) }) });
    groups.set(code, group);
  }
  return [...groups.values()].toSorted((a, b) => b.count - a.count);
}

/** By connection, over all kinds: what needs a decision of its own, and what follows another record. */
export async function countParked({
  db,
}: OperationParts): Promise<Map<string, { toDecide: number; following: number }>> {
  const { rows } = await sql<{ id: string; decide: bigint; follow: bigint }>`
    select d.connection_id as id, count(*) filter (where not ${IS_FOLLOWER}) as decide,
      count(*) filter (where ${IS_FOLLOWER}) as follow
    from documents d where d.state = 'parked' and ${isWorkedOn('d')} group by 1`.execute(db);
  return new Map(
    rows.map(({ id, decide, follow }) => [id, { toDecide: Number(decide), following: Number(follow) }]),
  );
}

type Follower = RecordRow & { cause: string; followers: bigint };

/** By the reason code of the record at the end of what each waits for; so many of each as are listed. */
async function listFollowers(
  { db }: OperationParts,
  connectionId: string | undefined,
): Promise<Map<string, Follower[]>> {
  const own = connectionId === undefined ? sql`true` : sql`d.connection_id = ${connectionId}`;
  const { rows } = await sql<Follower>`
    with recursive way (id, awaited) as (
      select d.id, (d.reason ->> 'waitsFor')::uuid from documents d where ${IS_FOLLOWER} and ${own}
      union
      select way.id, (d.reason ->> 'waitsFor')::uuid from way join documents d on d.id = way.awaited
      where ${IS_FOLLOWER}
    ), caused as (
      select way.id as follower_id, d.reason ->> 'code' as cause,
        count(*) over (partition by d.reason ->> 'code') as followers,
        row_number() over (partition by d.reason ->> 'code' order by way.id) as place
      from way join documents d on d.id = way.awaited
      where d.state = 'parked' and not ${IS_FOLLOWER}
    )
    select found.*, caused.cause, caused.followers
    from caused join (${RECORD_ROWS}) found on found.id = caused.follower_id
    where caused.place <= ${FOLLOWERS_LISTED} order by caused.place`.execute(db);
  return Map.groupBy(rows, ({ cause }) => cause);
}

function toFollowing(followers: readonly Follower[]): Group['following'] {
  return { count: Number(followers[0]?.followers ?? 0n), records: followers.map(toRecordSummary) };
}
