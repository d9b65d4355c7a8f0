/** Deliveries refused at the door, kept for diagnosis: the newest thousand. */
import { sql } from 'kysely';
import type { Db } from './db.ts';

const KEPT = 1000;

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
  const rows = await query.orderBy('r.at', 'desc').orderBy('r.id', 'desc').limit(filter.limit).execute();
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

export async function purgeRejections(db: Db): Promise<void> {
  await sql`delete from rejections where at < (select at from rejections order by at desc offset ${KEPT} limit 1)`.execute(
    db,
  );
}
