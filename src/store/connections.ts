/** Connections: one source account tied to one destination tenant, with its settings. */
import { type Selectable, sql } from 'kysely';
import { NotFound } from '../core/errors.ts';
import type { Db } from './db.ts';
import type { Connections } from './schema.ts';

export type Side = 'source' | 'destination';

export type Connection = {
  id: string;
  name: string;
  source: string;
  destination: string;
  state: 'active' | 'paused';
  pauseReason: string | null;
  settings: Record<Side, Record<string, string>>;
  webhooksEnabled: boolean;
  /** 0 = polling is off. */
  pollIntervalSeconds: number;
  createdAt: Date;
  updatedAt: Date;
};

function toConnection(row: Selectable<Connections>): Connection {
  return {
    id: row.id,
    name: row.name,
    source: row.source,
    destination: row.destination,
    state: row.state === 'active' ? 'active' : 'paused',
    pauseReason: row.pause_reason,
    settings: {
      source: row.source_settings as Record<string, string>,
      destination: row.destination_settings as Record<string, string>,
    },
    webhooksEnabled: row.webhooks_enabled,
    pollIntervalSeconds: row.poll_interval_seconds,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export async function listConnections(db: Db): Promise<Connection[]> {
  const rows = await db.selectFrom('connections').selectAll().orderBy('created_at').execute();
  return rows.map(toConnection);
}

export async function findConnection(db: Db, id: string): Promise<Connection | undefined> {
  const row = await db.selectFrom('connections').selectAll().where('id', '=', id).executeTakeFirst();
  return row && toConnection(row);
}

export async function isActive(db: Db, id: string): Promise<boolean> {
  const row = await db.selectFrom('connections').select('state').where('id', '=', id).executeTakeFirst();
  return row?.state === 'active';
}

/** By id or by name. Throws NotFound. */
export async function loadConnection(db: Db, idOrName: string): Promise<Connection> {
  const row = await db
    .selectFrom('connections')
    .selectAll()
    .where((eb) => eb.or([eb(sql<string>`id::text`, '=', idOrName), eb('name', '=', idOrName)]))
    .executeTakeFirst();
  if (!row)
    throw new NotFound(`There is no connection ${JSON.stringify(idOrName)}.`, 'connection list shows them.');
  return toConnection(row);
}

export type NewConnection = Omit<Connection, 'state' | 'pauseReason' | 'createdAt' | 'updatedAt'>;

export async function insertConnection(db: Db, connection: NewConnection, now: Date): Promise<void> {
  await db
    .insertInto('connections')
    .values({
      id: connection.id,
      name: connection.name,
      source: connection.source,
      destination: connection.destination,
      state: 'active',
      source_settings: JSON.stringify(connection.settings.source),
      destination_settings: JSON.stringify(connection.settings.destination),
      webhooks_enabled: connection.webhooksEnabled,
      poll_interval_seconds: connection.pollIntervalSeconds,
      next_poll_at: connection.pollIntervalSeconds > 0 ? now : null,
      created_at: now,
      updated_at: now,
    })
    .execute();
}

/** Returns false when it was in that state already. */
export async function setConnectionState(
  db: Db,
  id: string,
  change: { state: 'active' } | { state: 'paused'; reason: string; by: string },
  now: Date,
): Promise<boolean> {
  const paused = change.state === 'paused';
  const { numUpdatedRows } = await db
    .updateTable('connections')
    .set({
      state: change.state,
      pause_reason: paused ? change.reason : null,
      paused_by: paused ? change.by : null,
      updated_at: now,
    })
    .where('id', '=', id)
    .where('state', '<>', change.state)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export async function setConnectionSchedule(
  db: Db,
  id: string,
  change: { webhooksEnabled?: boolean; pollIntervalSeconds?: number },
  now: Date,
): Promise<void> {
  await db
    .updateTable('connections')
    .set({
      ...(change.webhooksEnabled === undefined ? {} : { webhooks_enabled: change.webhooksEnabled }),
      ...(change.pollIntervalSeconds === undefined
        ? {}
        : {
            poll_interval_seconds: change.pollIntervalSeconds,
            next_poll_at: change.pollIntervalSeconds > 0 ? now : null,
          }),
      updated_at: now,
    })
    .where('id', '=', id)
    .execute();
}

export async function mergeSettings(
  db: Db,
  id: string,
  side: Side,
  settings: Record<string, string>,
  now: Date,
): Promise<void> {
  const column = side === 'source' ? 'source_settings' : 'destination_settings';
  await db
    .updateTable('connections')
    .set({ [column]: sql`${sql.ref(column)} || ${JSON.stringify(settings)}::jsonb`, updated_at: now })
    .where('id', '=', id)
    .execute();
}

/** Takes the active connections whose poll is due and sets their next date, so that nobody else takes them. */
export async function takeDuePolls(db: Db, now: Date): Promise<string[]> {
  const rows = await sql<{ id: string }>`
    update connections set next_poll_at = ${now}::timestamptz + make_interval(secs => poll_interval_seconds)
    where id in (
      select id from connections
      where state = 'active' and poll_interval_seconds > 0 and next_poll_at <= ${now} for update skip locked
    ) returning id`.execute(db);
  return rows.rows.map((row) => row.id);
}
