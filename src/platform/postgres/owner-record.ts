/** The note that the owner of a data directory leaves there for other processes: who it is, and how to reach its PostgreSQL. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import type { LocalConnection } from './connection.ts';

export type OwnerRecord = { pid: number; connection?: LocalConnection };

const CONNECT_TIMEOUT_MS = 2_000;

export function writeOwnerRecord(dataDir: string, record: OwnerRecord): void {
  const next = `${fileOf(dataDir)}.next`;
  writeFileSync(next, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  renameSync(next, fileOf(dataDir));
}

export function removeOwnerRecord(dataDir: string): void {
  rmSync(fileOf(dataDir), { force: true });
}

/** `undefined` when there is none, or none that can be read. */
export function readOwnerRecord(dataDir: string): OwnerRecord | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(fileOf(dataDir), 'utf8'));
  } catch {
    return undefined;
  }
  return isOwnerRecord(parsed) ? parsed : undefined;
}

/** Where the PostgreSQL of a running service listens; `undefined` when nothing answers there. Changes nothing. */
export async function findRunningPostgres(dataDir: string): Promise<LocalConnection | undefined> {
  const connection = readOwnerRecord(dataDir)?.connection;
  if (!connection) return undefined;
  return (await answers(join(connection.host, `.s.PGSQL.${connection.port}`))) ? connection : undefined;
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath);
    const settle = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => settle(false));
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

function fileOf(dataDir: string): string {
  return join(dataDir, 'postgres.json');
}

function isOwnerRecord(value: unknown): value is OwnerRecord {
  if (typeof value !== 'object' || value === null || !('pid' in value) || typeof value.pid !== 'number')
    return false;
  if (!('connection' in value)) return true;
  const connection = value.connection;
  return (
    typeof connection === 'object' &&
    connection !== null &&
    'host' in connection &&
    typeof connection.host === 'string' &&
    'port' in connection &&
    typeof connection.port === 'number' &&
    'user' in connection &&
    typeof connection.user === 'string' &&
    'database' in connection &&
    typeof connection.database === 'string'
  );
}
