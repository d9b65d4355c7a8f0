/** Removes a connection: callbacks and tokens at the source, secrets here; records and audit stay. */
import { OperatingError, UsageError } from '../core/errors.ts';
import type { OpenConnection } from '../engine/connection-runtime.ts';
import { nowOf } from '../engine/parts.ts';
import { connectionPauser } from '../engine/pause.ts';
import { listCallbacks } from '../store/callbacks.ts';
import { loadConnection, markConnectionRemoved } from '../store/connections.ts';
import { type Actor, requireRole } from './context.ts';
import { auditDecision, type OperationParts } from './parts.ts';

export type Removal = {
  id: string;
  name: string;
  dryRun: boolean;
  removed: boolean;
  /** Topics of callbacks that go at the source. */
  callbacks: string[];
  tokensRevoked: boolean;
  recordsKept: number;
  /** Told about and not at its end: nobody will work on these any more. */
  unsettled: number;
  /** What the source would not take back; only with `force`. */
  left: string[];
};

/** Throws UsageError where the source does not give everything up and `force` is not set: the connection is then only paused. */
export async function removeConnection(
  parts: OperationParts,
  actor: Actor,
  request: { connection: string; dryRun?: boolean | undefined; force?: boolean | undefined },
): Promise<Removal> {
  requireRole(actor, 'admin');
  const connection = await loadConnection(parts.db, request.connection);
  const { id, name } = connection;
  const callbacks = await listCallbacks(parts.db, parts.vault, id);
  const open = await parts.runtime.open(id);
  const plan: Removal = {
    id,
    name,
    dryRun: request.dryRun === true,
    removed: false,
    callbacks: [...new Set(callbacks.filter(({ remoteId }) => remoteId !== null).map(({ topic }) => topic))],
    tokensRevoked: open.source.revoke !== undefined,
    recordsKept: await countDocuments(parts, id),
    unsettled: await countUnsettled(parts, id),
    left: [],
  };
  if (plan.dryRun) return plan;
  await connectionPauser(parts)(id, 'it is being removed', actor.name);
  const left = await takeBack(
    open,
    callbacks.flatMap(({ topic, remoteId }) => (remoteId === null ? [] : [{ topic, remoteId }])),
  );
  if (left.length > 0 && request.force !== true) {
    throw new UsageError(
      `Not removed, only paused. ${left.join('; ')}`,
      'Try again when the source answers, or go on without it: --force',
    );
  }
  await forget(parts, actor, id, left);
  return { ...plan, removed: true, tokensRevoked: plan.tokensRevoked && left.length === 0, left };
}

/** Callbacks first, for which the token is still needed. Returns what the source did not take back. */
async function takeBack(
  { source }: OpenConnection,
  callbacks: readonly { topic: string; remoteId: string }[],
): Promise<string[]> {
  const left: string[] = [];
  const attempt = async (what: string, run: () => Promise<void>) => {
    try {
      await run();
    } catch (error) {
      if (!(error instanceof OperatingError || error instanceof UsageError)) throw error;
      left.push(`${what} is left at the source: ${error.message}`);
    }
  };
  for (const { topic, remoteId } of callbacks) {
    await attempt(`callback ${topic}`, () => source.callbacks.remove(remoteId));
  }
  if (left.length === 0) await attempt('the token', async () => source.revoke?.());
  return left;
}

async function forget(parts: OperationParts, actor: Actor, id: string, left: readonly string[]) {
  await parts.db.transaction().execute(async (tx) => {
    if (!(await markConnectionRemoved(tx, id, nowOf(parts)))) return;
    await tx.deleteFrom('credentials').where('connection_id', '=', id).execute();
    await tx.deleteFrom('callbacks').where('connection_id', '=', id).execute();
    await tx.deleteFrom('consents').where('connection_id', '=', id).execute();
    await tx
      .updateTable('upgrade_notices')
      .set({ done_at: nowOf(parts), done_by: actor.name })
      .where('connection_id', '=', id)
      .where('done_at', 'is', null)
      .execute();
    await auditDecision(parts, tx, actor, id, { summary: 'removed; records and audit are kept', left });
  });
}

async function countDocuments({ db }: OperationParts, id: string): Promise<number> {
  const row = await db
    .selectFrom('documents')
    .select(({ fn }) => fn.countAll<bigint>().as('count'))
    .where('connection_id', '=', id)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

async function countUnsettled({ db }: OperationParts, id: string): Promise<number> {
  const row = await db
    .selectFrom('events')
    .select(({ fn }) => fn.count<bigint>('document_id').distinct().as('count'))
    .where('connection_id', '=', id)
    .where('settled_at', 'is', null)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}
