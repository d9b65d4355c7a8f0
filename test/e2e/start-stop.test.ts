/** Starting and stopping the real service: nothing left behind, and every wrong start says what to do. */

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startChild } from '../../src/cli/children.ts';
import { startWorld } from '../../src/demo/world.ts';
import { findOldNode } from '../kit/machine.ts';
import { listProcesses, ROOT, runCli, runProgram } from './kit.ts';

const MAIN = join(ROOT, 'src/main.ts');

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'ml-connector-start-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

let made = 0;
function newDataDir(): string {
  made += 1;
  return join(base, `data-${made}`);
}

function settings(dataDir: string, more: Record<string, string> = {}): Record<string, string> {
  return { ML_DATA_DIR: dataDir, ML_PORT: '0', ML_LOG_LEVEL: 'error', ...more };
}

const start = (environment: Record<string, string>) => runCli(['start', '--json'], { environment });
const startService = (environment: Record<string, string>) =>
  startChild([MAIN, 'start', '--json'], environment);

function errorOf(json: unknown): { message: string; hint?: string } {
  return (json as { error: { message: string; hint?: string } }).error;
}

async function listen(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, port: address.port };
}

test('SIGINT and SIGTERM leave no process, no lock and no socket, and the next start works', async () => {
  const dataDir = newDataDir();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGINT'] as const) {
    const child = await startService(settings(dataDir));
    expect((await listProcesses(dataDir)).length, 'service and PostgreSQL').toBeGreaterThan(2);
    process.kill(child.pid, signal);
    await child.exited;
    expect(await listProcesses(dataDir), `after ${signal}`).toEqual([]);
    const left = await readdir(join(dataDir, 'postgres'));
    expect(left.filter((name) => name.startsWith('.s.PGSQL') || name === 'postmaster.pid')).toEqual([]);
    expect(existsSync(join(dataDir, 'postgres.json'))).toBe(false);
  }
});

test('Ctrl-C in the middle of demo --once leaves no process and no directory', async () => {
  const temporary = await mkdtemp(join(base, 'tmp-'));
  const run = runCli(['demo', '--once', '--json', '--invoices', '40', '--payments', '20'], {
    environment: { TMPDIR: temporary },
  });
  const deadline = performance.now() + 30_000;
  while ((await listProcesses(temporary)).length < 6 && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 100));
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  for (const pid of await listProcesses(temporary)) if (await isDemo(pid)) process.kill(pid, 'SIGINT');
  const { code } = await run;
  expect(code).toBe(130);
  expect(await listProcesses(temporary)).toEqual([]);
  expect(await readdir(temporary)).toEqual([]);
});

async function isDemo(pid: number): Promise<boolean> {
  const { readFile } = await import('node:fs/promises');
  // A process that has just ended is not the demo.
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.split('\0').includes('demo');
}

test('a service started for a parent ends in order when the parent is gone', async () => {
  const dataDir = newDataDir();
  const child = spawn(process.execPath, [MAIN, 'start', '--json', '--exit-with-parent'], {
    env: { PATH: process.env['PATH'], ...settings(dataDir) },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  child.stdin.destroy();
  await exited;
  expect(await listProcesses(dataDir)).toEqual([]);
});

test('a data directory in use by another one is refused in a sentence', async () => {
  const dataDir = newDataDir();
  const child = await startService(settings(dataDir));
  const second = await start(settings(dataDir));
  expect(second.code).toBe(2);
  expect(errorOf(second.json).message).toBe(
    `The data directory ${dataDir} is in use by another ml-connector (pid ${child.pid}).`,
  );
  expect(errorOf(second.json).hint).toContain('DATABASE_URL');
  expect(second.stderr, 'no stack').not.toContain('    at ');
  await child.stop();
});

test('a port taken by another program is refused in a sentence, and nothing is left running', async () => {
  const { server, port } = await listen();
  const dataDir = newDataDir();
  const { code, json, stderr } = await start(settings(dataDir, { ML_PORT: String(port) }));
  server.close();
  expect(code).toBe(2);
  expect(errorOf(json).message).toContain(`Port ${port}`);
  expect(errorOf(json).hint).toContain('--port');
  expect(stderr).not.toContain('    at ');
  expect(await listProcesses(dataDir)).toEqual([]);
});

test('wrong settings are all named at once, and nothing is started', async () => {
  const dataDir = newDataDir();
  const wrong = {
    ML_PORT: '99999',
    ML_ROLE: 'boss',
    ML_LANES: 'many',
    ML_PUBLIC_URL: 'not a url',
    DATABASE_URL: 'mysql://somewhere',
    ML_OWNER_EMAIL: 'nobody',
    ML_OWNER_PASSWORD: 'short',
    ML_LOG_LEVEL: 'loud',
  };
  const { code, json, stderr } = await start(settings(dataDir, wrong));
  expect(code).toBe(2);
  for (const name of Object.keys(wrong)) expect(errorOf(json).message).toContain(`${name}: `);
  expect(`${JSON.stringify(json)}${stderr}`, 'values of secrets are not repeated').not.toContain('short');
  expect(existsSync(dataDir)).toBe(false);
});

test('a database that refuses connections is told in a sentence that names it without its password', async () => {
  const { server, port } = await listen();
  await new Promise((resolve) => server.close(resolve));
  const url = `postgres://ada:hush-hush@127.0.0.1:${port}/books`;
  const { code, json, stdout, stderr } = await start(settings(newDataDir(), { DATABASE_URL: url }));
  expect(code).toBe(2);
  expect(errorOf(json).message).toContain(`127.0.0.1:${port}`);
  expect(errorOf(json).hint).toBeTruthy();
  expect(stdout + stderr).not.toContain('hush-hush');
  expect(stderr).not.toContain('    at ');
});

test('a data directory that cannot be made is told in a sentence', async () => {
  await writeFile(join(base, 'a-file'), '');
  const { code, json } = await start(settings(join(base, 'a-file', 'data')));
  expect(code).toBe(2);
  expect(errorOf(json).hint).toContain('DATABASE_URL');
});

test('with secrets stored, a missing, wrong or broken encryption key refuses the start; the right one starts', async () => {
  const dataDir = newDataDir();
  const keyFile = join(dataDir, 'encryption.key');
  const kept = join(base, 'kept.key');
  const environment = settings(dataDir);
  await (await startService(environment)).stop();
  const added = await runCli(
    [
      'connection',
      'add',
      '--json',
      '--name',
      'real',
      '--source',
      'freshbooks',
      '--destination',
      'zuora',
      '--set',
      'source.clientId=a',
      '--set',
      'source.clientSecret=b',
      '--set',
      'source.redirectUri=https://localhost/cb',
      '--set',
      'destination.clientId=c',
      '--set',
      'destination.clientSecret=d',
      '--set',
      'destination.region=us-central-sandbox',
    ],
    { environment },
  );
  expect(added.code, added.stderr).toBe(0);
  await cp(keyFile, kept);

  await rm(keyFile);
  const missing = await start(environment);
  expect(missing.code).toBe(2);
  expect(errorOf(missing.json).message).toContain(keyFile);
  expect(errorOf(missing.json).hint).toContain('backup');
  expect(existsSync(keyFile), 'no new key is made over stored secrets').toBe(false);

  const wrong = await start({ ...environment, ML_ENCRYPTION_KEY: randomBytes(32).toString('base64') });
  expect(wrong.code).toBe(2);
  expect(errorOf(wrong.json).message).toMatch(/key/i);
  expect(errorOf(wrong.json).hint).toBeTruthy();

  const secretText = 'this-is-no-key-at-all';
  const broken = await start({ ...environment, ML_ENCRYPTION_KEY: secretText });
  expect(broken.code).toBe(2);
  expect(broken.stdout + broken.stderr).not.toContain(secretText);
  expect(await listProcesses(dataDir), 'no refused start leaves anything running').toEqual([]);

  await cp(kept, keyFile);
  await (await startService(environment)).stop();
});

test('a start that fails is told by startChild, and is no service', async () => {
  await expect(startService({ ...settings(newDataDir()), ML_PORT: 'abc' })).rejects.toThrow(
    /ended with code 2/,
  );
});

test('the demo leaves nothing behind when its service cannot start', async () => {
  // A temporary folder of its own: other tests run demos at the same time.
  const temporary = await mkdtemp(join(base, 'tmp-'));
  vi.stubEnv('TMPDIR', temporary);
  const { server, port } = await listen();
  try {
    await expect(startWorld({ seed: 1, poll: false, port })).rejects.toThrow(/ended with code 2/);
    expect(await readdir(temporary)).toEqual([]);
  } finally {
    server.close();
    vi.unstubAllEnvs();
  }
});

test('on an older Node without a shipped one, the command says what to install', async (context) => {
  const old = findOldNode();
  if (old === undefined) return context.skip('there is no older Node on this machine');
  const copy = join(base, 'copy');
  await mkdir(join(copy, 'bin'), { recursive: true });
  await cp(join(ROOT, 'bin'), join(copy, 'bin'), { recursive: true });
  await cp(join(ROOT, 'package.json'), join(copy, 'package.json'));
  const { code, stderr } = await runProgram(old, [join(copy, 'bin/ml-connector.js'), 'status']);
  expect(code).not.toBe(0);
  expect(stderr).toContain('needs Node 24 or newer');
  expect(stderr).toContain('npm ci');
  expect(stderr).not.toContain('    at ');
  const shipped = await runProgram(old, [join(ROOT, 'bin/ml-connector.js'), '--help']);
  expect(shipped.code, shipped.stderr).toBe(0);
  expect(shipped.stdout).toContain('Usage: ml-connector');
});
