/** 'Try the sandbox': both simulators, a little history in them, and a connection between the two. */
import { UsageError } from '../core/errors.ts';
import type { Sandbox } from '../platform/sandbox.ts';
import { listConnections } from '../store/connections.ts';
import { addConnection, sandboxSides } from './add-connection.ts';
import { type Actor, requireRole } from './context.ts';
import type { OperationParts } from './parts.ts';

const HISTORY = { seed: 1, invoices: 24, payments: 10 };
const POLL_SECONDS = 300;

export async function addSandboxConnection(
  parts: OperationParts & { sandbox: Sandbox },
  actor: Actor,
  request: { name?: string | undefined },
): Promise<{ id: string; name: string; sourceUrl: string; destinationUrl: string }> {
  requireRole(actor, 'admin');
  const source = parts.registry.sources.find(({ simulator }) => simulator);
  const destination = parts.registry.destinations.find(({ simulator }) => simulator);
  if (!source?.simulator || !destination?.simulator)
    throw new UsageError('There is no pair of simulators to play with.');
  const sourceUrl = await parts.sandbox.urlOf(source.simulator);
  const destinationUrl = await parts.sandbox.urlOf(destination.simulator);
  const { simulators, ...sides } = await sandboxSides(parts, {
    source: source.id,
    destination: destination.id,
    sourceUrl,
    destinationUrl,
  });
  await parts.sandbox.work(sourceUrl, HISTORY);
  const connection = {
    ...sides,
    webhooksEnabled: true,
    pollIntervalSeconds: POLL_SECONDS,
    startPaused: true,
  };
  for (;;) {
    const name = request.name ?? (await freeName(parts));
    try {
      const { id } = await addConnection(parts, actor, { name, ...connection }, { simulators });
      return { id, name, sourceUrl, destinationUrl };
    } catch (error) {
      // Somebody else took the name just now: the next one.
      if (request.name !== undefined || (await freeName(parts)) === name) throw error;
    }
  }
}

async function freeName({ db }: OperationParts): Promise<string> {
  const taken = new Set((await listConnections(db)).map(({ name }) => name));
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? 'sandbox' : `sandbox ${number}`;
    if (!taken.has(name)) return name;
  }
}
