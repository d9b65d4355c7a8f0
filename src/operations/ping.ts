/** Asks both sides whether they would work, without writing anything. */
import { OperatingError } from '../core/errors.ts';
import type { PingCheck } from '../core/ports.ts';
import { loadConnection, type Side } from '../store/connections.ts';
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
