/** What every part of the engine works with; made once by the composition root. */
import type { DestinationManifest, SourceManifest } from '../core/ports.ts';
import type { AddressRules } from '../platform/addresses.ts';
import type { Clock, Random } from '../platform/clock.ts';
import type { CallTimeout } from '../platform/http.ts';
import { createKnownSecrets, type KnownSecrets } from '../platform/known-secrets.ts';
import type { Log } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { Queue } from '../platform/queue.ts';
import type { Vault } from '../platform/vault.ts';
import { NOT_SECRET } from '../store/callbacks.ts';
import type { Connection, Side } from '../store/connections.ts';
import type { Db } from '../store/db.ts';
import type { DocumentState } from '../store/documents.ts';
import type { OnCheckpoint } from './checkpoints.ts';

export type Registry = {
  sources: readonly SourceManifest[];
  destinations: readonly DestinationManifest[];
};

export type RecordChange = { id: string; state: DocumentState };

export type EngineParts = {
  db: Db;
  queue: Queue;
  vault: Vault;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Metrics;
  registry: Registry;
  /** Names this process in leases. */
  instance: string;
  /** Aborted when the process is asked to stop. */
  stopping: AbortSignal;
  /** Tells whoever watches that a document changed its state. */
  announce: (change: RecordChange) => void;
  /** What the operator allowed to be called besides the public internet; without it, nothing. */
  addresses?: AddressRules;
  /** Only in rehearsals. */
  checkpoint?: OnCheckpoint;
  timeout?: CallTimeout;
};

/** Whatever the vault seals or opens is a secret, but what connectors and callbacks name as none. */
export function createKnownSecretsFor({ sources, destinations }: Registry, clock: Clock): KnownSecrets {
  const named = [...sources, ...destinations].flatMap(({ notSecret = [] }) => notSecret);
  return createKnownSecrets({ clock, open: [...named, ...NOT_SECRET] });
}

export const ENGINE_ACTOR = 'system';

export function nowOf({ clock }: Pick<EngineParts, 'clock'>): Date {
  return new Date(clock.now());
}

/** How people call the system on that side; its id where no connector of that name is there. */
export function labelOf(
  { registry }: { registry: Registry },
  connection: Pick<Connection, 'source' | 'destination'>,
  side: Side,
): string {
  const manifests: readonly { id: string; label: string }[] =
    side === 'source' ? registry.sources : registry.destinations;
  return manifests.find(({ id }) => id === connection[side])?.label ?? connection[side];
}
