/** Asks both sides whether they would work, without writing anything. */
import type { DocumentKind } from '../core/canonical.ts';
import { OperatingError } from '../core/errors.ts';
import type { PingCheck, Source } from '../core/ports.ts';
import { tryBlocksNow } from '../engine/blocks.ts';
import type { OpenConnection } from '../engine/connection-runtime.ts';
import { loadConnection, type Side } from '../store/connections.ts';
import { listBlockViews } from './block-views.ts';
import { checkCallbacks } from './check-callbacks.ts';
import { type Actor, requireRole } from './context.ts';
import type { OperationParts } from './parts.ts';
import { listHints } from './proxy-hint.ts';

export type PingReport = {
  connection: string;
  ok: boolean;
  sides: { side: Side; system: string; checks: PingCheck[] }[];
  /** About how this service is reached, whatever the systems say. */
  hints: string[];
};

export async function ping(
  parts: OperationParts,
  actor: Actor,
  request: { connection: string; side?: string | undefined },
): Promise<PingReport> {
  requireRole(actor, 'viewer');
  const connection = await loadConnection(parts.db, request.connection);
  const open = await parts.runtime.open(connection.id);
  const wanted = (side: Side) =>
    request.side === undefined || request.side === side || request.side === connection[side];
  await retryBlocks(parts, open);
  const sides: PingReport['sides'] = [];
  for (const side of ['source', 'destination'] as const) {
    if (!wanted(side)) continue;
    const checks = await checked(() => open[side].ping());
    // Where not even the first check passes, or no account is known, there is nobody to ask for callbacks.
    if (
      side === 'source' &&
      checks[0]?.ok === true &&
      !checks.some((one) => one.name === 'account' && !one.ok)
    ) {
      checks.push(...(await checked(() => checkCallbacks(parts, open))));
    }
    checks.push(...(await checkBlocks(parts, connection.id, side)));
    sides.push({ side, system: connection[side], checks: checks.map(inOneVoice) });
  }
  return {
    connection: connection.name,
    ok: sides.every(({ checks }) => checks.every(({ ok }) => ok)),
    sides,
    hints: await listHints(parts),
  };
}

/** However a connector writes the names of its checks. */
const inOneVoice = (check: PingCheck): PingCheck => ({
  ...check,
  name: check.name.replace(/^./u, (first) => first.toUpperCase()),
});
/** Kinds of the source are listed at once; of what waits for the destination one record is let try. */
async function retryBlocks(parts: OperationParts, { connection, source }: OpenConnection): Promise<void> {
  for (const { side, what } of await tryBlocksNow(parts, connection.id)) {
    const kind = source.kinds.find((one) => what === `read ${one}`);
    if (side === 'source' && kind) await checked(() => listOne(source, kind, parts.clock.now()));
  }
}

async function listOne(source: Source, kind: DocumentKind, changedSince: number): Promise<PingCheck[]> {
  await source.list({ kind, changedSince, deleted: false, cursor: undefined, pageSize: 1 });
  return [];
}

async function checkBlocks(parts: OperationParts, connectionId: string, side: Side): Promise<PingCheck[]> {
  const blocks = (await listBlockViews(parts, connectionId)).filter((block) => block.side === side);
  return blocks.map(({ words, message, wayOut, since, held, workedAround }) => ({
    name: words,
    ok: workedAround,
    detail: `since ${since}${held > 0 ? `, ${held} records wait` : ''}: ${message}`,
    fix: wayOut,
  }));
}

async function checked(ask: () => Promise<PingCheck[]>): Promise<PingCheck[]> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return [
      {
        name: 'answer',
        ok: false,
        detail: error.message,
        fix: 'Check address, network and credentials, then ping again.',
      },
    ];
  }
}
