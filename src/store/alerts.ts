/** Alerts: what a connection's own address is to be told, and how it went. */
import { sql } from 'kysely';
import { newId } from '../core/ids.ts';
import type { Db } from './db.ts';
import { CLOCKS_AGREE_MS } from './set-back.ts';

export type AlertWhat = 'paused' | 'parked' | 'blocked' | 'test';
export type Alert = {
  id: string;
  connectionId: string;
  what: AlertWhat;
  code: string;
  count: number;
  createdAt: Date;
  attempts: number;
};
export type AlertTarget = { name: string; url: string; simulators: readonly string[] | null };

/** '' switches alerts off. What is parked already is not told. */
export async function setAlertUrl(db: Db, connectionId: string, url: string, now: Date): Promise<void> {
  await db
    .updateTable('connections')
    .set({ alert_url: url === '' ? null : url, alert_since: now })
    .where('id', '=', connectionId)
    .execute();
}

export async function findAlertTarget(db: Db, connectionId: string): Promise<AlertTarget | undefined> {
  const row = await db
    .selectFrom('connections')
    .select(['name', 'alert_url', 'simulators'])
    .where('id', '=', connectionId)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return row?.alert_url ? { name: row.name, url: row.alert_url, simulators: row.simulators } : undefined;
}

/** Nothing for a connection without an address. */
export async function recordPauseAlert(db: Db, connectionId: string, code: string, now: Date): Promise<void> {
  await sql`
    insert into alerts (id, connection_id, what, code, count, created_at, next_at)
    select ${newId(now.getTime())}, id, 'paused', ${code}, 1, ${now}, ${now}
    from connections where id = ${connectionId} and alert_url is not null`.execute(db);
}

/** Once in an hour for each code, however often it comes and goes; nothing for a connection without an address. */
export async function recordBlockAlert(db: Db, connectionId: string, code: string, now: Date): Promise<void> {
  await sql`
    insert into alerts (id, connection_id, what, code, count, created_at, next_at)
    select ${newId(now.getTime())}, id, 'blocked', ${code}, 1, ${now}, ${now}
    from connections where id = ${connectionId} and alert_url is not null and not exists (
      select from alerts where connection_id = ${connectionId} and what = 'blocked' and code = ${code}
        and created_at > ${new Date(now.getTime() - 3_600_000)})`.execute(db);
}

/** One for each reason of which a record has parked since the last one, and that is old enough. */
export async function recordParkedAlerts(db: Db, now: Date, quietMs: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    // One process at a time: two would tell it twice.
    const { rows } = await sql<{ free: boolean }>`
      select pg_try_advisory_xact_lock(hashtext('alerts')) as free`.execute(tx);
    if (!rows[0]?.free) return;
    const due = await sql<{ connection_id: string; code: string; count: number; newest_at: Date }>`
      select p.* from connections c
      join lateral (
        select d.connection_id, d.reason ->> 'code' as code, count(*)::int as count, max(d.changed_at) as newest_at
        from documents d where d.connection_id = c.id and d.state = 'parked' group by 1, 2
      ) p on true
      left join lateral (
        select a.newest_at, a.created_at from alerts a
        where a.connection_id = c.id and a.what = 'parked' and a.code = p.code
        order by a.created_at desc limit 1
      ) last on true
      where c.alert_url is not null and c.removed_at is null and p.code is not null
        and p.newest_at > greatest(c.alert_since, last.newest_at)
        and (last.created_at is null or last.created_at <= ${new Date(now.getTime() - quietMs)}
          or last.created_at > ${new Date(now.getTime() + CLOCKS_AGREE_MS)})`.execute(tx);
    for (const { connection_id, code, count, newest_at } of due.rows)
      await tx
        .insertInto('alerts')
        .values({
          id: newId(now.getTime()),
          connection_id,
          what: 'parked',
          code,
          count,
          newest_at,
          created_at: now,
          next_at: now,
        })
        .execute();
  });
}

export async function listConnectionsWithDueAlerts(db: Db, now: Date): Promise<string[]> {
  const rows = await db
    .selectFrom('alerts')
    .select('connection_id')
    .distinct()
    .where('next_at', '<=', now)
    .execute();
  return rows.map((row) => row.connection_id);
}

/** Whoever takes it has it until `until`; then it is due again. */
export async function takeDueAlert(
  db: Db,
  connectionId: string,
  now: Date,
  until: Date,
): Promise<Alert | undefined> {
  const row = await db
    .updateTable('alerts')
    .set((eb) => ({ attempts: eb('attempts', '+', 1), next_at: until, tried_at: now }))
    .where('id', '=', (eb) =>
      eb
        .selectFrom('alerts')
        .select('id')
        .where('connection_id', '=', connectionId)
        .where('next_at', '<=', now)
        .orderBy('created_at')
        .limit(1)
        .forUpdate()
        .skipLocked(),
    )
    .returningAll()
    .executeTakeFirst();
  if (!row) return undefined;
  const { id, code, count, attempts } = row;
  return { id, connectionId, what: row.what as AlertWhat, code, count, createdAt: row.created_at, attempts };
}

/** `nextAt` null: sent, or given up. */
export async function settleAlert(
  db: Db,
  id: string,
  { error, nextAt }: { error: string | null; nextAt: Date | null },
): Promise<void> {
  await db.updateTable('alerts').set({ error, next_at: nextAt }).where('id', '=', id).execute();
}

/** Sent at once, outside of the queue. */
export async function recordTestAlert(
  db: Db,
  connectionId: string,
  error: string | null,
  now: Date,
): Promise<void> {
  await db
    .insertInto('alerts')
    .values({
      id: newId(now.getTime()),
      connection_id: connectionId,
      what: 'test',
      code: 'test',
      count: 0,
      created_at: now,
      tried_at: now,
      attempts: 1,
      error,
    })
    .execute();
}

/** How the newest attempt failed; null when it did not. */
export async function findAlertFailure(db: Db, connectionId: string): Promise<string | null> {
  const row = await db
    .selectFrom('alerts')
    .select('error')
    .where('connection_id', '=', connectionId)
    .where('tried_at', 'is not', null)
    .orderBy('tried_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.error ?? null;
}

export async function purgeAlerts(db: Db, before: Date): Promise<void> {
  await db.deleteFrom('alerts').where('created_at', '<', before).where('next_at', 'is', null).execute();
}
