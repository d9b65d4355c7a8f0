/** Requests that were let in and then held back: what becomes of them when their person or their token ends meanwhile. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addUser, resetPassword } from '../../src/operations/users.ts';
import { openPeopleDoors, type PeopleDoors, type Shown } from './people-doors.ts';

let doors: PeopleDoors;
let port: number;
let owner: Awaited<ReturnType<PeopleDoors['addPerson']>>;

beforeAll(async () => {
  doors = await openPeopleDoors();
  await doors.app.listen({ host: '127.0.0.1', port: 0 });
  port = (doors.app.server.address() as { port: number }).port;
  owner = await doors.addPerson('owner@example.com', 'admin');
});
afterAll(() => doors.close());

/** Sends all but the end of the body, and gives how to send the rest, which returns the status. */
async function held(shown: Shown, path: string, payload: object): Promise<() => Promise<number>> {
  const body = JSON.stringify(payload);
  const headers = Object.entries({ host: '127.0.0.1', 'content-type': 'application/json', ...shown });
  const socket: Socket = connect(port, '127.0.0.1');
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.write(`POST /api/v1${path} HTTP/1.1\r\n${lines}content-length: ${body.length}\r\n\r\n`);
  socket.write(body.slice(0, -1));
  // The guard has looked by then.
  await sleep(150);
  return async () => {
    socket.write(body.slice(-1));
    const [first] = (await socket.take(1).toArray()) as Buffer[];
    socket.destroy();
    return Number(/^HTTP\/1.1 (\d+)/.exec(first?.toString() ?? '')?.[1]);
  };
}

const people = async () => (await doors.signIn.listUsers()).map(({ email }) => email);

test('a person who is removed while the body of their request is still on its way makes no account', async () => {
  const mallory = await doors.addPerson('mallory@example.com', 'admin');
  const rest = await held({ cookie: mallory.cookie }, '/users', { email: 'back@example.com', role: 'admin' });
  expect((await doors.ask(owner, 'DELETE', `/users/${mallory.id}`)).status).toBe(200);
  expect(await rest()).toBe(401);
  expect(await people()).not.toContain('back@example.com');
});

test('a person who is demoted while the body of their request is still on its way has the new role for it', async () => {
  const mia = await doors.addPerson('mia@example.com', 'admin');
  const rest = await held({ cookie: mia.cookie }, '/users', { email: 'mia2@example.com', role: 'admin' });
  expect((await doors.ask(owner, 'PATCH', `/users/${mia.id}`, { role: 'viewer' })).status).toBe(200);
  expect(await rest()).toBe(403);
  expect(await people()).not.toContain('mia2@example.com');
});

test('a token that is ended while the body of its request is still on its way does nothing more', async () => {
  const token = await doors.addToken(owner, {
    name: 'held',
    kind: 'service',
    scopes: ['operate'],
    days: 1,
  });
  const rest = await held({ authorization: token.authorization }, '/replays', {
    filter: { state: 'parked' },
  });
  await doors.ask(owner, 'DELETE', `/tokens/${token.id}`);
  expect(await rest()).toBe(401);
});

test('whoever was demoted after their request was let in makes no account and no password', async () => {
  const nell = await doors.addPerson('nell@example.com', 'admin');
  const actor = { name: 'user:nell@example.com', role: 'admin', personId: nell.id } as const;
  await doors.ask(owner, 'PATCH', `/users/${nell.id}`, { role: 'operator' });
  const refused = /needs the role admin/;
  const another = { email: 'nell2@example.com', role: 'admin' } as const;
  await expect(addUser(doors.parts, actor, another)).rejects.toThrow(refused);
  await expect(resetPassword(doors.parts, actor, { userId: owner.id })).rejects.toThrow(refused);
  expect(await people()).not.toContain('nell2@example.com');
  await doors.ask(owner, 'DELETE', `/users/${nell.id}`);
  await expect(addUser(doors.parts, actor, { email: 'nell2@example.com', role: 'admin' })).rejects.toThrow(
    /no account any more/,
  );
});

test('two admins who give each other new passwords at the same moment wait in no circle', async () => {
  const [a, b] = [
    await doors.addPerson('a@example.com', 'admin'),
    await doors.addPerson('b@example.com', 'admin'),
  ];
  for (let round = 0; round < 5; round += 1) {
    const by = ({ id, email }: typeof a) => ({ name: `user:${email}`, role: 'admin' as const, personId: id });
    const made = await Promise.all([
      resetPassword(doors.parts, by(a), { userId: b.id }),
      resetPassword(doors.parts, by(b), { userId: a.id }),
    ]);
    expect(made.map(({ email }) => email)).toEqual([b.email, a.email]);
  }
});
