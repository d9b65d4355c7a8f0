/** A second FreshBooks account with a connection of its own to the tenant of a lifecycle world, worked by polling. */
import { freshbooks } from '../../src/connectors/freshbooks/index.ts';
import { startFreshBooksSimulator } from '../../src/connectors/freshbooks/simulator/server.ts';
import { zuora } from '../../src/connectors/zuora/index.ts';
import { drainLane } from '../../src/engine/lane.ts';
import { pollConnection } from '../../src/engine/poll.ts';
import { addConnection } from '../../src/operations/add-connection.ts';
import { findDocument } from '../../src/store/documents.ts';
import { ADMIN } from './engine.ts';
import type { Json, LifecycleWorld } from './lifecycle.ts';

const REDIRECT = 'https://connector.test/oauth/freshbooks/callback';

/** Call `close()` when done. */
export async function connectBeside({ parts, simulators }: LifecycleWorld, name: string) {
  const books = await startFreshBooksSimulator({ seed: 8, rateLimitPerMinute: 1_000_000 });
  const [source, destination] = [
    await freshbooks.simulator?.connect(books.url, REDIRECT),
    await zuora.simulator?.connect(simulators.tenant.url, REDIRECT),
  ];
  if (!source || !destination) throw new Error('a system without a simulator');
  const request = {
    name,
    source: { connector: freshbooks.id, values: source.settings, secrets: source.secrets },
    destination: { connector: zuora.id, values: destination.settings, secrets: destination.secrets },
    webhooksEnabled: false,
    pollIntervalSeconds: 0,
  };
  const sandbox = { simulators: [books.url, simulators.tenant.url] };
  const { id: connectionId } = await addConnection(parts, ADMIN, request, sandbox);
  return {
    accountId: books.simulator.identity.accountId,
    connectionId,
    async user(path: string, body: Json, method: 'POST' | 'PUT' = 'POST'): Promise<number> {
      const answer = await fetch(`${books.url}/_control/${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
      const shown = Object.values((await answer.json()) as Record<string, { id?: number }>);
      return shown.find((one) => one.id !== undefined)?.id ?? 0;
    },
    async settle() {
      await pollConnection(parts, parts.runtime, connectionId);
      for (let turn = 0; turn < 60; turn += 1) {
        const rows = await parts.db
          .selectFrom('events')
          .innerJoin('documents', 'documents.id', 'events.document_id')
          .select('documents.lane')
          .distinct()
          .where('events.connection_id', '=', connectionId)
          .where('events.settled_at', 'is', null)
          .execute();
        if (rows.length === 0) return;
        for (const { lane } of rows) await drainLane(parts, parts.runtime, { connectionId, lane });
      }
      throw new Error('events are left without an end state');
    },
    reasonOf: async (kind: 'client' | 'invoice', id: number) =>
      (await findDocument(parts.db, connectionId, kind, String(id)))?.reason,
    close: () => books.close(),
  };
}
