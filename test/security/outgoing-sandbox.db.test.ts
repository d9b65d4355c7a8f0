/** A sandbox stays one, and calls its own simulators only; what an upgrade finds is paused, named, and closed once it is mended. */
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startFreshBooksSimulator } from '../../src/connectors/freshbooks/simulator/server.ts';
import { startZuoraSimulator } from '../../src/connectors/zuora/simulator/server.ts';
import { newId } from '../../src/core/ids.ts';
import { addConnection, sandboxSides } from '../../src/operations/add-connection.ts';
import { checkAddresses } from '../../src/operations/check-addresses.ts';
import type { OperationParts } from '../../src/operations/parts.ts';
import { ping } from '../../src/operations/ping.ts';
import { setConnection } from '../../src/operations/set-connection.ts';
import { createAddressRules } from '../../src/platform/addresses.ts';
import { migrate } from '../../src/platform/postgres/migrate.ts';
import { findConnection, listConnections } from '../../src/store/connections.ts';
import type { DB } from '../../src/store/schema.ts';
import { listOpenNotices } from '../../src/store/upgrade-notices.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { ADMIN } from '../kit/engine.ts';
import { addVendors, secretsOf, vendorParts } from '../kit/vendors.ts';

let database: TestDatabase<DB>;
let parts: OperationParts;
beforeEach(async () => {
  database = await createTestDatabase<DB>();
  parts = vendorParts(database);
});
afterEach(async () => {
  await parts.runtime.close();
  await database.drop();
});

const openNotices = async () =>
  (await listOpenNotices(parts.db)).map(({ code, subject }) => `${code} ${subject}`);
const nameOf = async (id: string) => (await findConnection(parts.db, id))?.name ?? '';

describe('a sandbox', () => {
  let books: Awaited<ReturnType<typeof startFreshBooksSimulator>>;
  let tenant: Awaited<ReturnType<typeof startZuoraSimulator>>;
  let stranger: Server;
  let strangerUrl: string;
  let strange: number;

  beforeAll(async () => {
    books = await startFreshBooksSimulator({ seed: 5 });
    tenant = await startZuoraSimulator({ seed: 5, lockContentionChance: 0 });
    strange = 0;
    stranger = createServer((_request, response) => {
      strange += 1;
      response.end('{}');
    });
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    strangerUrl = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await books.close();
    await tenant.close();
    stranger.closeAllConnections();
    await new Promise((resolve) => void stranger.close(resolve));
  });

  const systems = () => ({
    source: 'freshbooks',
    destination: 'zuora',
    sourceUrl: books.url,
    destinationUrl: tenant.url,
  });
  async function addSandbox(): Promise<string> {
    const { simulators, ...sides } = await sandboxSides(parts, systems());
    const request = { name: 'sandbox', ...sides, webhooksEnabled: false, pollIntervalSeconds: 0 };
    return (await addConnection(parts, ADMIN, request, { simulators })).id;
  }

  test('works over plain HTTP with the simulators it was made from', async () => {
    const id = await addSandbox();
    expect((await ping(parts, ADMIN, { connection: id })).sides.map(({ checks }) => checks[0])).toMatchObject(
      [{ ok: true }, { ok: true }],
    );
    expect((await findConnection(parts.db, id))?.simulators).toEqual([books.url, tenant.url]);
  });

  test('takes no other address: neither another port, nor the vendor’s own, nor none', async () => {
    const id = await addSandbox();
    const before = await findConnection(parts.db, id);
    for (const [side, field] of [
      ['source', 'apiBaseUrl'],
      ['source', 'tokenUrl'],
      ['source', 'authorizeUrl'],
      ['destination', 'baseUrl'],
    ] as const)
      for (const value of [
        strangerUrl,
        'https://rest.zuora.com',
        'https://api.freshbooks.com',
        '',
        'javascript:1',
      ])
        await expect(
          setConnection(parts, ADMIN, { connection: id, values: { [side]: { [field]: value } } }),
          `${field} ${value}`,
        ).rejects.toThrow(`${field}: `);
    expect(await findConnection(parts.db, id)).toEqual(before);
    expect(Object.keys(await secretsOf(parts, id, 'source'))).toContain('clientSecret');
  });

  test('stays one: the mark can neither be taken off nor put on afterwards', async () => {
    const [sandbox, real] = [await addSandbox(), await addVendors(parts)];
    for (const [id, to] of [
      [sandbox, null],
      [sandbox, [strangerUrl]],
      [real, [strangerUrl]],
    ] as const)
      await expect(
        parts.db
          .updateTable('connections')
          .set({ simulators: to && [...to] })
          .where('id', '=', id)
          .execute(),
      ).rejects.toThrow('stays the sandbox that it is');
  });

  test('is made from simulators on this machine only, and takes no address that they name elsewhere', async () => {
    for (const sourceUrl of [
      'http://10.0.0.1:4010',
      'https://evil.example',
      'http://127.0.0.1.evil.example',
      'x',
    ])
      await expect(sandboxSides(parts, { ...systems(), sourceUrl }), sourceUrl).rejects.toThrow(
        'A sandbox is on this machine',
      );
    const { simulators, ...sides } = await sandboxSides(parts, systems());
    sides.destination.values['baseUrl'] = strangerUrl;
    const request = { name: 'lured', ...sides, webhooksEnabled: false, pollIntervalSeconds: 0 };
    await expect(addConnection(parts, ADMIN, request, { simulators })).rejects.toThrow('baseUrl: ');
    expect(strange).toBe(0);
  });
});

describe('at the start', () => {
  const store = (id: string, values: Record<string, string>) =>
    sql`update connections set destination_settings = destination_settings || ${JSON.stringify(values)}::jsonb
      where id = ${id}`.execute(parts.db);

  test('a connection with a plain address is paused with the reason and named, and works again once it is corrected', async () => {
    const id = await addVendors(parts);
    const name = await nameOf(id);
    await store(id, { baseUrl: 'http://billing.example' });
    await checkAddresses(parts, 'written');
    expect(await findConnection(parts.db, id)).toMatchObject({
      state: 'paused',
      pauseReason: 'Zuora, Base URL is not called: it has to begin with https://.',
    });
    expect(await listOpenNotices(parts.db)).toMatchObject([
      {
        code: 'address-refused',
        connectionId: id,
        subject: name,
        message: expect.stringContaining('it has to begin with https://'),
        action: expect.stringContaining('destination.baseUrl'),
      },
    ]);
    await setConnection(parts, ADMIN, { connection: id, values: { destination: { baseUrl: '' } } });
    expect(await openNotices()).toEqual([]);
    // The secrets had been sent to an address that nobody vouches for.
    expect(await secretsOf(parts, id, 'destination')).toEqual({});
  });

  test('a connection that needs the setting is named, and the notice is closed once the setting names it', async () => {
    const id = await addVendors(parts);
    await store(id, { baseUrl: 'https://10.1.2.3' });
    const name = await nameOf(id);
    await checkAddresses(parts, 'written');
    expect(await openNotices()).toEqual([`address-refused ${name}`]);
    expect((await findConnection(parts.db, id))?.pauseReason).toBe(
      'Zuora, Base URL is not called: 10.1.2.3 is a private network; it is called only where ML_ALLOW_PRIVATE_ADDRESSES names it.',
    );
    const allowing = { ...parts, addresses: createAddressRules({ allowed: ['10.1.0.0/16'] }) };
    await checkAddresses(allowing, 'written');
    await checkAddresses(allowing, 'resolved');
    expect(await openNotices()).toEqual([]);
    // By whom it was paused does not matter: a person lets it work again.
    expect((await findConnection(parts.db, id))?.state).toBe('paused');
  });

  test('a name that leads inside is found by the look that asks for it, and one that is unknown is left to the call', async () => {
    const id = await addVendors(parts);
    const unknown = await addVendors(parts, { destination: { baseUrl: 'https://nobody.invalid' } });
    await store(id, { baseUrl: 'https://billing.internal' });
    const lookup = ((name: string, _options: unknown, callback: (...answer: unknown[]) => void) =>
      name === 'billing.internal'
        ? callback(null, [{ address: '10.0.0.9', family: 4 }])
        : callback(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }))) as never;
    const resolving = { ...parts, addresses: createAddressRules({ lookup }) };
    await checkAddresses(resolving, 'written');
    expect(await openNotices()).toEqual([]);
    await checkAddresses(resolving, 'resolved');
    expect(await openNotices()).toEqual([`address-refused ${await nameOf(id)}`]);
    expect((await findConnection(parts.db, id))?.pauseReason).toContain(
      'billing.internal, which is 10.0.0.9,',
    );
    expect((await findConnection(parts.db, unknown))?.state).toBe('active');
  });

  test('an address for alerts that is not called any more is named without what may be secret in it', async () => {
    const id = await addVendors(parts);
    const name = await nameOf(id);
    await sql`update connections set alert_url = 'http://127.0.0.1:9/hook?key=s3cret' where id = ${id}`.execute(
      parts.db,
    );
    await checkAddresses(parts, 'written');
    expect(await openNotices()).toEqual([`alert-address-refused ${name}`]);
    expect(JSON.stringify(await listOpenNotices(parts.db))).not.toContain('s3cret');
    expect((await findConnection(parts.db, id))?.state).toBe('active');
    await setConnection(parts, ADMIN, { connection: id, alertUrl: '' });
    expect(await openNotices()).toEqual([]);
  });
});

describe('a database of before', () => {
  const SANDBOX = {
    source: {
      apiBaseUrl: 'http://127.0.0.1:4010',
      authorizeUrl: 'http://127.0.0.1:4010/oauth/authorize',
      tokenUrl: 'http://127.0.0.1:4010/auth/oauth/token',
      redirectUri: 'http://127.0.0.1:3000/oauth/freshbooks/callback',
    },
    destination: { baseUrl: 'http://127.0.0.1:4020/regions/us' },
  };
  const REAL = {
    source: {
      apiBaseUrl: 'https://api.freshbooks.com',
      authorizeUrl: 'https://auth.freshbooks.com/oauth/authorize',
      tokenUrl: 'https://api.freshbooks.com/auth/oauth/token',
      redirectUri: 'https://connector.test/oauth/freshbooks/callback',
    },
    destination: { baseUrl: 'https://rest.zuora.com' },
  };

  test('keeps its sandboxes, pauses what calls without TLS, and leaves the rest as it is', async () => {
    const old = await createTestDatabase<DB>({ empty: true });
    const log = pino({ level: 'silent' });
    const folder = await mkdtemp(join(tmpdir(), 'ml-connector-old-'));
    try {
      for (const file of await readdir('migrations'))
        if (file < '0013') await cp(join('migrations', file), join(folder, file));
      await migrate({ connection: old.connection, log, dir: folder });
      const kinds = {
        sandbox: SANDBOX,
        real: REAL,
        'own http': { ...REAL, destination: { baseUrl: 'http://billing.example' } },
        'half local': { ...SANDBOX, destination: { baseUrl: 'https://rest.zuora.com' } },
        'local without a base': { ...SANDBOX, destination: {} },
        // A person has turned it to this machine: whoever did that is not to be given the secrets.
        turned: SANDBOX,
      };
      const ids = new Map<string, string>();
      for (const [name, { source, destination }] of Object.entries(kinds)) {
        const id = newId(Date.now());
        ids.set(name, id);
        await sql`insert into connections (id, name, source, destination, state, source_settings, destination_settings, created_at, updated_at)
          values (${id}, ${name}, 'freshbooks', 'zuora', 'active', ${JSON.stringify(source)}, ${JSON.stringify(destination)}, now(), now())`.execute(
          old.db,
        );
      }
      const turned = ids.get('turned') ?? '';
      const payload = JSON.stringify({ fields: ['destination.baseUrl'], summary: 'settings changed' });
      await sql`select append_trail(${`connection:${turned}`}, ${turned}::uuid, now(), 'ada', 'decision', ${payload})`.execute(
        old.db,
      );
      await migrate({ connection: old.connection, log });
      const oldParts = vendorParts(old);
      await checkAddresses(oldParts, 'written');
      const found = (await listConnections(old.db)).map(({ name, simulators, state }) => [
        name,
        simulators?.join(' ') ?? null,
        state,
      ]);
      expect(found).toEqual([
        ['sandbox', 'http://127.0.0.1:4010 http://127.0.0.1:4020', 'active'],
        ['real', null, 'active'],
        ['own http', null, 'paused'],
        ['half local', null, 'paused'],
        ['local without a base', null, 'paused'],
        ['turned', null, 'paused'],
      ]);
      const refused = (await listOpenNotices(old.db)).filter(({ code }) => code === 'address-refused');
      expect(refused.map(({ subject }) => subject).toSorted()).toEqual([
        'half local',
        'local without a base',
        'own http',
        'turned',
      ]);
      await oldParts.runtime.close();
    } finally {
      await rm(folder, { recursive: true, force: true });
      await old.drop();
    }
  });
});
