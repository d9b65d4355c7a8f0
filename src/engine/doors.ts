/** Which callback a path belongs to: asked for in batches, one after the other, so that a flood of guesses holds one connection. */
import type { SourceManifest } from '../core/ports.ts';
import { type CallbackRow, findCallbacksByPaths } from '../store/callbacks.ts';
import { findConnection } from '../store/connections.ts';
import { sourceManifest } from './connection-runtime.ts';
import type { EngineParts } from './parts.ts';

export type Door = { callback: CallbackRow; manifest: SourceManifest; account: string | undefined };

export interface Doors {
  find(path: string): Promise<Door | undefined>;
  /** The same, as the database has it after this call. */
  findAnew(path: string): Promise<Door | undefined>;
}

/** How long a process trusts its copy of a callback's verifier; a mismatch asks the database at once. */
const TRUST_MS = 10_000;
/** What a path of ours may look like; anything else is not asked for. */
const PATH = /^[\w-]{1,100}$/;
const MOST_AT_ONCE = 500;

type Waiting = { path: string; resolve: (door: Door | undefined) => void; reject: (error: unknown) => void };

export function createDoors(parts: EngineParts): Doors {
  /** Only callbacks that there are: no guess is ever remembered. */
  const known = new Map<string, { door: Door; until: number }>();
  let waiting: Waiting[] = [];
  let asking = false;

  async function look(paths: readonly string[]): Promise<Map<string, Door>> {
    const callbacks = await findCallbacksByPaths(parts.db, parts.vault, paths);
    const found = new Map<string, Door>();
    for (const [path, callback] of callbacks) {
      const connection = await findConnection(parts.db, callback.connectionId);
      if (!connection) continue;
      const manifest = sourceManifest(parts.registry, connection.source);
      found.set(path, { callback, manifest, account: connection.settings.source['accountId'] });
    }
    for (const path of paths) {
      const door = found.get(path);
      if (door) known.set(path, { door, until: parts.clock.now() + TRUST_MS });
      else known.delete(path);
    }
    return found;
  }

  async function askAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MOST_AT_ONCE);
      waiting = waiting.slice(MOST_AT_ONCE);
      try {
        const found = await look([...new Set(batch.map(({ path }) => path))]);
        for (const { path, resolve } of batch) resolve(found.get(path));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    asking = false;
  }

  async function findAnew(path: string): Promise<Door | undefined> {
    if (!PATH.test(path)) return undefined;
    return new Promise((resolve, reject) => {
      waiting.push({ path, resolve, reject });
      if (asking) return;
      asking = true;
      setImmediate(() => void askAll());
    });
  }

  return {
    findAnew,
    async find(path) {
      const trusted = known.get(path);
      return trusted && trusted.until > parts.clock.now() ? trusted.door : findAnew(path);
    },
  };
}
