/** Connections: one source account tied to one destination tenant, with its settings. */
import { type Selectable, sql } from 'kysely';
import { NotFound } from '../core/errors.ts';
import { isId } from '../core/ids.ts';
import { type Policies, toPolicies } from '../core/policy.ts';
import { nextOccurrence } from '../platform/schedule.ts';
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
  policies: Policies;
  /** Origins of the simulators that a sandbox was made from; null for any other. Never changes. */
  simulators: readonly string[] | null;
  webhooksEnabled: boolean;
  /** 0 = polling is off. */
  pollIntervalSeconds: number;
  /** Takes the interval's place; five fields, in UTC. */
  pollCron: string | null;
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
    policies: toPolicies(row.policies as Record<string, unknown>),
    simulators: row.simulators,
    webhooksEnabled: row.webhooks_enabled,
    pollIntervalSeconds: row.poll_interval_seconds,
    pollCron: row.poll_cron,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** Removed ones are left out, here and below. */
export async function listConnections(db: Db): Promise<Connection[]> {
  const rows = await db
    .selectFrom('connections')
    .selectAll()
    .where('removed_at', 'is', null)
    .orderBy('created_at')
    .execute();
  return rows.map(toConnection);
}

export async function findConnection(db: Db, id: string): Promise<Connection | undefined> {
  const row = await db
    .selectFrom('connections')
    .selectAll()
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return row && toConnection(row);
}

/** For a query over what belongs to connections: that one's was not removed, so somebody works on it. */
export function isWorkedOn(alias: string) {
  return sql<boolean>`exists (select from connections c
    where c.id = ${sql.ref(`${alias}.connection_id`)} and c.removed_at is null)`;
}

export async function isActive(db: Db, id: string): Promise<boolean> {
  const row = await db.selectFrom('connections').select('state').where('id', '=', id).executeTakeFirst();
  return row?.state === 'active';
}

/** By id or by name; what looks like an id is one, since no name does. Throws NotFound. */
export async function loadConnection(db: Db, idOrName: string): Promise<Connection> {
  const row = await db
    .selectFrom('connections')
    .selectAll()
    .where(isId(idOrName) ? 'id' : 'name', '=', idOrName)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  if (!row)
    throw new NotFound(`There is no connection ${JSON.stringify(idOrName)}.`, 'connection list shows them.');
  return toConnection(row);
}

/** As it is while nobody else changes it; who only refers to it does not wait. */
export async function lockConnection(tx: Db, id: string): Promise<Connection> {
  const row = await tx
    .selectFrom('connections')
    .selectAll()
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (!row) throw new NotFound(`There is no connection ${id} any more.`, 'connection list shows them.');
  return toConnection(row);
}

export type NewConnection = Omit<
  Connection,
  'state' | 'pauseReason' | 'pollCron' | 'policies' | 'simulators' | 'createdAt' | 'updatedAt'
> & { pollCron?: string | undefined; simulators?: readonly string[] | undefined };

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
      poll_cron: connection.pollCron ?? null,
      simulators: connection.simulators ? [...connection.simulators] : null,
      next_poll_at: firstPoll(connection.pollIntervalSeconds, connection.pollCron, now),
      poll_written_at: now,
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
    // What was removed meanwhile stays as it was left.
    .where('removed_at', 'is', null)
    .where('state', '<>', change.state)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** One more reason for a pause that is there; one with the reason `unless` says by itself what is still missing. */
export async function addPauseReason(db: Db, id: string, reason: string, unless: string): Promise<void> {
  await db
    .updateTable('connections')
    .set({ pause_reason: sql<string>`concat_ws(' ', pause_reason, ${reason}::text)` })
    .where('id', '=', id)
    .where('state', '=', 'paused')
    .where(
      sql<boolean>`pause_reason is distinct from ${unless} and strpos(coalesce(pause_reason, ''), ${reason}) = 0`,
    )
    .execute();
}

/** An interval takes the place of a cron schedule and the other way round; interval 0 switches polling off. */
export async function setConnectionSchedule(
  db: Db,
  id: string,
  change: { webhooksEnabled?: boolean; pollIntervalSeconds?: number; pollCron?: string },
  now: Date,
): Promise<void> {
  const { webhooksEnabled, pollIntervalSeconds, pollCron } = change;
  const polls = pollIntervalSeconds !== undefined || pollCron !== undefined;
  await db
    .updateTable('connections')
    .set({
      ...(webhooksEnabled === undefined ? {} : { webhooks_enabled: webhooksEnabled }),
      ...(pollIntervalSeconds === undefined ? {} : { poll_interval_seconds: pollIntervalSeconds }),
      ...(polls
        ? {
            poll_cron: pollCron ?? null,
            next_poll_at: firstPoll(pollIntervalSeconds, pollCron, now),
            poll_written_at: now,
          }
        : {}),
      updated_at: now,
    })
    .where('id', '=', id)
    .execute();
}

/** By cron at its next time, by interval at once; a schedule that cannot be read throws UsageError. */
function firstPoll(intervalSeconds: number | undefined, cron: string | undefined, now: Date): Date | null {
  if (cron !== undefined) return nextOccurrence(cron, now);
  return (intervalSeconds ?? 0) > 0 ? now : null;
}

/** Nothing works for it any more; its name is free again. Returns false when it had been removed already. */
export async function markConnectionRemoved(db: Db, id: string, now: Date): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('connections')
    .set({
      removed_at: now,
      name: sql<string>`name || ' (removed ' || left(id::text, 13) || ')'`,
      state: 'paused',
      pause_reason: 'removed',
      next_poll_at: null,
      updated_at: now,
    })
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Whether anything stands here of that side: records of the source, or steps that were sent to the destination. */
export async function hasBooks(db: Db, id: string, side: Side): Promise<boolean> {
  const of = sql`where connection_id = ${id}`;
  const { rows } =
    side === 'source'
      ? await sql`select from documents ${of} limit 1`.execute(db)
      : await sql`(select from links ${of} limit 1) union all (select from deliveries ${of} limit 1)`.execute(
          db,
        );
  return rows.length > 0;
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

export async function mergePolicies(
  db: Db,
  id: string,
  policies: Record<string, string>,
  now: Date,
): Promise<void> {
  await db
    .updateTable('connections')
    .set({ policies: sql`policies || ${JSON.stringify(policies)}::jsonb`, updated_at: now })
    .where('id', '=', id)
    .execute();
}

/** Takes the active connections whose poll is due and sets their next date, so that nobody else takes them. */
export async function takeDuePolls(db: Db, now: Date): Promise<string[]> {
  const due = await db
    .selectFrom('connections')
    .select(['id', 'poll_interval_seconds', 'poll_cron'])
    .where('state', '=', 'active')
    .where('next_poll_at', '<=', now)
    .forUpdate()
    .skipLocked()
    .execute();
  for (const { id, poll_interval_seconds: seconds, poll_cron: cron } of due) {
    const next = cron === null ? new Date(now.getTime() + seconds * 1000) : nextOccurrence(cron, now);
    await db
      .updateTable('connections')
      .set({ next_poll_at: next, poll_written_at: now })
      .where('id', '=', id)
      .execute();
  }
  return due.map(({ id }) => id);
}
