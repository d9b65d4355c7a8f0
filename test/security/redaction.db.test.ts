/** A vendor that says everything it was sent back to us: nothing of it reaches a viewer, a page, the log or the trail (I7). */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Service, startService } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { newId } from '../../src/core/ids.ts';
import { createKnownSecretsFor } from '../../src/engine/parts.ts';
import { addConnection } from '../../src/operations/add-connection.ts';
import { startConsent } from '../../src/operations/consent.ts';
import type { Actor } from '../../src/operations/context.ts';
import { addToken } from '../../src/operations/tokens.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createVault, readKeyFile } from '../../src/platform/vault.ts';
import { insertCallback } from '../../src/store/callbacks.ts';
import { loadSecrets, saveSecrets } from '../../src/store/credentials.ts';
import { learnFormer, purgeFormer } from '../../src/store/former-secrets.ts';
import type { DB } from '../../src/store/schema.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { echoesOf, leaksOf } from './echoes.ts';

const ADMIN: Actor = { name: 'test:ada', role: 'admin' };
const hidden = (bytes: number) => randomBytes(bytes).toString('base64');

let database: TestDatabase<DB>;
let folder: string;
let echo: Server;
let echoUrl: string;
let service: Service;
let connectionId: string;
let readToken: string;
/** Everything that was sent to the vendor and must not come back. */
const secrets: Record<string, string> = {
  'source client secret': hidden(33),
  'access token': `${hidden(24)}.${hidden(200)}`,
  'refresh token': randomBytes(32).toString('hex'),
  'destination client secret': `=${hidden(20)}/+&"<`,
  code: hidden(40),
};

/** Each request as it came, plain and wrapped once more in what servers like to wrap it in. */
function startEcho(): Promise<Server> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const said = `${request.url} ${JSON.stringify(request.headers)} ${body}`;
      const form = new URLSearchParams(body);
      for (const [name, value] of [...form, ['authorization', request.headers.authorization ?? '']]) {
        if (name === 'code_verifier' && value) secrets['code verifier'] = value;
      }
      const basic = Buffer.from(`${form.get('client_id')}:${form.get('client_secret')}`).toString('base64');
      const echoed = `no. ${said} ${decodeURIComponent(body.replaceAll('+', ' '))} ${basic} ${Buffer.from(said).toString('hex')}`;
      response.writeHead(request.url?.includes('/oauth/token') ? 400 : 403, {
        'content-type': 'application/json',
        'x-echo': Buffer.from(said).toString('base64url'),
      });
      response.end(JSON.stringify({ error: 'odd', message: echoed, error_description: echoed }));
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

beforeAll(async () => {
  database = await createTestDatabase<DB>();
  folder = await mkdtemp(join(tmpdir(), 'ml-redaction-'));
  echo = await startEcho();
  echoUrl = `http://127.0.0.1:${(echo.address() as AddressInfo).port}`;
  const config = await loadConfig(
    {
      databaseUrl: database.url,
      dataDir: folder,
      port: await freePort(),
      role: 'web',
      logLevel: 'silent',
    },
    { ML_ALLOW_PRIVATE_ADDRESSES: '127.0.0.1' },
  );
  service = await startService(config);
  const { parts } = service;
  const request = {
    name: 'echo',
    source: {
      connector: 'freshbooks',
      values: {
        clientId: 'app-id',
        redirectUri: `${config.publicUrl}/oauth/freshbooks/callback`,
        accountId: 'acc1',
        apiBaseUrl: echoUrl,
        authorizeUrl: `${echoUrl}/authorize`,
        tokenUrl: `${echoUrl}/auth/oauth/token`,
        clientSecret: secrets['source client secret'] ?? '',
      },
      secrets: {
        accessToken: secrets['access token'] ?? '',
        refreshToken: secrets['refresh token'] ?? '',
        expiresAt: String(Date.now() + 3_600_000),
      },
    },
    destination: {
      connector: 'zuora',
      values: {
        clientId: 'client',
        baseUrl: echoUrl,
        clientSecret: secrets['destination client secret'] ?? '',
      },
      secrets: {},
    },
    webhooksEnabled: false,
    pollIntervalSeconds: 0,
  };
  const { id } = await addConnection(parts, ADMIN, request, { simulators: [echoUrl] });
  connectionId = id;
  readToken = (
    await addToken(parts, ADMIN, {
      kind: 'service',
      name: 'viewer',
      scopes: ['read'],
      days: 2,
    })
  ).token;
});

afterAll(async () => {
  await service?.stop();
  echo?.closeAllConnections();
  await new Promise((resolve) => echo?.close(resolve));
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

async function asViewer(path: string, method = 'GET'): Promise<string> {
  const answer = await fetch(`${service.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${readToken}` },
  });
  return `${answer.status} ${await answer.text()}`;
}

const leaks = (text: string) =>
  Object.entries(secrets).flatMap(([name, value]) => leaksOf(value, text).map((leak) => `${name}: ${leak}`));

test('a viewer who pings an echoing vendor reads none of the secrets that were sent to it', async () => {
  const said = await asViewer(`/connections/${connectionId}/ping`, 'POST');
  expect(said).toMatch(/^200 /);
  expect(said).toContain('HTTP 403, no. /auth/api/v1/users/me');
  expect(said).toContain('[redacted]');
  expect(leaks(said)).toEqual([]);
});

test('the public consent page of an echoing vendor shows neither code nor verifier nor client secret', async () => {
  const { url } = await startConsent(service.parts, ADMIN, { connection: connectionId });
  const state = new URL(url).searchParams.get('state') ?? '';
  const query = new URLSearchParams({ state, code: secrets['code'] ?? '' });
  const answer = await fetch(`${service.url}/oauth/freshbooks/callback?${query}`);
  const page = await answer.text();
  expect(page).toContain('needs consent again');
  expect(secrets['code verifier']).toMatch(/^.{64}$/);
  expect(leaks(page)).toEqual([]);
});

test('what an echoing vendor said stands in the trail without a secret, and so in what is read from it', async () => {
  const stored = await database.db.selectFrom('trail').selectAll().execute();
  const text = stored.map(({ payload }) => payload).join('\n');
  expect(text).toContain('x-echo');
  expect(leaks(text)).toEqual([]);
  const whole = await Promise.all(
    [`/connections/${connectionId}`, '/status', '/overview'].map((path) => asViewer(path)),
  );
  expect(leaks(whole.join('\n'))).toEqual([]);
});

test('a refused delivery is kept without the secrets in its headers and body', async () => {
  const { db } = database;
  const path = randomBytes(24).toString('base64url');
  const callback = { id: newId(Date.now()), connectionId, topic: 'invoice', role: 'current' as const, path };
  // By another process: this one meets the path in the delivery itself.
  const another = createVault((await readKeyFile(join(folder, 'encryption.key'))) ?? []);
  await insertCallback(db, another, callback, new Date());
  secrets['callback path'] = path;
  const echoed = Object.values(secrets)
    .flatMap((secret) => Object.values(echoesOf(secret)))
    .join(' ');
  const refused = await fetch(`${service.url}/hooks/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'text/odd', 'x-echo': Buffer.from(echoed.slice(0, 2_000)).toString('base64') },
    body: `about ${path}: ${echoed}`,
  });
  expect(refused.status).toBe(415);
  const [row] = await db.selectFrom('rejections').selectAll().execute();
  const kept = `${JSON.stringify(row?.headers)} ${row?.body?.toString('utf8')}`;
  expect(kept).toContain('about [redacted]: ');
  expect(leaks(kept)).toEqual([]);
  expect(leaks(await asViewer('/rejections'))).toEqual([]);
});

test('replaced secrets, and what a consent has spent, are known for a day to a process that starts anew', async () => {
  const { db, vault, registry } = service.parts;
  const now = new Date();
  const key = { connectionId, side: 'source' as const };
  const before = await loadSecrets(db, vault, key);
  await saveSecrets(db, vault, key, { ...before, accessToken: hidden(40), clientSecret: hidden(30) }, now);
  const keys = await readKeyFile(join(folder, 'encryption.key'));
  const anew = createVault(keys ?? [], createKnownSecretsFor(registry, systemClock));
  const said = Object.values({ ...before, code: secrets['code'], verifier: secrets['code verifier'] }).join(
    ' ',
  );
  expect(leaksOf(secrets['access token'] ?? '', anew.known.redact(said))).not.toEqual([]);
  await learnFormer(db, anew, new Date(now.getTime() - 60_000));
  const freed = anew.known.redact(said);
  const gone = ['source client secret', 'access token', 'refresh token', 'code', 'code verifier'];
  expect(gone.flatMap((name) => leaksOf(secrets[name] ?? '', freed))).toEqual([]);
  expect(freed).toContain(before['expiresAt']);
  await purgeFormer(db, new Date(now.getTime() + 86_000_000));
  expect(await learnFormer(db, anew, new Date(0))).toBeGreaterThanOrEqual(2);
  await purgeFormer(db, new Date(now.getTime() + 86_401_000));
  expect(await learnFormer(db, anew, new Date(0))).toBe(0);
});

test('what cannot be opened says neither the password of the database nor the key', async () => {
  const password = randomBytes(12).toString('base64url');
  const url = database.url.replace(/^(postgres(?:ql)?:\/\/)[^@/]*@?/, `$1nobody:${password}@`);
  const config = await loadConfig({ databaseUrl: url, dataDir: folder, logLevel: 'silent' }, {});
  const error = await startService(config).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(Error);
  expect(leaksOf(password, inspect(error, { depth: 9 }))).toEqual([]);
});
