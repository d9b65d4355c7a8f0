/** Opens a connection: its source and destination, with the credentials, budgets and audit they work under. */
import type { BudgetHint } from '../core/call-budget.ts';
import { NotFound, UsageError } from '../core/errors.ts';
import type {
  ConnectorContext,
  Destination,
  DestinationManifest,
  RateHint,
  Secrets,
  SharedBudget,
  Source,
  SourceManifest,
} from '../core/ports.ts';
import { elapsedMs } from '../platform/clock.ts';
import { createHttp } from '../platform/http.ts';
import { type Connection, findConnection, mergeSettings, type Side } from '../store/connections.ts';
import { loadSecrets, renewSecrets } from '../store/credentials.ts';
import { recordAttempt } from './audit.ts';
import { callPriority } from './call-priority.ts';
import { between, reach } from './checkpoints.ts';
import { createGovernor, type Governor } from './governor.ts';
import { guardPort } from './guard-port.ts';
import { addressesOf } from './outgoing.ts';
import { type EngineParts, nowOf, type Registry } from './parts.ts';
import { permittedDestination, permittedSource } from './permitted-ports.ts';
import { storableSource } from './storable-source.ts';

/** Because of the clock alone a token is renewed no sooner. */
const RENEWED_AGAIN_MS = 60_000;

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
  /** Throws NotFound when the connection is gone. Settings changed elsewhere are seen at the next call. */
  open(connectionId: string): Promise<OpenConnection>;
  close(): Promise<void>;
}

export function createConnectionRuntime(parts: EngineParts): ConnectionRuntime {
  const governor = createGovernor(parts);
  const opened = new Map<string, OpenConnection & { close(): Promise<void> }>();
  return {
    async open(connectionId) {
      const connection = await findConnection(parts.db, connectionId);
      if (!connection)
        throw new NotFound(`There is no connection ${connectionId}.`, 'connection list shows them.');
      const known = opened.get(connectionId);
      if (known && sameSettings(known.connection, connection)) return { ...known, connection };
      const source = contextFor(parts, governor, connection, 'source');
      const destination = contextFor(parts, governor, connection, 'destination');
      const books = sourceManifest(parts.registry, connection.source).create(source.context);
      const tenant = destinationManifest(parts.registry, connection.destination).create(destination.context);
      const runtime = {
        connection,
        source: permittedSource(parts, connectionId, storableSource(guardPort(books, parts.vault.known))),
        destination: permittedDestination(parts, connectionId, guardPort(tenant, parts.vault.known)),
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

/** The vendor's tenant where the connector can name it, otherwise the connection. */
function budgetOf(
  registry: Registry,
  connection: Connection,
  side: Side,
  settings: Record<string, string>,
): SharedBudget {
  const shared =
    side === 'destination'
      ? destinationManifest(registry, connection.destination).budget?.(settings)
      : undefined;
  if (shared) return { ...shared, name: `${connection.destination} ${shared.name}` };
  return { name: `${side} of ${connection.id}`, windows: () => [] };
}

function toBudgetHint({ limit, windowMs, windows = [], ...rest }: RateHint): BudgetHint {
  const one = limit === undefined ? [] : [{ limit, windowMs: windowMs ?? 60_000 }];
  return { ...rest, windows: [...windows, ...one] };
}

function contextFor(
  parts: EngineParts,
  governor: Governor,
  connection: Connection,
  side: Side,
): { context: ConnectorContext; close(): Promise<void> } {
  const { db, vault, clock, random, stopping } = parts;
  const key = { connectionId: connection.id, side };
  const settings = { ...connection.settings[side] };
  let renewedAt = -Infinity;
  const budget = () => budgetOf(parts.registry, connection, side, settings);
  const { http, close } = createHttp({
    clock,
    addresses: addressesOf(parts, connection),
    known: vault.known,
    timeout: parts.timeout,
    takeTurn: (bucket, kind) => {
      const live = callPriority() === 'live';
      const { name, windows } = budget();
      const pool = { name, pool: bucket };
      return governor.take({ budget: pool, windows: windows(bucket), kind, user: connection.id, live });
    },
    record: (attempt) =>
      between(parts, 'answer', () => recordAttempt(parts, connection.id, side, attempt), {
        call: attempt.call,
      }),
  });
  return {
    close,
    context: {
      http: (request) => between(parts, 'call', () => http(request), { call: request.call }),
      settings,
      credentials: {
        load: () => loadSecrets(db, vault, key),
        async renew(renew, { early = false } = {}) {
          if (early && elapsedMs(clock) - renewedAt < RENEWED_AGAIN_MS) return loadSecrets(db, vault, key);
          const renewed = async (current: Secrets) => {
            const secrets = await renew(current);
            if (secrets) renewedAt = elapsedMs(clock);
            await reach(parts, 'before token');
            return secrets;
          };
          const stored = await renewSecrets(db, vault, key, renewed, () => nowOf(parts));
          await reach(parts, 'after token');
          return stored;
        },
      },
      now: () => clock.now(),
      random: () => random.next(),
      sleep: (ms) => clock.sleep(ms, stopping),
      learnRate: (bucket, hint) => governor.learn({ name: budget().name, pool: bucket }, toBudgetHint(hint)),
      rememberSetting: async (name, told) => {
        // It comes out of an answer, and stands in the clear from now on.
        const value = vault.known.redact(told);
        settings[name] = value;
        connection.settings[side][name] = value;
        await mergeSettings(db, connection.id, side, { [name]: value }, nowOf(parts));
      },
    },
  };
}
