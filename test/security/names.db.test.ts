/** Names against ids: whoever gives an id gets what has that id, never something that only calls itself so. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { looksLikeId, newId } from '../../src/core/ids.ts';
import { addConnection } from '../../src/operations/add-connection.ts';
import { pauseConnection } from '../../src/operations/set-connection.ts';
import { findRecordId } from '../../src/operations/show-record.ts';
import { revokeToken } from '../../src/operations/tokens.ts';
import { removeUser, setUpLocally } from '../../src/operations/users.ts';
import { loadConnection } from '../../src/store/connections.ts';
import { ADMIN } from '../kit/engine.ts';
import { openPeopleDoors, type PeopleDoors } from './people-doors.ts';

let doors: PeopleDoors;

beforeAll(async () => {
  doors = await openPeopleDoors();
});
afterAll(() => doors.close());

const add = (name: string) =>
  addConnection(doors.parts, ADMIN, {
    name,
    source: {
      connector: doors.kit.source.id,
      values: { accountId: doors.kit.books.account },
      secrets: { key: 'k', refreshToken: 't' },
    },
    destination: { connector: doors.kit.destination.id, values: {}, secrets: { password: 'p' } },
    webhooksEnabled: false,
    pollIntervalSeconds: 0,
  });

/** Every spelling by which somebody could mean an id. */
const spellings = (id: string) => [
  id,
  id.toUpperCase(),
  id.replaceAll('-', ''),
  `${id} `,
  `${id.slice(0, 18)}${id.slice(18).toUpperCase()}`,
];

describe('a connection', () => {
  test('is never named like an id, of one that is there or of one to come', async () => {
    const victim = doors.kit.connectionId;
    for (const name of [...spellings(victim), ...spellings(newId(doors.parts.clock.now()))])
      await expect(add(name), name).rejects.toThrow('cannot look like an id');
  });

  test('is not named like an id in the database either, whoever writes there', async () => {
    for (const name of [...spellings(doors.kit.connectionId), `{${doors.kit.connectionId}}`]) {
      const renamed = doors.database.pool.query('update connections set name = $1', [name]);
      await expect(renamed, name).rejects.toThrow('connections_name_is_no_id');
    }
  });

  test('is found by its id in either case, and what looks like an id is no name', async () => {
    const id = doors.kit.connectionId;
    for (const spelling of [id, id.toUpperCase()])
      expect((await loadConnection(doors.database.db, spelling)).id).toBe(id);
    await expect(loadConnection(doors.database.db, newId(0))).rejects.toThrow('There is no connection');
  });

  test('with a name of hexadecimal digits that is no id works like any other', async () => {
    for (const name of ['deadbeef', '0a1b2c3d-0000', 'cafe-babe 1']) {
      const { id } = await add(name);
      expect((await loadConnection(doors.database.db, name)).id).toBe(id);
      await pauseConnection(doors.parts, ADMIN, { connection: name, reason: 'x' });
    }
  });
});

test('the schema and the code agree on what looks like an id', async () => {
  const id = '01938f3a-0000-7000-8000-00000000000A';
  const words = [
    ...spellings(id),
    `urn:uuid:${id}`,
    `{${id}}`,
    '\t1',
    id.slice(1),
    `x${id}`,
    `${id}0`,
    'acme',
    '',
  ];
  for (const text of words) {
    const { rows } = await doors.database.pool.query('select looks_like_id($1) as like', [text]);
    expect(rows, JSON.stringify(text)).toEqual([{ like: looksLikeId(text) }]);
  }
});

describe('a person', () => {
  test('is never added under another one’s id, or without an address', async () => {
    const made = await doors.addPerson('ada@example.com', 'admin');
    for (const email of [made.id, made.id.toUpperCase(), ` ${made.id} `, 'ada', '']) {
      await expect(doors.signIn.addUser({ email, role: 'admin' }), email).rejects.toThrow('is no e-mail');
      await expect(setUpLocally(doors.parts, ADMIN, { email }), email).rejects.toThrow();
    }
    const renamed = doors.database.pool.query('update users set email = id::text');
    await expect(renamed).rejects.toThrow('users_email_is_no_id');
  });

  test('is found by id before anybody is by e-mail', async () => {
    const made = await doors.addPerson('vic@example.com', 'viewer');
    await expect(removeUser(doors.parts, ADMIN, { userId: newId(0) })).rejects.toThrow('There is nobody');
    expect(await removeUser(doors.parts, ADMIN, { userId: made.id.toUpperCase() })).toMatchObject({
      email: 'vic@example.com',
    });
  });
});

test('a token is ended by its id alone, and what is no id names none', async () => {
  for (const tokenId of ['nightly', '', newId(0), "' or true --"])
    await expect(revokeToken(doors.parts, ADMIN, { tokenId })).rejects.toThrow('There is no token');
});

test('a client that calls itself like another record’s id, kind or number does not stand in its way', async () => {
  const { kit } = doors;
  await kit.accept(
    { kind: 'invoice', sourceId: '4711' },
    { kind: 'client', sourceId: '1' },
    { kind: 'client', sourceId: '2' },
  );
  const { id } = await kit.document('invoice', '4711');
  const name = (sourceId: string, label: string) =>
    doors.database.pool.query("update documents set label = $1 where kind = 'client' and source_id = $2", [
      label,
      sourceId,
    ]);
  await name('1', id);
  await name('2', 'invoice/4711');
  for (const text of [id, id.toUpperCase(), 'invoice/4711', 'invoice 4711'])
    expect(await findRecordId(doors.parts, text), text).toBe(id);
  await name('1', 'same name');
  await name('2', 'same name');
  await expect(findRecordId(doors.parts, 'same name')).rejects.toThrow('2 records fit');
});
