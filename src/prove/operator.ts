/** What a person who runs the service does: connects again, backs up and restores, replays what is parked. */
import { sql } from 'kysely';
import { runBackfill, startBackfill } from '../engine/backfill.ts';
import { afterRestore } from '../operations/after-restore.ts';
import { finishConsent, startConsent } from '../operations/consent.ts';
import { replay } from '../operations/replay.ts';
import { resumeConnection } from '../operations/set-connection.ts';
import { findConnection } from '../store/connections.ts';
import { letThemWork, patiently } from './work.ts';
import { OPERATOR, type ProofWorld } from './world.ts';

const MOST_CHUNKS = 60;
const TRIES = 50;

/** Consents again where the connection has stopped for want of it. */
export async function reconnect(world: ProofWorld): Promise<boolean> {
  const connection = await findConnection(world.observer().db, world.connectionId);
  if (connection?.state !== 'paused') return false;
  await world.job('consent', async ({ parts }) => {
    const { url } = await startConsent(parts, OPERATOR, { connection: world.connectionId });
    const page = await fetch(`${url}&auto=1`, { redirect: 'manual' });
    const returnedUrl = page.headers.get('location');
    if (returnedUrl === null) throw new Error(`no consent was given: ${page.status}`);
    await finishConsent(parts, OPERATOR, { connection: world.connectionId, returnedUrl });
    await resumeConnection(parts, OPERATOR, { connection: world.connectionId });
  });
  return true;
}

/** Looks once more at everything that waits for a person; how many records that were. */
export async function replayParked(world: ProofWorld): Promise<number> {
  const done = await world.job('replay', ({ parts }) =>
    replay(parts, OPERATOR, { filter: { state: 'parked' } }),
  );
  return done?.replayed ?? 0;
}

/** All history: `chunks` pages of it at most; true when it came to its end. */
export async function backfillHistory(world: ProofWorld, chunks: number): Promise<boolean> {
  const { connectionId } = world;
  const request = { connectionId, changedSince: null, actor: OPERATOR.name };
  const id = await world.job('backfill', ({ parts }) => startBackfill(parts, parts.runtime, request));
  if (id === undefined) return false;
  for (let chunk = 0; chunk < chunks; chunk += 1) {
    await patiently(
      world,
      world.job('backfill', ({ parts }) => runBackfill(parts, parts.runtime, id)),
    );
    const { rows } = await sql<{ state: string }>`select state from backfills where id = ${id}`.execute(
      world.observer().db,
    );
    if (rows[0]?.state === 'listed') await letThemWork(world, 10 * 60_000);
    else if (rows[0]?.state !== 'running') return true;
  }
  return false;
}

/** The name of the copy. */
export async function takeBackup(world: ProofWorld): Promise<string> {
  const backup = `${world.databaseName}_backup`;
  await world.server.drop(backup);
  await world.blind();
  for (let tries = 1; ; tries += 1) {
    try {
      await world.server.cut(world.databaseName);
      await world.server.copy(backup, world.databaseName);
      break;
    } catch (error) {
      // Somebody has connected again in between.
      if (tries >= TRIES) throw error;
    }
  }
  await world.look();
  return backup;
}

export async function restoreBackup(world: ProofWorld, backup: string): Promise<void> {
  for (const replica of world.replicas()) world.kill(replica);
  await world.blind();
  await world.server.drop(world.databaseName);
  await world.server.copy(world.databaseName, backup);
  await world.server.drop(backup);
  await world.look();
  world.start();
  world.forget();
  await world.job('after restore', ({ parts }) => afterRestore(parts, OPERATOR));
  await world.poll();
  await reconnect(world);
  await backfillHistory(world, MOST_CHUNKS);
}
