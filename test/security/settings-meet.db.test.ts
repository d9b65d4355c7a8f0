/** Where two parts meet: consents and the people who asked for them, removed connections and what still holds one in hand. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type RunningSimulator,
  startFreshBooksSimulator,
} from '../../src/connectors/freshbooks/simulator/server.ts';
import { newId } from '../../src/core/ids.ts';
import { resumeConnection } from '../../src/engine/pause.ts';
import { completeConsent, startConsent } from '../../src/operations/consent.ts';
import type { Actor } from '../../src/operations/context.ts';
import { listParked } from '../../src/operations/list-parked.ts';
import { removeConnection } from '../../src/operations/remove-connection.ts';
import { status } from '../../src/operations/status.ts';
import { addToken, revokeToken } from '../../src/operations/tokens.ts';
import { removeUser, setUserRole } from '../../src/operations/users.ts';
import { createAccounts } from '../../src/platform/sign-in-accounts.ts';
import { readGauges } from '../../src/store/gauges.ts';
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

const peopleParts = () => ({
  ...service.parts,
  accounts: createAccounts(database.pool),
  setupCode: 'code',
});

async function admin(name: string): Promise<Actor & { personId: string }> {
  const { accounts } = peopleParts();
  const { email } = await accounts.addUser({ email: `${name}@example.com`, role: 'admin' });
  const id = (await accounts.listUsers()).find((user) => user.email === email)?.id ?? '';
  return { name: `user:${email}`, role: 'admin', personId: id };
}

async function consentBy(actor: Actor): Promise<{ state: string; code: string }> {
  const { url } = await startConsent(service.parts, actor, { connection: connectionId });
  const answer = await fetch(`${url}&decision=allow`, { redirect: 'manual' });
  const back = new URL(answer.headers.get('location') ?? '').searchParams;
  return { state: back.get('state') ?? '', code: back.get('code') ?? '' };
}

const unknown = /unknown, was used already/;

test('a consent that somebody has asked for ends when they are removed or demoted, and nobody else’s does', async () => {
  await admin('owner');
  const [removed, demoted, other] = [await admin('rem'), await admin('dem'), await admin('m')];
  const [ofRemoved, ofDemoted, ofOther] = [
    await consentBy(removed),
    await consentBy(demoted),
    await consentBy(other),
  ];
  await removeUser(peopleParts(), ADMIN, { userId: removed.personId });
  await setUserRole(peopleParts(), ADMIN, { userId: demoted.personId, role: 'operator' });
  await expect(completeConsent(service.parts, ofRemoved)).rejects.toThrow(unknown);
  await expect(completeConsent(service.parts, ofDemoted)).rejects.toThrow(unknown);
  expect(await completeConsent(service.parts, ofOther)).toMatchObject({ connection: 'books' });
  await expect(startConsent(service.parts, demoted, { connection: connectionId })).rejects.toThrow(
    /needs the role admin/,
  );
  await expect(startConsent(service.parts, removed, { connection: connectionId })).rejects.toThrow(
    /no account any more/,
  );
});

test('a consent that was asked for with a token ends with the token, and with the person it belongs to', async () => {
  await admin('owner');
  const ada = await admin('ada');
  const made = async (actor: Actor, kind: 'personal' | 'service') =>
    addToken(service.parts, actor, { name: 'nightly', kind, scopes: ['connections'], days: 5 });
  const end = ({ id }: { id: string }) => `nightly#${id.slice(-8)}`;
  const serviceToken = await made(ADMIN, 'service');
  const [first, second] = [await made(ada, 'personal'), await made(ada, 'personal')];
  const via = (token: { id: string }): Actor => ({
    ...ada,
    name: `${ada.name} via token:${end(token)}`,
    tokenId: token.id,
  });
  const ofService = await consentBy({
    name: `service-token:${end(serviceToken)}`,
    role: 'admin',
    tokenId: serviceToken.id,
  });
  const [ofFirst, ofSecond] = [await consentBy(via(first)), await consentBy(via(second))];
  await revokeToken(service.parts, ADMIN, { tokenId: serviceToken.id });
  await revokeToken(service.parts, ADMIN, { tokenId: first.id });
  await expect(completeConsent(service.parts, ofService)).rejects.toThrow(unknown);
  await expect(completeConsent(service.parts, ofFirst)).rejects.toThrow(unknown);
  await removeUser(peopleParts(), ADMIN, { userId: ada.personId });
  await expect(completeConsent(service.parts, ofSecond)).rejects.toThrow(unknown);
});

test('of the consents that are under way of one who asks the newest twenty are kept', async () => {
  const states: string[] = [];
  for (let count = 0; count < 25; count += 1) {
    const { url } = await startConsent(service.parts, ADMIN, { connection: connectionId });
    states.push(new URL(url).searchParams.get('state') ?? '');
  }
  const { rows } = await database.pool.query<{ state: string }>('select state from consents');
  expect(rows.map(({ state }) => state).toSorted()).toEqual(states.slice(-20).toSorted());
});

test('a connection that was removed meanwhile is not resumed, gets no secrets, and the grant is given back', async () => {
  const { state, code } = await consentBy(ADMIN);
  // The person has said yes, and the code is on its way to be exchanged.
  simulator.simulator.faults.latencyMs = 150;
  const completing = completeConsent(service.parts, { state, code });
  await new Promise((resolve) => setTimeout(resolve, 100));
  await database.pool.query(
    `update connections set removed_at = now(), state = 'paused' where id = '${connectionId}'`,
  );
  await database.pool.query('delete from credentials');
  await expect(completing).rejects.toThrow(/any more/);
  expect(await resumeConnection(service.parts, connectionId, 'user:late@example.com')).toBe(false);
  const { rows } = await database.pool.query<{ state: string }>('select state from connections');
  expect(rows).toEqual([{ state: 'paused' }]);
  expect((await database.pool.query('select from credentials')).rowCount).toBe(0);
  // It is the person's only one: nobody holds a key to their books that nothing here knows of.
  expect(simulator.simulator.oauth.grants()).toBe(0);
});

test('what is left of a removed connection keeps no alert awake: no gauge and no figure of the status counts it', async () => {
  const id = newId(Date.now());
  await database.pool.query(
    `insert into documents (id, connection_id, kind, source_id, lane, state, reason, first_seen_at, changed_at)
     values ($1, $2, 'invoice', '1', 'l', 'parked', '{"code":"refused","message":"no"}', now(), now())`,
    [id, connectionId],
  );
  await database.pool.query(
    `insert into events (connection_id, document_id, origin, topic, received_at) values ($1, $2, 'poll', 't', now())`,
    [connectionId, id],
  );
  await database.pool.query(`update connections set state = 'paused'`);
  expect(await readGauges(service.parts.db)).toMatchObject({ paused: 1, unsettled: 1, parked: 1 });
  await removeConnection(service.parts, ADMIN, { connection: connectionId, force: true });
  expect(await readGauges(service.parts.db)).toMatchObject({ paused: 0, unsettled: 0, parked: 0 });
  expect(await status(service.parts, ADMIN)).toMatchObject({
    connections: 0,
    eventsUnsettled: 0,
    parkedByReason: [],
    // What was copied stays to be seen.
    records: { parked: 1 },
  });
  expect(await listParked(service.parts, ADMIN, {})).toEqual([]);
});
