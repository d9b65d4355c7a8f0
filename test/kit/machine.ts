/** What some tests need of the machine, found the same way by them and by the check of what was skipped. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findOfficial } from '../contract/documents.ts';
import type { Need } from '../skips.ts';

const OLDEST_NODE = 24;

export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => existsSync(path),
);

export const PGBOUNCER = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/usr/local/bin/pgbouncer'].find(
  (path) => existsSync(path),
);

/** A Node of the system that is too old for this program; undefined where there is none. */
export function findOldNode(): string | undefined {
  return ['/usr/bin/node', '/usr/local/bin/node'].find((path) => {
    if (!existsSync(path)) return false;
    const version = execFileSync(path, ['--version'], { encoding: 'utf8', env: {} });
    return Number.parseInt(version.slice(1), 10) < OLDEST_NODE;
  });
}

const HAS: Readonly<Record<Need, () => boolean>> = {
  'root on Linux': () => process.platform === 'linux' && process.getuid?.() === 0,
  'an older Node': () => findOldNode() !== undefined,
  Chromium: () => CHROMIUM !== undefined,
  PgBouncer: () => PGBOUNCER !== undefined,
  'the official OpenAPI core': () => findOfficial() !== undefined,
};

export function machineHas(need: Need): boolean {
  return HAS[need]();
}
