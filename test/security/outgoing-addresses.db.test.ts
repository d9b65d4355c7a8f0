/** Stored secrets cannot be carried off by a changed address, whoever may change one. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshbooks } from '../../src/connectors/freshbooks/index.ts';
import { ZUORA_REGIONS } from '../../src/connectors/zuora/regions.ts';
import { addConnection } from '../../src/operations/add-connection.ts';
import { testAlert } from '../../src/operations/alert-address.ts';
import { completeConsent, startConsent } from '../../src/operations/consent.ts';
import type { OperationParts } from '../../src/operations/parts.ts';
import { ping } from '../../src/operations/ping.ts';
import { pauseConnection, setConnection } from '../../src/operations/set-connection.ts';
import { findConnection, type Side } from '../../src/store/connections.ts';
import { renewSecrets } from '../../src/store/credentials.ts';
import type { DB } from '../../src/store/schema.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { ADMIN } from '../kit/engine.ts';
import { addVendors, DESTINATION_SECRETS, SOURCE_SECRETS, secretsOf, vendorParts } from '../kit/vendors.ts';

let database: TestDatabase<DB>;
let parts: OperationParts;
/** Somebody who listens for what is carried off. */
let thief: Server;
let thiefUrl: string;
let caught: string[];

beforeAll(async () => {
  database = await createTestDatabase<DB>();
  parts = vendorParts(database);
  thief = createServer((request, response) => {
    let text = `${request.method} ${request.url} ${JSON.stringify(request.headers)} `;
    request.on('data', (part: Buffer) => (text += part.toString()));
    request.on('end', () => {
      caught.push(text);
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => thief.listen(0, '127.0.0.1', resolve));
  thiefUrl = `http://127.0.0.1:${(thief.address() as AddressInfo).port}`;
});
beforeEach(() => void (caught = []));
afterAll(async () => {
  await parts.runtime.close();
  thief.closeAllConnections();
  await new Promise((resolve) => void thief.close(resolve));
  await database.drop();
});

const stateOf = async (id: string) => {
  const connection = await findConnection(parts.db, id);
  return `${connection?.state} ${connection?.pauseReason ?? ''}`.trim();
};
const consentsOf = async (id: string) =>
  (await parts.db.selectFrom('consents').select('state').where('connection_id', '=', id).execute()).length;
const set = (id: string, side: Side, values: Record<string, string>) =>
  setConnection(parts, ADMIN, { connection: id, values: { [side]: values } });
/** As a database has it that was written before addresses were looked at. */
const store = (id: string, side: Side, values: Record<string, string>) =>
  sql`update connections set ${sql.ref(`${side}_settings`)} = ${sql.ref(`${side}_settings`)} || ${JSON.stringify(values)}::jsonb
    where id = ${id}`.execute(parts.db);

describe('an address of somebody else’s', () => {
  test.each([
    ['source', 'apiBaseUrl', 'https://api.freshbooks.example'],
    ['source', 'apiBaseUrl', 'https://api.freshbooks.com.example'],
    ['source', 'apiBaseUrl', 'https://api.freshbooks.com:8443'],
    ['source', 'apiBaseUrl', 'https://api.freshbooks.com.'],
    ['source', 'tokenUrl', 'https://evil.example/auth/oauth/token'],
    ['source', 'authorizeUrl', 'https://evil.example/oauth/authorize'],
    ['destination', 'baseUrl', 'https://rest.zuora.com.evil.example'],
  ] as const)(
    '%s.%s = %s drops every secret of that side and pauses with what to do',
    async (side, field, address) => {
      const id = await addVendors(parts);
      await startConsent(parts, ADMIN, { connection: id });
      expect(await consentsOf(id)).toBe(1);
      await set(id, side, { [field]: address });
      expect(await secretsOf(parts, id, side)).toEqual({});
      expect(await secretsOf(parts, id, side === 'source' ? 'destination' : 'source')).toEqual(
        side === 'source' ? DESTINATION_SECRETS : SOURCE_SECRETS,
      );
      expect(await stateOf(id)).toMatch(
        side === 'source'
          ? /^paused New address for FreshBooks, so its secrets were dropped: enter the client secret again \(source\.clientSecret\), then give consent again\.$/
          : /^paused New address for Zuora, so its secrets were dropped: enter the client secret again \(destination\.clientSecret\)\.$/,
      );
      // A code that a person brings back would be taken there together with its verifier.
      expect(await consentsOf(id)).toBe(0);
    },
  );

  test('the secrets that come along are the only ones that are kept for it', async () => {
    const id = await addVendors(parts);
    await set(id, 'destination', { baseUrl: 'https://billing.example', clientSecret: 'for-billing' });
    expect(await secretsOf(parts, id, 'destination')).toEqual({ clientSecret: 'for-billing' });
    expect(await stateOf(id)).toBe('active');
    await set(id, 'source', { tokenUrl: 'https://tokens.example/token', clientSecret: 'for-tokens' });
    expect(await secretsOf(parts, id, 'source')).toEqual({ clientSecret: 'for-tokens' });
    expect(await stateOf(id)).toMatch(/^paused New address for FreshBooks.*: give consent again\.$/);
  });

  test('what was entered for somebody else’s address does not go to the vendor, nor do its tokens lead back there', async () => {
    const id = await addVendors(parts);
    await set(id, 'destination', { baseUrl: 'https://evil.example', clientSecret: 'dummy' });
    // As if a token had been issued there.
    await renewSecrets(
      parts.db,
      parts.vault,
      { connectionId: id, side: 'destination' },
      async (secrets) => ({ ...secrets, accessToken: 'bait', accessTokenBase: 'https://evil.example' }),
      () => new Date(),
    );
    await set(id, 'destination', { baseUrl: '', clientSecret: 'the-real-one' });
    expect(await secretsOf(parts, id, 'destination')).toEqual({ clientSecret: 'the-real-one' });
  });

  test('a pause that is there keeps its reason and gets one more, once', async () => {
    const id = await addVendors(parts);
    await pauseConnection(parts, ADMIN, { connection: id, reason: 'audit week' });
    await set(id, 'destination', { baseUrl: 'https://one.example' });
    await set(id, 'destination', { baseUrl: 'https://two.example' });
    expect(await stateOf(id)).toMatch(/^paused audit week New address for Zuora[^.]*\([^)]*\)\.$/);
  });

  test('a renewal under way does not bring the old secrets back', async () => {
    const id = await addVendors(parts);
    let finish = () => {};
    const gate = new Promise<void>((resolve) => (finish = resolve));
    let begun = () => {};
    const started = new Promise<void>((resolve) => (begun = resolve));
    const renewal = renewSecrets(
      parts.db,
      parts.vault,
      { connectionId: id, side: 'destination' },
      async (secrets) => {
        begun();
        await gate;
        return { ...secrets, accessToken: 'renewed' };
      },
      () => new Date(),
    );
    await started;
    const change = set(id, 'destination', { baseUrl: 'https://evil.example' });
    setTimeout(finish, 100);
    await Promise.all([renewal, change]);
    expect(await secretsOf(parts, id, 'destination')).toEqual({});
  });

  test('a consent that is exchanged meanwhile leaves no token for it', async () => {
    let id = '';
    const during = vendorParts(database, {
      source: {
        ...freshbooks,
        consent: {
          authorizeUrl: async ({ state }) => `https://auth.freshbooks.com/oauth/authorize?state=${state}`,
          async exchange() {
            await set(id, 'source', { apiBaseUrl: 'https://evil.example', clientSecret: 'dummy' });
            return { settings: {}, secrets: { accessToken: 'fresh', refreshToken: 'fresh' } };
          },
        },
      },
    });
    id = await addVendors(during);
    const { url } = await startConsent(during, ADMIN, { connection: id });
    const state = new URL(url).searchParams.get('state') ?? '';
    await expect(completeConsent(during, { state, code: 'good' })).rejects.toThrow('changed meanwhile');
    expect(await secretsOf(parts, id, 'source')).toEqual({ clientSecret: 'dummy' });
  });
});

describe('the vendors’ own addresses', () => {
  test('among Zuora’s ten, by region or by address, secrets stay', async () => {
    const id = await addVendors(parts);
    for (const { id: region, baseUrl } of ZUORA_REGIONS) {
      await set(id, 'destination', { region });
      await set(id, 'destination', { baseUrl });
    }
    await set(id, 'destination', { region: 'auto', baseUrl: '' });
    expect(await secretsOf(parts, id, 'destination')).toEqual(DESTINATION_SECRETS);
    expect(await stateOf(id)).toBe('active');
  });

  test('among FreshBooks’ two, secrets stay', async () => {
    const id = await addVendors(parts);
    await set(id, 'source', { tokenUrl: 'https://auth.freshbooks.com/oauth/token' });
    await set(id, 'source', { tokenUrl: '', apiBaseUrl: 'https://auth.freshbooks.com/', authorizeUrl: '' });
    expect(await secretsOf(parts, id, 'source')).toEqual(SOURCE_SECRETS);
    expect(await stateOf(id)).toBe('active');
  });
});

describe('what is no address', () => {
  const fields = [
    ['source', 'apiBaseUrl'],
    ['source', 'tokenUrl'],
    ['source', 'authorizeUrl'],
    ['destination', 'baseUrl'],
  ] as const;
  const wrong = [
    'not a url',
    'http://api.freshbooks.com',
    'http://127.0.0.1:4010',
    'https://127.0.0.1',
    'https://localhost:8443',
    'https://169.254.169.254',
    'https://[fd00::1]',
    'https://0x7f.1',
    'file:///etc/passwd',
    'gopher://api.freshbooks.com',
    'javascript:alert(document.domain)',
    'data:text/html,hi',
    'https://user:word@api.freshbooks.com',
    'https://api.freshbooks.com#x',
  ];
  test.each(fields)('%s.%s takes none of these, and nothing changes', async (side, field) => {
    const id = await addVendors(parts);
    const before = await findConnection(parts.db, id);
    for (const value of wrong)
      await expect(set(id, side, { [field]: value }), value).rejects.toThrow(`${field}: `);
    expect(await findConnection(parts.db, id)).toEqual(before);
    for (const value of wrong)
      await expect(addVendors(parts, { [side]: { [field]: value } }), value).rejects.toThrow(`${field}: `);
  });

  test('a redirect address is one that a browser can come back to', async () => {
    const id = await addVendors(parts);
    for (const redirectUri of ['javascript:alert(1)', 'not a url', 'file:///x', 'https://a:b@c.example'])
      await expect(set(id, 'source', { redirectUri }), redirectUri).rejects.toThrow('redirectUri: ');
    await set(id, 'source', { redirectUri: 'http://127.0.0.1:3000/oauth/freshbooks/callback' });
  });

  test('one that is called with paths after it has no question mark', async () => {
    const id = await addVendors(parts);
    await expect(set(id, 'source', { apiBaseUrl: 'https://api.freshbooks.com?x=' })).rejects.toThrow(
      'apiBaseUrl: leave out what follows the question mark',
    );
  });

  test.each([
    'http://127.0.0.1:9/hook',
    'https://127.0.0.1/hook',
    'https://10.0.0.1',
    'file:///x',
    'https://localhost',
  ])('%s gets no alerts', async (alertUrl) => {
    const id = await addVendors(parts);
    await expect(setConnection(parts, ADMIN, { connection: id, alertUrl })).rejects.toThrow('alertUrl: ');
  });

  test('no request marks a connection as a sandbox', async () => {
    const side = (connector: string, values: Record<string, string>) => ({
      connector,
      values,
      secrets: { clientSecret: 's' },
    });
    const request = {
      name: 'smuggled',
      source: side('freshbooks', { clientId: 'c', redirectUri: 'https://x.example', apiBaseUrl: thiefUrl }),
      destination: side('zuora', { clientId: 'c', baseUrl: thiefUrl }),
      webhooksEnabled: false,
      pollIntervalSeconds: 0,
      simulators: [thiefUrl],
    };
    await expect(addConnection(parts, ADMIN, request)).rejects.toThrow('begin with https://');
  });
});

describe('what an older version stored', () => {
  test('is not called: neither ping, consent page nor alert carry anything there, and the ping says why', async () => {
    const id = await addVendors(parts);
    await store(id, 'source', { apiBaseUrl: thiefUrl, tokenUrl: `${thiefUrl}/token` });
    await store(id, 'destination', { baseUrl: thiefUrl });
    await sql`update connections set alert_url = ${`${thiefUrl}/hook`} where id = ${id}`.execute(parts.db);
    const report = JSON.stringify(await ping(parts, ADMIN, { connection: id }));
    expect(report).toContain('is not called: it has to begin with https://');
    expect((await testAlert(parts, ADMIN, { connection: id })).failure).toContain('not called');
    expect(caught).toEqual([]);
    await store(id, 'source', { authorizeUrl: 'javascript:alert(1)//' });
    await expect(startConsent(parts, ADMIN, { connection: id })).rejects.toThrow('is not opened');
  });

  test('is not called by its name either, where that leads to this machine', async () => {
    const id = await addVendors(parts);
    await store(id, 'destination', { baseUrl: thiefUrl.replace('http://127.0.0.1', 'https://localhost') });
    const report = JSON.stringify(await ping(parts, ADMIN, { connection: id }));
    expect(report).toContain('this machine itself');
    expect(caught).toEqual([]);
  });
});
