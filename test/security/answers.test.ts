/** Who may not is told so before anything is said about what was asked; and every refusal is a problem document. */
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VERBS, type VerbSpec } from '../../src/api/contract-verbs.ts';
import { createFakeParts } from '../../src/api/fake/parts.ts';
import { createApiServer } from '../../src/api/server.ts';

const COOKIE = 'fake.session=';
const ADMIN = { cookie: `${COOKIE}ada%40example.com` };
const VIEWER = { cookie: `${COOKIE}vic%40example.com` };
const READER = { authorization: 'Bearer mlc_reader' };
const STRANGER = { authorization: 'Bearer mlc_unknown' };
/** Nobody is signed in at these. */
const OPEN = ['showSetup', 'setUp', 'signIn', 'signOut'];

const verbs = Object.entries(VERBS) as [string, VerbSpec][];
let app: Awaited<ReturnType<typeof createApiServer>>;

beforeAll(async () => {
  app = await createApiServer(createFakeParts());
  await app.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(() => app.close());

/** Everything about the request is wrong: address, query and body. */
async function askNonsense({ method, path }: VerbSpec, headers: Record<string, string>) {
  const url = `/api/v1${path.replaceAll(/\{\w+\}/g, 'nonsense%00')}?limit=many&state=%00`;
  const body = method === 'GET' ? {} : { payload: '{"nonsense": ' };
  const type = method === 'GET' ? {} : { 'content-type': 'application/json' };
  const request = { method, url, headers: { ...headers, ...type }, ...body };
  let answer = await app.inject(request);
  while (isBusy(answer.statusCode)) answer = await sleep(200).then(() => app.inject(request));
  return answer;
}

/** A machine that is busy with other tests: the service says so and is asked again. */
const isBusy = (status: number) => status === 503;

test.each(verbs)('%s: permission comes before anything is said about the request', async (name, verb) => {
  if (OPEN.includes(name)) return;
  expect((await askNonsense(verb, {})).statusCode, 'nobody').toBe(401);
  if (verb.scope === null) return;
  expect((await askNonsense(verb, STRANGER)).statusCode, 'an unknown token').toBe(401);
  expect((await askNonsense(verb, { ...STRANGER, ...ADMIN })).statusCode, 'beside a good session').toBe(401);
  const may = verb.scope === 'read';
  const viewer = await askNonsense(verb, VIEWER);
  const reader = await askNonsense(verb, READER);
  if (may) expect([viewer.statusCode, reader.statusCode]).not.toContain(403);
  else expect([viewer.statusCode, reader.statusCode]).toEqual([403, 403]);
});

test.each(verbs)('%s: nonsense is refused with a problem document', async (_name, verb) => {
  const answer = await askNonsense(verb, ADMIN);
  // Some take neither parameters nor a body.
  if (answer.statusCode < 400) return;
  expect(answer.headers['content-type']).toMatch('application/problem+json');
  expect(answer.json()).toMatchObject({ status: answer.statusCode });
});

function sendRaw(text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (more: string) => (answer += more));
    socket.on('error', () => {}).on('close', () => resolve(answer));
    socket.write(text, 'latin1');
  });
}

const ask = (method: string, path: string, extra = '') =>
  `${method} ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${extra}\r\n`;
const ADDRESSES = [
  '/hooks/nobody',
  `/hooks/${'a'.repeat(5_000)}`,
  '/hooks/%zz',
  '/hooks/%00',
  '/hooks/',
  '/hooks/a/b',
  '/api/v1/records/%zz',
  '/api/v1/records/%00',
  `/api/v1/records/${'a'.repeat(5_000)}`,
  '/api/v1/nothing',
  '/oauth/x/callback?state=%00&code=1',
  '/nothing',
  '/%00',
  '/..%2f..%2fpackage.json',
  '//',
];
const ODD: [string, string][] = [
  ...['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'QUERY'].flatMap((method) =>
    ADDRESSES.map((path): [string, string] => [`${method} ${path.slice(0, 30)}`, ask(method, path)]),
  ),
  ...ADDRESSES.map((path): [string, string] => [`GET ${path.slice(0, 30)}`, ask('GET', path)]),
  ['a method that there is not', ask('FOO', '/')],
  ['no HTTP at all', 'garbage\r\n\r\n'],
  ['another version', 'GET / HTTP/3.7\r\n\r\n'],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['headers that are too large', ask('GET', '/healthz', `x: ${'a'.repeat(20_000)}\r\n`)],
  ['an expectation', ask('POST', '/hooks/nobody', 'expect: the-unexpected\r\n')],
  ['a body of another type', ask('POST', '/nothing', 'content-type: x/y\r\ncontent-length: 1\r\n') + 'a'],
  [
    'a body that breaks off',
    `${ask('POST', '/api/v1/session', 'content-type: application/json\r\ncontent-length: 2\r\n')}{"`,
  ],
  ['two lengths', ask('POST', '/hooks/nobody', 'content-length: 1\r\ncontent-length: 2\r\n')],
  [
    'a length and chunks',
    ask('POST', '/hooks/nobody', 'content-length: 1\r\ntransfer-encoding: chunked\r\n'),
  ],
];

test.each(ODD)('%s is answered with a problem document', async (_title, text) => {
  let answer = await sendRaw(text);
  const statusOf = () => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
  while (isBusy(statusOf())) answer = await sleep(200).then(() => sendRaw(text));
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  const status = statusOf();
  if (status < 400 || (status === 404 && /text\/plain/.test(head) && text.startsWith('GET /'))) return;
  expect(head).toMatch(/content-type: application\/problem\+json/i);
  expect(JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1))).toMatchObject({ status });
  expect(status, 'the caller’s fault').toBeLessThan(500);
});

test('a body that is nested too deeply for any program is refused, not run into', async () => {
  const payload = `{"email":${'['.repeat(400_000)}${']'.repeat(400_000)},"password":"x"}`;
  const headers = { 'content-type': 'application/json' };
  const answer = await app.inject({ method: 'POST', url: '/api/v1/session', headers, payload });
  expect(answer.statusCode).toBe(400);
  expect(answer.headers['content-type']).toMatch('application/problem+json');
});

test('only the dashboard’s API is shed when the service is late: no webhook, no probe', () => {
  // The plugin that sheds decorates the scope in which it works.
  expect(app.hasDecorator('isUnderPressure')).toBe(false);
});
