/** A consent changes a connection only if it comes from a person of that connection's own account, through its own door. */
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type RunningSimulator,
  startFreshBooksSimulator,
} from '../../src/connectors/freshbooks/simulator/server.ts';
import { zuora } from '../../src/connectors/zuora/index.ts';
import { addConnection } from '../../src/operations/add-connection.ts';
import { completeConsent, finishConsent, startConsent } from '../../src/operations/consent.ts';
import { setConnection } from '../../src/operations/set-connection.ts';
import { loadConnection, mergeSettings } from '../../src/store/connections.ts';
import { loadSecrets } from '../../src/store/credentials.ts';
import type { DB } from '../../src/store/schema.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { ADMIN } from '../kit/engine.ts';
import { connectFreshBooks, type FreshBooksProcess, openFreshBooksProcess } from '../kit/freshbooks.ts';

let database: TestDatabase<DB>;
let simulator: RunningSimulator;
let service: FreshBooksProcess;
let connectionId: string;

beforeEach(async () => {
  database = await createTestDatabase<DB>();
  simulator = await startFreshBooksSimulator({ seed: 5 });
  service = await openFreshBooksProcess(database.url);
  connectionId = await connectFreshBooks(service.parts, simulator.url);
});
afterEach(async () => {
  await service.close();
  await simulator.close();
  await database.drop();
});

type Person = 'owner' | 'stranger' | 'two-accounts' | 'client';
const account = () => simulator.simulator.identity.accountId;
const held = async (id = connectionId) => ({
  secrets: await loadSecrets(service.parts.db, service.parts.vault, { connectionId: id, side: 'source' }),
  settings: (await loadConnection(service.parts.db, id)).settings.source,
});

/** A person opens the page that an admin asked for, and says yes: the whole address that the browser ends at. */
async function consentOf(person: Person, id = connectionId): Promise<URL> {
  const { url } = await startConsent(service.parts, ADMIN, { connection: id });
  simulator.simulator.faults.person = person;
  const answer = await fetch(`${url}&decision=allow`, { redirect: 'manual' });
  return new URL(answer.headers.get('location') ?? '');
}

const complete = (back: URL, more: { connector?: string; connectionId?: string } = {}) =>
  completeConsent(service.parts, {
    state: back.searchParams.get('state') ?? '',
    code: back.searchParams.get('code') ?? '',
    ...more,
  });

describe('the account', () => {
  test('a person of another account changes nothing, both accounts are named, and the stranger’s grant is given back', async () => {
    const before = await held();
    await expect(complete(await consentOf('stranger'))).rejects.toThrow(
      new RegExp(`OtHeR1.*${account()}|${account()}.*OtHeR1`, 's'),
    );
    expect(await held()).toEqual(before);
    expect(simulator.simulator.oauth.grants()).toBe(1);
  });

  test('the owner’s consent is taken, also where the person has a second business', async () => {
    for (const person of ['owner', 'two-accounts'] as const) {
      const before = await held();
      expect(await complete(await consentOf(person))).toMatchObject({ account: account() });
      const { secrets, settings } = await held();
      expect(secrets['refreshToken']).not.toBe(before.secrets['refreshToken']);
      expect(settings).toEqual(before.settings);
    }
  });

  test('where FreshBooks does not say whose consent it is, nothing changes', async () => {
    const before = await held();
    const back = await consentOf('owner');
    simulator.simulator.faults.failNext = [{ match: 'GET me', status: 502, times: 9 }];
    await expect(complete(back)).rejects.toThrow(/whose account/);
    expect(await held()).toEqual(before);
  });

  test('two consents at once for a connection without an account: the first to be stored decides', async () => {
    await mergeSettings(service.parts.db, connectionId, 'source', { accountId: '' }, new Date());
    const [own, other] = [await consentOf('owner'), await consentOf('stranger')];
    simulator.simulator.faults.latencyMs = 20;
    const ends = await Promise.allSettled([complete(own), complete(other)]);
    expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const taken = ends[0]?.status === 'fulfilled' ? account() : 'OtHeR1';
    expect((await held()).settings['accountId']).toBe(taken);
  });
});

describe('state, connection and connector', () => {
  test('have to agree: through another connector’s address or another connection nothing is taken, and nothing used up', async () => {
    const other = await connectFreshBooks(service.parts, simulator.url, { name: 'other' });
    const [before, back] = [await held(), await consentOf('owner')];
    await expect(complete(back, { connector: 'example-books' })).rejects.toThrow(/another system/);
    await expect(complete(back, { connectionId: other })).rejects.toThrow(/another connection/);
    const returnedUrl = back.href;
    await expect(finishConsent(service.parts, ADMIN, { connection: 'other', returnedUrl })).rejects.toThrow(
      /another connection/,
    );
    const moved = returnedUrl.replace('/oauth/freshbooks/', '/oauth/example-books/');
    await expect(
      finishConsent(service.parts, ADMIN, { connection: connectionId, returnedUrl: moved }),
    ).rejects.toThrow(/another system/);
    expect(await held()).toEqual(before);
    await finishConsent(service.parts, ADMIN, { connection: connectionId, returnedUrl });
    expect((await held()).secrets).not.toEqual(before.secrets);
  });

  test('a stranger’s own code needs a state that he cannot know, and a state works once', async () => {
    const { code } = Object.fromEntries((await consentOf('stranger')).searchParams);
    const before = await held();
    for (const state of ['', 'guessed', '0'.repeat(32)])
      await expect(completeConsent(service.parts, { state, code: code ?? '' })).rejects.toThrow(/unknown/);
    expect(await held()).toEqual(before);
    const back = await consentOf('owner');
    await complete(back);
    await expect(complete(back)).rejects.toThrow(/used already/);
  });

  test('a code that was meant for another consent does not fit this one’s verifier', async () => {
    const before = await held();
    const [mine, other] = [await consentOf('owner'), await consentOf('owner')];
    mine.searchParams.set('code', other.searchParams.get('code') ?? '');
    await expect(complete(mine)).rejects.toThrow();
    expect(await held()).toEqual(before);
  });
});

describe('the settings', () => {
  test('the account of a connection stays once there are records of it', async () => {
    const change = (accountId: string) =>
      setConnection(service.parts, ADMIN, { connection: connectionId, values: { source: { accountId } } });
    await change('OtHeR1');
    await change(account());
    await service.parts.db
      .insertInto('documents')
      .values({
        id: connectionId,
        connection_id: connectionId,
        kind: 'client',
        source_id: '7',
        lane: 'client/7',
        state: 'pending',
        first_seen_at: new Date(),
        changed_at: new Date(),
      })
      .execute();
    await change(account());
    for (const other of ['OtHeR1', ''])
      await expect(change(other)).rejects.toThrow(new RegExp(`records.*${account()}`, 's'));
  });

  test('the destination’s tenant is found anew with new credentials, until something was copied there', async () => {
    const parts = { ...service.parts, registry: { ...service.parts.registry, destinations: [zuora] } };
    const side = { connector: 'zuora', values: { clientId: 'one' }, secrets: { clientSecret: 'hush' } };
    const { id } = await addConnection(parts, ADMIN, {
      name: 'to zuora',
      source: {
        connector: 'freshbooks',
        values: { clientId: 'app', redirectUri: 'https://connector.test/cb' },
        secrets: { clientSecret: 'hush' },
      },
      destination: side,
      webhooksEnabled: false,
      pollIntervalSeconds: 0,
    });
    const tenant = async () => (await loadConnection(parts.db, id)).settings.destination['tenantId'];
    const change = (destination: Record<string, string>) =>
      setConnection(parts, ADMIN, { connection: id, values: { destination } });
    await mergeSettings(parts.db, id, 'destination', { tenantId: '12345' }, new Date());
    await change({ clientId: 'two' });
    expect(await tenant()).toBe('');
    await mergeSettings(parts.db, id, 'destination', { tenantId: '12345' }, new Date());
    await sql`insert into links (connection_id, kind, source_id, currency, counterpart_id, counterpart_number, stage, fingerprint, created_at)
      values (${id}, 'client', '7', 'USD', 'a', 'A-7', 'active', 'f', now())`.execute(parts.db);
    await change({ clientId: 'three' });
    expect(await tenant()).toBe('12345');
    await expect(change({ entityId: 'another-entity' })).rejects.toThrow(/Entity id stays empty/);
  });
});
