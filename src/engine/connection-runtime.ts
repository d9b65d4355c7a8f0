/** Opens a connection: its source and destination, with the credentials, budgets and audit they work under. */
import { OperatingError, UsageError } from '../core/errors.ts';
import type {
  ConnectorContext,
  Destination,
  DestinationManifest,
  Source,
  SourceManifest,
} from '../core/ports.ts';
import { createHttp } from '../platform/http.ts';
import { type Connection, findConnection, mergeSettings, type Side } from '../store/connections.ts';
import { loadSecrets, renewSecrets } from '../store/credentials.ts';
import { learnRate, takeTurn } from '../store/rate-budgets.ts';
import { recordAttempt } from './audit.ts';
import { type EngineParts, nowOf, type Registry } from './parts.ts';

/** Longer than this nobody waits inside a call: the lane is put off instead. */
const LONGEST_WAIT_MS = 15_000;

export type OpenConnection = { connection: Connection; source: Source; destination: Destination };

export function sourceManifest(registry: Registry, id: string): SourceManifest {
  return found(registry.sources, id);
}

export function destinationManifest(registry: Registry, id: string): DestinationManifest {
  return found(registry.destinations, id);
}

function found<M extends { id: string }>(manifests: readonly M[], id: string): M {
  const manifest = manifests.find((candidate) => candidate.id === id);
  if (manifest) return manifest;
  throw new UsageError(`There is no connector "${id}".`, `Known: ${manifests.map((m) => m.id).join(', ')}.`);
}

export interface ConnectionRuntime {
  /** Throws UsageError when the connection is gone. Settings changed elsewhere are seen at the next call. */
  open(connectionId: string): Promise<OpenConnection>;
  close(): Promise<void>;
}

export function createConnectionRuntime(parts: EngineParts): ConnectionRuntime {
  const opened = new Map<string, OpenConnection & { close(): Promise<void> }>();
  return {
    async open(connectionId) {
      const connection = await findConnection(parts.db, connectionId);
      if (!connection) throw new UsageError(`There is no connection ${connectionId}.`);
      const known = opened.get(connectionId);
      if (known && sameSettings(known.connection, connection)) return { ...known, connection };
      const source = contextFor(parts, connection, 'source');
      const destination = contextFor(parts, connection, 'destination');
      const runtime = {
        connection,
        source: sourceManifest(parts.registry, connection.source).create(source.context),
        destination: destinationManifest(parts.registry, connection.destination).create(destination.context),
        close: async () => void (await Promise.allSettled([source.close(), destination.close()])),
      };
      opened.set(connectionId, runtime);
      return runtime;
    },
    async close() {
      await Promise.all([...opened.values()].map((runtime) => runtime.close()));
    },
  };
}

function sameSettings(a: Connection, b: Connection): boolean {
  return JSON.stringify(a.settings) === JSON.stringify(b.settings);
}

function contextFor(
  parts: EngineParts,
  connection: Connection,
  side: Side,
): { context: ConnectorContext; close(): Promise<void> } {
  const { db, vault, clock, random, stopping } = parts;
  const key = { connectionId: connection.id, side };
  const settings = { ...connection.settings[side] };
  const { http, close } = createHttp({
    clock,
    takeTurn: async (bucket) => {
      const waitMs = await takeTurn(db, { ...key, bucket }, clock.now(), LONGEST_WAIT_MS);
      if (waitMs > LONGEST_WAIT_MS) {
        throw new OperatingError('rate_limited', `the ${side}'s call budget is used up for now`, {
          until: clock.now() + waitMs,
        });
      }
      if (waitMs > 0) await clock.sleep(waitMs, stopping);
    },
    record: (attempt) => recordAttempt(parts, connection.id, side, attempt),
  });
  return {
    close,
    context: {
      http,
      settings,
      credentials: {
        load: () => loadSecrets(db, vault, key),
        renew: (renew) => renewSecrets(db, vault, key, renew, () => nowOf(parts)),
      },
      now: () => clock.now(),
      random: () => random.next(),
      sleep: (ms) => clock.sleep(ms, stopping),
      learnRate: (bucket, hint) => learnRate(db, { ...key, bucket }, hint),
      rememberSetting: async (name, value) => {
        settings[name] = value;
        connection.settings[side][name] = value;
        await mergeSettings(db, connection.id, side, { [name]: value }, nowOf(parts));
      },
    },
  };
}
