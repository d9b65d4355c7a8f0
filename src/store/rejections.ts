/** Deliveries refused at the door, kept for diagnosis: the newest thousand. */
import { sql } from 'kysely';
import type { Db } from './db.ts';

const KEPT = 1000;

export type NewRejection = {
  id: string;
  connectionId: string | undefined;
  cause: string;
  status: number;
  headers: Record<string, string>;
  body: Uint8Array | undefined;
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

export async function purgeRejections(db: Db): Promise<void> {
  await sql`delete from rejections where at < (select at from rejections order by at desc offset ${KEPT} limit 1)`.execute(
    db,
  );
}
