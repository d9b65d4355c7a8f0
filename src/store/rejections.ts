/** Deliveries refused at the door: every one counted by day, some kept in full for diagnosis. */
import { sql } from 'kysely';
import type { Db } from './db.ts';

/** The newest of each cause, for each connection. */
const KEPT_OF_A_CONNECTION = 200;
/** The newest sent to addresses that are nobody's. */
const KEPT_OF_STRANGERS = 100;
const COUNTED_FOR_DAYS = 90;

export type NewRejection = {
  id: string;
  connectionId: string | undefined;
  cause: string;
  status: number;
  /** Secrets already cut out, here and in the body. */
  headers: Record<string, string>;
  body: Uint8Array | undefined;
};

export type Rejection = {
  id: string;
  connectionId: string | null;
  connectionName: string | null;
  at: Date;
  cause: string;
  status: number;
  headers: Record<string, string>;
  body: Buffer | null;
};

export type RejectionCount = { connectionId: string | undefined; cause: string; count: number };

export async function recordRejection(db: Db, rejection: NewRejection, now: Date): Promise<void> {
  await db
    .insertInto('rejections')
    .values({
      id: rejection.id,
      connection_id: rejection.connectionId ?? null,
      at: now,
      cause: rejection.cause,
      status: rejection.status,
      headers: JSON.stringify(rejection.headers),
      body: rejection.body ? Buffer.from(rejection.body) : null,
    })
    .execute();
}

/** Adds to the day's counts. */
export async function countRejections(db: Db, counts: readonly RejectionCount[], now: Date): Promise<void> {
  const rows = counts.map(({ connectionId, ...rest }) => ({ connection_id: connectionId ?? null, ...rest }));
  await sql`
    insert into rejection_counts (connection_id, cause, day, count, last_at)
    select connection_id, cause, ${now.toISOString().slice(0, 10)}::date, count, ${now}
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(connection_id uuid, cause text, count bigint)
    -- Always in the same order, so that two processes never wait for each other in a circle.
    order by connection_id, cause
    on conflict (connection_id, cause, day)
      do update set count = rejection_counts.count + excluded.count, last_at = excluded.last_at`.execute(db);
}

/** All that are still counted, by connection (null: sent to nobody's address) and cause; the most first. */
export async function listRejectionCounts(
  db: Db,
): Promise<{ connection: string | null; cause: string; count: number; lastAt: Date }[]> {
  const { rows } = await sql<{ connection: string | null; cause: string; count: bigint; last_at: Date }>`
    select c.name as connection, r.cause, sum(r.count)::bigint as count, max(r.last_at) as last_at
    from rejection_counts r left join connections c on c.id = r.connection_id
    group by c.id, c.name, r.cause order by 3 desc, 1, 2`.execute(db);
  return rows.map(({ last_at: lastAt, count, ...kind }) => ({ ...kind, count: Number(count), lastAt }));
}

/** The newest first. */
export async function listRejections(
  db: Db,
  filter: { connectionId?: string | undefined; cause?: string | undefined; limit: number },
): Promise<Rejection[]> {
  let query = db
    .selectFrom('rejections as r')
    .leftJoin('connections as c', 'c.id', 'r.connection_id')
    .select(['r.id', 'r.connection_id', 'c.name', 'r.at', 'r.cause', 'r.status', 'r.headers', 'r.body']);
  if (filter.connectionId !== undefined) query = query.where('r.connection_id', '=', filter.connectionId);
  if (filter.cause !== undefined) query = query.where('r.cause', '=', filter.cause);
  const rows = await query
    // What concerns a connection stands above whatever strangers have sent.
    .orderBy(sql`r.connection_id is null`)
    .orderBy('r.at', 'desc')
    .orderBy('r.id', 'desc')
    .limit(filter.limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    connectionId: row.connection_id,
    connectionName: row.name,
    at: row.at,
    cause: row.cause,
    status: row.status,
    headers: row.headers as Record<string, string>,
    body: row.body,
  }));
}

/** Keeps the newest of each kind, so that many of one kind push no other out. */
export async function purgeRejections(db: Db, now: Date): Promise<void> {
  await sql`
    delete from rejections where id in (
      select id from (
        select id, connection_id, row_number() over (
          partition by connection_id, case when connection_id is not null then cause end order by at desc, id desc
        ) as nth from rejections
      ) as ranked
      where nth > case when connection_id is null then ${KEPT_OF_STRANGERS}::integer else ${KEPT_OF_A_CONNECTION} end)`.execute(
    db,
  );
  const counted = new Date(now.getTime() - COUNTED_FOR_DAYS * 86_400_000);
  await sql`delete from rejection_counts where last_at < ${counted}`.execute(db);
}
