/** What the HTTP server asks for, made of the operations and the store. */
import { UsageError } from '../core/errors.ts';
import { completeConsent } from '../operations/consent.ts';
import { listConnections } from '../operations/list-connections.ts';
import { listRecords } from '../operations/list-records.ts';
import type { OperationParts } from '../operations/parts.ts';
import { replay } from '../operations/replay.ts';
import { pauseConnection, resumeConnection } from '../operations/set-connection.ts';
import { showRecord } from '../operations/show-record.ts';
import { status } from '../operations/status.ts';
import { readGauges } from '../store/gauges.ts';
import type { ConsentAnswer, Health, Operations } from './parts.ts';

export function toOperations(parts: OperationParts): Operations {
  const viewOf = async (actor: Parameters<Operations['listConnections']>[0], id: string) => {
    const view = (await listConnections(parts, actor)).find((connection) => connection.id === id);
    if (!view) throw new UsageError(`There is no connection ${id}.`);
    return view;
  };
  return {
    listConnections: (actor) => listConnections(parts, actor),
    pauseConnection: async (actor, { connectionId, reason }) => {
      await pauseConnection(parts, actor, { connection: connectionId, reason });
      return viewOf(actor, connectionId);
    },
    resumeConnection: async (actor, { connectionId }) => {
      await resumeConnection(parts, actor, { connection: connectionId });
      return viewOf(actor, connectionId);
    },
    listRecords: (actor, query) => listRecords(parts, actor, query),
    showRecord: (actor, request) => showRecord(parts, actor, request),
    replay: (actor, request) => replay(parts, actor, request),
    status: (actor) => status(parts, actor),
  };
}

export async function finishConsent(
  parts: OperationParts,
  answer: { state: string | undefined; code: string | undefined; error: string | undefined },
): Promise<ConsentAnswer> {
  if (answer.state === undefined || answer.code === undefined) {
    return {
      ok: false,
      title: 'No consent',
      message: answer.error ?? 'The answer carries neither a code nor an error.',
    };
  }
  try {
    const { connection, account } = await completeConsent(parts, { state: answer.state, code: answer.code });
    return {
      ok: true,
      title: 'Connected',
      message: `${connection} is connected${account ? ` to account ${account}` : ''}. You may close this page.`,
    };
  } catch (error) {
    parts.log.warn({ err: error }, 'consent failed');
    return {
      ok: false,
      title: 'Not connected',
      message: error instanceof Error ? error.message : String(error),
    };
  }
}

export async function metricsText({ db, metrics }: OperationParts): Promise<string> {
  const { paused, unsettled, parked } = await readGauges(db);
  metrics.paused.set(paused);
  metrics.unsettled.set(unsettled);
  metrics.parked.set(parked);
  return metrics.registry.metrics();
}

export async function readiness(parts: OperationParts): ReturnType<Health['ready']> {
  try {
    await parts.db.selectFrom('connections').select('id').limit(1).execute();
    return { ready: true, checks: { database: 'answers' } };
  } catch (error) {
    return { ready: false, checks: { database: error instanceof Error ? error.message : String(error) } };
  }
}
