/** A whole installation of 87cf2a5 is started with the present service: nothing is lost, and one list says what to do. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Service, startService } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { freshbooks } from '../../src/connectors/freshbooks/index.ts';
import {
  type RunningSimulator,
  startFreshBooksSimulator,
} from '../../src/connectors/freshbooks/simulator/server.ts';
import { signBody } from '../../src/connectors/freshbooks/webhook.ts';
import { zuora } from '../../src/connectors/zuora/index.ts';
import { startZuoraSimulator, type ZuoraSimulator } from '../../src/connectors/zuora/simulator/server.ts';
import type { Ledger } from '../../src/core/ledger.ts';
import { setConnection } from '../../src/operations/set-connection.ts';
import { verifyAudit } from '../../src/operations/verify-audit.ts';
import { migrate } from '../../src/platform/postgres/migrate.ts';
import { listConnections } from '../../src/store/connections.ts';
import { listOpenNotices } from '../../src/store/upgrade-notices.ts';
import { ADMIN } from '../kit/engine.ts';
import { createOldInstallation, type OldCallback, type OldInstallation } from './old-installation.ts';

const TOPICS = ['client', 'invoice', 'payment', 'credit_note'] as const;
const NORTH = '01938f3a-0000-7000-8000-000000000001';
const SHADOW = '01938f3a-0000-7000-8000-000000000002';
const GATEWAY = '01938f3a-0000-7000-8000-000000000003';
const ODD_PAGE = '01938f3a-0000-7000-8000-000000000004';
const PERSON = '01938f3a-0000-7000-8000-0000000000aa';

let folder: string;
let old: OldInstallation;
let books: RunningSimulator;
let tenant: ZuoraSimulator;
let service: Service;
let publicUrl: string;
let callbacks: OldCallback[];
let hashesBefore: string;
let token: string;
const invoices: Record<string, number> = {};
/** What the senders of the first moment were answered; 0 where nobody was there yet. */
const atTheDoor: number[] = [];
const logged: Record<string, unknown>[] = [];

async function control(path: string, body: object): Promise<Record<string, { id: number }>> {
  const answer = await fetch(`${books.url}/_control/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Record<string, { id: number }>;
}

async function makeInvoice(clientId: number, amount: string): Promise<number> {
  const lines = [{ name: 'Work', unitCost: amount }];
  return (await control('invoices', { clientId, send: true, lines }))['invoice']?.id ?? 0;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** As FreshBooks sends it; 0 where nobody answers. */
async function deliver(
  { path, verifier }: OldCallback,
  invoiceId: number | string,
  account: string,
): Promise<number> {
  const fields = { name: 'invoice.create', object_id: String(invoiceId), account_id: account };
  const body = Buffer.from(new URLSearchParams(fields).toString());
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'x-freshbooks-hmac-sha256': signBody(body, verifier),
  };
  return fetch(`${publicUrl}/hooks/${path}`, { method: 'POST', body, headers }).then(
    ({ status }) => status,
    () => 0,
  );
}

/** Again and again, as FreshBooks does, until somebody is there. */
async function insist(callback: OldCallback, invoiceId: number | string, account: string): Promise<void> {
  for (;;) {
    const status = await deliver(callback, invoiceId, account);
    atTheDoor.push(status);
    if (status !== 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const accountId = () => books.simulator.identity.accountId;
const named = (topic: string, from = callbacks): OldCallback => {
  const found = from.find((one) => one.topic === topic);
  if (!found) throw new Error(`no callback for ${topic}`);
  return found;
};
const foreignCallbacks: OldCallback[] = TOPICS.map((topic, index) => ({
  topic,
  path: `path-of-the-gateway-for-${topic}-0123456789`,
  remoteId: String(900 + index),
  verifier: `verifier-of-the-gateway-for-${topic}`,
}));

async function fill(): Promise<void> {
  const redirectUri = `${publicUrl}/oauth/freshbooks/callback`;
  const source = await freshbooks.simulator?.connect(books.url, redirectUri);
  const destination = await zuora.simulator?.connect(tenant.url, redirectUri);
  if (!source || !destination) throw new Error('both have simulators');
  const secrets = { source: source.secrets, destination: destination.secrets };
  const elsewhere = {
    source: { clientId: 'app', redirectUri, accountId: 'elsewhere' },
    destination: { clientId: 'client', baseUrl: 'https://rest.zuora.com' },
  };
  await old.run(
    `insert into users (id, name, email, email_verified, role) values
       (gen_random_uuid(), 'ada', 'ada@example.com', true, 'admin'), ($1::uuid, 'x', $1::text, true, 'viewer')`,
    [PERSON],
  );
  token = await old.addToken('ada-reads', 'user:ada@example.com', 'read', 1);
  await old.addToken('gone-reads', 'user:gone@example.com', 'read,people', 2);
  await old.addToken('child', 'token:gone-reads', 'read', 3);
  await old.addToken('nightly', 'cli:root', 'read,operate', 4);

  await old.addConnection({
    id: NORTH,
    name: 'north',
    settings: { source: source.settings, destination: destination.settings },
    secrets,
    callbacks,
  });
  await old.addConnection({ id: SHADOW, name: NORTH, settings: elsewhere, secrets, paused: true });
  await old.addConnection({
    id: GATEWAY,
    name: 'gateway',
    settings: {
      source: { ...elsewhere.source, accountId: 'gatewayed' },
      destination: { ...elsewhere.destination, baseUrl: 'http://gateway.internal.example/zuora' },
    },
    secrets,
    callbacks: foreignCallbacks,
    poisoned: 'payment',
    alertUrl: 'http://10.0.0.1/alerts',
  });
  await old.addConnection({
    id: ODD_PAGE,
    name: 'odd page',
    settings: { ...elsewhere, source: { ...elsewhere.source, authorizeUrl: 'javascript:alert(1)' } },
    secrets,
  });
  // Two clients of two connections in one account, and a chain that somebody had changed before.
  await old.addSettled(NORTH, 'client', '901', 'A-shared');
  await old.addSettled(SHADOW, 'client', '902', 'A-shared');
  const broken = await old.addSettled(SHADOW, 'invoice', '903');
  await old.run(`update trail set actor = 'x' where subject = $1 and position = 2`, [`document:${broken}`]);
  await old.addUnsettled(NORTH, 'invoice', String(invoices['before']));
  await old.addUnsettled(GATEWAY, 'invoice', '77');
}

const hashes = async () =>
  JSON.stringify(
    await old.run(
      `select md5(string_agg(encode(hash, 'hex') || payload, '' order by subject, position)) from trail where "at" < $1`,
      [startedAt],
    ),
  );
let startedAt: Date;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ml-connector-whole-'));
  old = await createOldInstallation(folder);
  books = await startFreshBooksSimulator({ seed: 5, rateLimitPerMinute: 1_000_000 });
  tenant = await startZuoraSimulator({ seed: 5, lockContentionChance: 0 });
  const port = await freePort();
  publicUrl = `http://127.0.0.1:${port}`;
  const clientId =
    (await control('clients', { organization: 'Acme', email: 'pay@acme.test' }))['client']?.id ?? 0;
  invoices['client'] = clientId;
  invoices['before'] = await makeInvoice(clientId, '100.00');
  invoices['during'] = await makeInvoice(clientId, '20.00');
  callbacks = TOPICS.map((topic) => {
    const path = `clear-path-of-before-for-${topic}-${randomUUID()}`;
    const made = books.simulator.callbacks.create(topic, `${publicUrl}/hooks/${path}`);
    books.simulator.callbacks.verify(made, made.verifier);
    return { topic, path, remoteId: String(made.id), verifier: made.verifier };
  });
  await fill();
  startedAt = new Date();
  hashesBefore = await hashes();
  const config = await loadConfig(
    { databaseUrl: old.database.url, dataDir: folder, port, logLevel: 'info' },
    {},
  );
  const log = pino(
    {},
    { write: (line: string) => void logged.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const senders = [
    insist(named('invoice'), invoices['during'], accountId()),
    insist(named('invoice', foreignCallbacks), '78', 'gatewayed'),
  ];
  service = await startService(config, log);
  await Promise.all(senders);
}, 60_000);

afterAll(async () => {
  await service.stop();
  await books.close();
  await tenant.close();
  await old.database.drop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

const until = (look: () => Promise<void>) => vi.waitFor(look, { timeout: 30_000, interval: 100 });
const unsettled = async (connectionId: string) =>
  (
    await old.run(
      'select d.source_id from events e join documents d on d.id = e.document_id where e.connection_id = $1 and e.settled_at is null order by 1',
      [connectionId],
    )
  ).map((row) => row['source_id']);
const statesOf = async (ids: (number | undefined)[]) =>
  Promise.all(
    ids.map(
      async (id) =>
        (
          await old.run(
            `select state from documents where connection_id = $1 and kind = 'invoice' and source_id = $2`,
            [NORTH, String(id)],
          )
        )[0]?.['state'],
    ),
  );

/** Everything that the upgrade of this database has to say; what is done by itself may be gone already. */
const TOLD = [
  'account-shared',
  'address-refused',
  'address-refused',
  'alert-address-refused',
  'callback-key-dropped',
  'callback-paths',
  'callback-paths',
  'connection-renamed',
  'person-renamed',
  'token-ended',
  'token-ended',
  'token-personal',
  'token-service',
  'trail-upgrade',
];

test('the door takes the first delivery that reaches it, at the old path with the old key, also for a connection that pauses', () => {
  expect(atTheDoor.filter((status) => status !== 0)).toEqual([200, 200]);
});

test('what waited before the upgrade, what came in its first moment and what comes after it is copied, each once', async () => {
  invoices['after'] = await makeInvoice(invoices['client'] ?? 0, '3.00');
  const three = [invoices['before'], invoices['during'], invoices['after']];
  await until(async () => expect(await statesOf(three)).toEqual(['synced', 'synced', 'synced']));
  await until(async () => expect(await unsettled(NORTH)).toEqual([]));
  const ledger = (await (await fetch(`${tenant.url}/_control/ledger`)).json()) as Ledger;
  expect(ledger.invoices).toHaveLength(3);
}, 40_000);

test('the start, status and the list say the same, once for each thing that changed', async () => {
  const answer = await fetch(`${publicUrl}/api/v1/status`, { headers: { authorization: `Bearer ${token}` } });
  expect(answer.status).toBe(200);
  const { notices } = (await answer.json()) as { notices: { code: string; subject: string }[] };
  // A broken chain is found by the sealing, which may be before or after the start has listed what there is.
  const atOnce = (codes: string[]) => codes.filter((code) => code !== 'trail-broken').toSorted();
  expect(atOnce(service.notices.map(({ code }) => code))).toEqual(TOLD);
  const lines = logged.flatMap((line) => (typeof line['notice'] === 'string' ? [line['notice']] : []));
  expect(atOnce(lines)).toEqual(TOLD);
  const keys = (list: { code: string; subject: string }[]) =>
    list.map(({ code, subject }) => `${code} ${subject}`);
  const later = keys(notices).filter((key) => !key.startsWith('trail-broken'));
  expect(keys(service.notices)).toEqual(expect.arrayContaining(later));
  for (const { message, action } of service.notices)
    expect(`${message} ${action}`).not.toMatch(/undefined|null|\[object/);
});

test('a connection that is called at an address of its own pauses with the reason, and keeps what it was told', async () => {
  const found = await listConnections(service.parts.db);
  const shown = Object.fromEntries(
    found.map(({ name, state, pauseReason }) => [name, `${state} ${pauseReason ?? ''}`]),
  );
  expect(shown).toEqual({
    north: 'active ',
    [`connection ${NORTH}`]: 'paused month end',
    gateway: expect.stringMatching(/^paused Zuora, .* is not called: /) as string,
    'odd page': expect.stringMatching(/^paused FreshBooks, .* is not called: /) as string,
  });
  expect(await unsettled(GATEWAY)).toEqual(['77', '78']);
  const secrets = await old.run('select count(*)::int as count from credentials where connection_id = $1', [
    GATEWAY,
  ]);
  expect(secrets).toEqual([{ count: 2 }]);
});

test('new paths take the old ones’ place by themselves, and their notice goes', async () => {
  await until(async () => {
    const rows = await old.run(
      `select count(*)::int as count from callbacks where connection_id = $1 and role = 'current' and verified_at is not null and replace_at is null`,
      [NORTH],
    );
    expect(rows).toEqual([{ count: TOPICS.length }]);
    expect(
      (await listOpenNotices(service.parts.db)).map(({ code, subject }) => `${code} ${subject}`),
    ).not.toContain(`callback-paths ${NORTH}`);
  });
  const all = books.simulator.callbacks.all().filter(({ verified }) => verified);
  const fresh = all.filter(({ uri }) => !uri.includes('clear-path-of-before'));
  expect(fresh.map(({ event }) => event).toSorted()).toEqual([...TOPICS].toSorted());
  expect(JSON.stringify(await old.run('select * from callbacks'))).not.toContain('clear-path-of-before');
  invoices['later'] = await makeInvoice(invoices['client'] ?? 0, '4.00');
  await until(async () => expect(await statesOf([invoices['later']])).toEqual(['synced']));
  // Nothing was written for a client whose account is not known to be its own.
  const ledger = (await (await fetch(`${tenant.url}/_control/ledger`)).json()) as Ledger;
  expect(ledger.invoices).toHaveLength(4);
}, 60_000);

test('old entries of the audit stay as they were; the one broken chain is named', async () => {
  await until(async () => {
    const codes = (await listOpenNotices(service.parts.db)).map(({ code }) => code);
    expect(codes).toContain('trail-broken');
    expect(codes).not.toContain('trail-upgrade');
  });
  expect(await hashes()).toBe(hashesBefore);
  const { faults } = await verifyAudit(service.parts, ADMIN);
  expect(faults).toHaveLength(1);
}, 60_000);

test('the changelog and the runbook name every notice', () => {
  const read = (file: string) => readFileSync(join(import.meta.dirname, '../..', file), 'utf8');
  const codes = new Set([...TOLD, 'trail-broken', 'no-admin']);
  for (const file of ['CHANGELOG.md', 'docs/operations.md'])
    expect(
      [...codes].filter((code) => !read(file).includes(`\`${code}\``)),
      file,
    ).toEqual([]);
});

test('the way back begins with taking back the new webhooks, which leaves none at the source', async () => {
  await setConnection(service.parts, ADMIN, { connection: 'north', webhooksEnabled: false });
  await until(async () => expect(books.simulator.callbacks.all()).toEqual([]));
}, 40_000);

test('the edition of before refuses the database of now with a sentence, and changes nothing', async () => {
  const dir = join(folder, 'migrations-of-then');
  const log = pino({ level: 'silent' });
  const before = await old.run('select count(*) from schema_migration');
  await expect(migrate({ connection: old.database.connection, dir, log })).rejects.toThrow(
    /was migrated by a newer version of ml-connector \(it has 0009_/,
  );
  expect(await old.run('select count(*) from schema_migration')).toEqual(before);
});
