/** The second auditor: of what we have written down ourselves. Nothing was done unsaid, nothing is left half done. */
import { sql } from 'kysely';
import type { SeenWrite } from '../core/rehearsal.ts';
import { listBrokenTrails } from '../store/trail-chains.ts';
import type { Standing } from './auditor.ts';
import type { ProofWorld } from './world.ts';

export type TrailAuditor = {
  /** What breaks a promise, in words. */
  judge(): Promise<string[]>;
};

export function watchTrail(world: ProofWorld): TrailAuditor {
  const broken: string[] = [];
  const checks: Promise<void>[] = [];
  const newest = new Map<string, bigint>();
  const done: SeenWrite[] = [];

  // I3: at the moment a write arrives, its intent is committed.
  world.destination.onWrite((write) => {
    if (write.ok) done.push(write);
    checks.push(
      isIntended(world, write.trackId).then(
        (intended) => void (intended || broken.push(`no intent for ${write.call} (${write.trackId})`)),
        // The database is down or being put back: nobody can say.
        () => {},
      ),
    );
  });

  // I5: once a later holder of a lane has committed something, no earlier one does.
  world.onCheckpoint(async (replica, at, { lease }) => {
    if (!lease || !at.startsWith('after')) return;
    const lane = `${world.epoch()} ${lease.lane}`;
    const last = newest.get(lane) ?? 0n;
    if (lease.token < last)
      broken.push(`lane ${lease.lane} was worked twice at once (${replica.name}, ${at})`);
    else newest.set(lane, lease.token);
  });

  return {
    async judge() {
      await Promise.all(checks);
      const { db } = world.observer();
      const trails = await listBrokenTrails(db, '');
      const unsettled = await sql<{ what: string }>`
        select d.kind || '/' || d.source_id as what from events e join documents d on d.id = e.document_id
        where e.settled_at is null group by 1`.execute(db);
      const open = await sql<{ what: string }>`
        select d.kind || '/' || d.source_id || ' ' || (v.step ->> 'kind') as what
        from deliveries v join documents d on d.id = v.document_id where v.state = 'intended'`.execute(db);
      const pending = await sql<{ what: string }>`
        select kind || '/' || source_id as what from documents where state = 'pending'`.execute(db);
      const unsaid = await listUnsaid(world, done);
      return [
        ...broken,
        ...trails.map(
          ({ subject, position, why }) => `the chain of ${subject} is broken: entry ${position} ${why}`,
        ),
        ...unsettled.rows.map(({ what }) => `${what} has events without an end state`),
        ...open.rows.map(({ what }) => `${what} was intended and never came to an end`),
        ...pending.rows.map(({ what }) => `${what} is still pending`),
        ...unsaid,
      ];
    },
  };
}

async function isIntended(world: ProofWorld, deliveryId: string): Promise<boolean> {
  const { rows } = await sql`select 1 from deliveries where id::text = ${deliveryId}`.execute(
    world.observer().db,
  );
  return rows.length > 0;
}

/** I3: an effect that our database knows the intent of has an entry that says how it ended. */
async function listUnsaid(world: ProofWorld, done: readonly SeenWrite[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select v.id::text as id from deliveries v where v.id::text = any(${done.map(({ trackId }) => trackId)})
      and not exists (select from trail t where t.subject = 'document:' || v.document_id and t.entry = 'outcome'
        and t.payload::jsonb ->> 'deliveryId' = v.id::text)`.execute(world.observer().db);
  return rows.map(({ id }) => `delivery ${id} had an effect, and nothing says so`);
}

/** What a person is shown of each record. */
export async function readStandings(world: ProofWorld): Promise<Map<string, Standing>> {
  const { rows } = await sql<Required<Standing> & { document: string }>`
    select d.kind || '/' || d.source_id as document, d.state, coalesce(d.reason ->> 'code', '') as code,
      coalesce(d.reason ->> 'message', '') as message, other.kind || '/' || other.source_id as "waitsFor"
    from documents d left join documents other on other.id::text = d.reason ->> 'waitsFor'
    where d.connection_id = ${world.connectionId}`.execute(world.observer().db);
  return new Map(
    rows.map(({ document, waitsFor, ...standing }) => [
      document,
      { ...standing, waitsFor: waitsFor ?? undefined },
    ]),
  );
}
