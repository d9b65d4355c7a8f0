/** Guarantees of ping, refused deliveries and removal, with the simulator as the other side. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type RunningSimulator,
  startFreshBooksSimulator,
} from '../../src/connectors/freshbooks/simulator/server.ts';
import { tendCallbacks } from '../../src/engine/callbacks.ts';
import { createReceiver } from '../../src/engine/receive.ts';
import { listConnections } from '../../src/operations/list-connections.ts';
import { listRejections } from '../../src/operations/list-rejections.ts';
import { ping } from '../../src/operations/ping.ts';
import { removeConnection } from '../../src/operations/remove-connection.ts';
import { setConnection } from '../../src/operations/set-connection.ts';
import { listCallbacks } from '../../src/store/callbacks.ts';
import type { DB } from '../../src/store/schema.ts';
import { connectionSubject, listTrail } from '../../src/store/trail.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { ADMIN, PUBLIC_URL } from '../kit/engine.ts';
import {
  connectFreshBooks,
  type FreshBooksProcess,
  openFreshBooksProcess,
  REDIRECT_URI,
} from '../kit/freshbooks.ts';

let database: TestDatabase<DB>;
let simulator: RunningSimulator;
let service: FreshBooksProcess;
let connectionId: string;

beforeEach(async () => {
  database = await createTestDatabase<DB>();
  simulator = await startFreshBooksSimulator({ seed: 5 });
  service = await openFreshBooksProcess(database.url);
  connectionId = await connectFreshBooks(service.parts, simulator.url, { webhooks: true });
});
afterEach(async () => {
  await service.close();
  await simulator.close();
  await database.drop();
});

async function control(
  path: string,
  body: unknown,
  method: 'POST' | 'PUT' = 'POST',
): Promise<Record<string, string>> {
  const answer = await fetch(`${simulator.url}/_control/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as Record<string, string>;
}

const tend = () => tendCallbacks(service.parts, service.parts.runtime, connectionId, PUBLIC_URL);
const set = (source: Record<string, string>) =>
  setConnection(service.parts, ADMIN, { connection: connectionId, values: { source } });

/** Brings the handshakes to the receiver by hand: nothing listens at the public URL. */
async function verifyCallbacks(): Promise<void> {
  await tend();
  const receiver = createReceiver(service.parts);
  const rows = await listCallbacks(service.parts.db, service.parts.vault, connectionId);
  for (const { path, remoteId } of rows) {
    const remote = simulator.simulator.callbacks.find(Number(remoteId));
    const form = { name: 'callback.verify', object_id: String(remoteId), verifier: remote?.verifier ?? '' };
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    await receiver.receive(path, Buffer.from(new URLSearchParams(form).toString()), headers);
  }
  await tend();
}

async function checks() {
  const report = await ping(service.parts, ADMIN, { connection: connectionId, side: 'freshbooks' });
  expect(report.sides.map((one) => one.system)).toEqual(['freshbooks']);
  return report.sides.flatMap((one) => one.checks);
}

async function failing() {
  const found = (await checks()).filter((one) => !one.ok);
  expect(found.every((one) => (one.fix ?? '') !== '')).toBe(true);
  return found.map(({ name, detail, fix }) => `${name}: ${detail} -> ${fix ?? ''}`).join('\n');
}

describe('ping', () => {
  test('a healthy connection is told in every point', async () => {
    await verifyCallbacks();
    const all = await checks();
    expect(all.filter((one) => !one.ok)).toEqual([]);
    expect(all.map(({ name }) => name)).toEqual([
      'Token',
      'App',
      'Account',
      'Rate budget',
      'Clock',
      'Read clients',
      'Read invoices',
      'Read payments',
      'Read credits',
      'Callback client',
      'Callback invoice',
      'Callback payment',
      'Callback credit_note',
    ]);
  });

  test('wrong credentials are named, whether the token still lives or not', async () => {
    await set({ clientSecret: 'wrong' });
    expect(await failing()).toMatch(/^App: wrong credentials.*source\.clientSecret/);
    await control('tokens/expire', {});
    expect(await failing()).toMatch(/^App: wrong credentials.*\nToken: .*refuses the client id/);
  });

  test('a dead refresh token asks for consent', async () => {
    simulator.simulator.oauth.refreshToken(await currentRefreshToken(), REDIRECT_URI);
    await control('tokens/expire', {});
    expect(await failing()).toMatch(/^Token: .*needs consent again.*connection consent NAME/);
  });

  test('a missing scope is named with where to tick it', async () => {
    await consentWith('user:invoices:read user:clients:read user:credit_notes:read');
    expect(await failing()).toMatch(/Read payments: .*Tick the scope user:payments:read/);
  });

  test('the wrong kind of account is named: a mere client, another account, none chosen', async () => {
    await control('faults', { person: 'client' }, 'PUT');
    expect(await failing()).toMatch(/^Account: the person who consented is only a client .*Wrong kind/);
    await control('faults', { person: 'owner' }, 'PUT');
    await set({ accountId: 'wrong1' });
    expect(await failing()).toMatch(/^Account: account wrong1 is not among .*source\.accountId/);
    await set({ accountId: '' });
    await control('faults', { person: 'two-accounts' }, 'PUT');
    expect(await failing()).toMatch(/^Account: no account is chosen yet: .*OtHeR1/);
    await control('faults', { person: 'no-account-id' }, 'PUT');
    expect((await checks()).find(({ name }) => name === 'Account')).toMatchObject({ ok: true });
  });

  test('an unreachable host is named with its address', async () => {
    await set({ tokenUrl: 'http://127.0.0.1:9/auth/oauth/token', apiBaseUrl: 'http://127.0.0.1:9' });
    expect(await failing()).toMatch(/^Address: unreachable: .*127\.0\.0\.1:9/);
  });

  test('every state of a callback is named: new, waiting, disabled, gone', async () => {
    expect(await failing()).toMatch(/Callback invoice: not registered yet/);
    await tend();
    expect(await failing()).toMatch(/Callback invoice: not verified: its handshake is unanswered/);
    await verifyCallbacks();
    await control('faults', { disableCallbacks: true }, 'PUT');
    expect(await failing()).toMatch(/Callback invoice: disabled by the source after failed deliveries/);
    for (const { id } of simulator.simulator.callbacks.all()) simulator.simulator.callbacks.delete(id);
    expect(await failing()).toMatch(/Callback invoice: gone/);
    await tend();
    await verifyCallbacks();
    expect(await failing()).toBe('');
  });
});

async function currentRefreshToken(): Promise<string> {
  const { loadSecrets } = await import('../../src/store/credentials.ts');
  const secrets = await loadSecrets(service.parts.db, service.parts.vault, { connectionId, side: 'source' });
  return secrets['refreshToken'] ?? '';
}

/** As if the person had consented to these scopes only. */
async function consentWith(scope: string): Promise<void> {
  const {
    code = '',
    clientId = '',
    clientSecret = '',
  } = await control('grant', {
    redirectUri: REDIRECT_URI,
    scope,
  });
  const form = { grant_type: 'authorization_code', code, client_id: clientId, client_secret: clientSecret };
  const answer = await fetch(`${simulator.url}/auth/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ ...form, redirect_uri: REDIRECT_URI }),
  });
  const tokens = (await answer.json()) as { access_token: string; refresh_token: string };
  const { saveSecrets } = await import('../../src/store/credentials.ts');
  const secrets = { clientSecret, accessToken: tokens.access_token, refreshToken: tokens.refresh_token };
  const key = { connectionId, side: 'source' as const };
  await saveSecrets(service.parts.db, service.parts.vault, key, secrets, new Date());
}

describe('refused deliveries', () => {
  test('each is kept with its cause and without secrets, and can be looked at', async () => {
    await verifyCallbacks();
    const receiver = createReceiver(service.parts);
    const [row] = await listCallbacks(service.parts.db, service.parts.vault, connectionId);
    const path = row?.path ?? '';
    const form = 'application/x-www-form-urlencoded';
    const send = (body: string, headers: Record<string, string>, to = path) =>
      receiver.receive(to, Buffer.from(body), headers);
    const event = `name=client.update&object_id=7&account_id=${simulator.simulator.identity.accountId}`;
    await send(event, { 'content-type': form, 'x-freshbooks-hmac-sha256': 'wrong' });
    await send('name=callback.verify&verifier=top-secret', {
      'content-type': form,
      authorization: 'Bearer x',
    });
    await send('{}', { 'content-type': 'application/json' });
    await send(event, { 'content-type': form }, 'nowhere');
    const kept = await listRejections(service.parts, ADMIN, { limit: 10 });
    expect(kept.map(({ cause }) => cause).sort()).toEqual([
      'bad-signature',
      'unknown-path',
      'unreadable',
      'wrong-type',
    ]);
    const of = (cause: string) => kept.find((one) => one.cause === cause);
    expect(of('bad-signature')).toMatchObject({
      status: 401,
      body: event,
      connectionId,
      headers: { 'x-freshbooks-hmac-sha256': 'wrong' },
    });
    expect(of('unknown-path')).toMatchObject({ status: 404, body: null, connectionId: null });
    expect(JSON.stringify(kept)).not.toMatch(/top-secret|Bearer x/);
    expect(await listRejections(service.parts, ADMIN, { cause: 'unreadable', limit: 10 })).toHaveLength(1);
  });
});

describe('removal', () => {
  const remove = (more: { dryRun?: boolean; force?: boolean } = {}) =>
    removeConnection(service.parts, ADMIN, { connection: connectionId, ...more });

  test('a dry run says what goes and changes nothing', async () => {
    await verifyCallbacks();
    const plan = await remove({ dryRun: true });
    expect(plan).toMatchObject({ removed: false, tokensRevoked: true, recordsKept: 0 });
    expect(plan.callbacks).toHaveLength(4);
    expect(simulator.simulator.callbacks.all()).toHaveLength(4);
    expect((await listConnections(service.parts, ADMIN))[0]?.state).toBe('active');
  });

  test('callbacks and tokens go at the source, secrets go here, the audit stays, the name is free', async () => {
    await verifyCallbacks();
    const refreshToken = await currentRefreshToken();
    expect(await remove()).toMatchObject({ removed: true, left: [] });
    expect(simulator.simulator.callbacks.all()).toEqual([]);
    expect(() => simulator.simulator.oauth.refreshToken(refreshToken, REDIRECT_URI)).toThrow();
    const rows = await service.parts.db.selectFrom('credentials').selectAll().execute();
    expect(rows).toEqual([]);
    expect(await listConnections(service.parts, ADMIN)).toEqual([]);
    const trail = await listTrail(service.parts.db, connectionSubject(connectionId));
    expect(trail.at(-1)?.data.summary).toMatch(/^removed/);
    expect(await connectFreshBooks(service.parts, simulator.url)).not.toBe(connectionId);
  });

  test('a source that does not answer stops the removal, and --force names what is left', async () => {
    await verifyCallbacks();
    await set({ apiBaseUrl: 'http://127.0.0.1:9' });
    await expect(remove()).rejects.toThrow(/only paused/);
    expect((await listConnections(service.parts, ADMIN))[0]).toMatchObject({ state: 'paused' });
    const done = await remove({ force: true });
    expect(done).toMatchObject({ removed: true, tokensRevoked: false });
    expect(done.left).toHaveLength(4);
  });
});
