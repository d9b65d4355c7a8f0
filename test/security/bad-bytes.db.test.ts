/** Text that no database holds, and values that nobody means, in every place of every request: refused in words, never a fault. */
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VERBS, type VerbSpec } from '../../src/api/contract-verbs.ts';
import { createFakeParts } from '../../src/api/fake/parts.ts';
import { toOperations } from '../../src/api/from-operations.ts';
import { createApiServer } from '../../src/api/server.ts';
import { UsageError } from '../../src/core/errors.ts';
import { newId } from '../../src/core/ids.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createSignIn } from '../../src/platform/sign-in.ts';
import type { DB } from '../../src/store/schema.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { createEngineKit, type EngineKit, invoiceOf, PUBLIC_URL } from '../kit/engine.ts';

const ADMIN = { cookie: 'fake.session=ada%40example.com' };
const CODE = 'a-code-from-the-start';
const BAD_TEXTS = ['\0', 'a\0b', '\ud800', 'b\udfffa'];
const ODD_VALUES: unknown[] = [
  '',
  '0'.repeat(70_000),
  "'; drop table events; --",
  '__proto__',
  '9999-12-31',
  '\u202e\u0007\u001b[2J',
  null,
  -1,
  1e308,
  // No double holds it: the next one does.
  2 ** 53 + 2,
  [],
  {},
  [[[[]]]],
  true,
];

type Schema = {
  type?: string | string[];
  format?: string;
  enum?: unknown[];
  const?: unknown;
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  allOf?: Schema[];
  $ref?: string;
  minimum?: number;
  minLength?: number;
};
type Operation = {
  parameters?: { name: string; in: string; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
};

let database: TestDatabase<DB>;
let kit: EngineKit;
let app: Awaited<ReturnType<typeof createApiServer>>;
let document: {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};
let known: Record<string, string>;

beforeAll(async () => {
  database = await createTestDatabase<DB>({ max: 8 });
  kit = await createEngineKit(database);
  kit.books.put('client', { id: '7', name: 'Ada Ltd' });
  kit.books.put('invoice', invoiceOf({ id: '1' }));
  await kit.accept({ kind: 'invoice', sourceId: '1' });
  await kit.settle();
  const secret = 'oK3vB8qZ1wYt6RmE0sLxPd5uHcNaJf2G';
  const signIn = await createSignIn({ pool: database.pool, baseUrl: PUBLIC_URL, secret });
  const noSandbox = () => Promise.reject(new UsageError('There is no sandbox here.'));
  const sandbox = { urlOf: noSandbox, work: noSandbox, close: async () => {} };
  const operations = toOperations({ ...kit.parts, accounts: signIn, setupCode: CODE, sandbox });
  const { signIn: faked } = createFakeParts();
  // Sessions are faked, all else is real, also whose they are; but who sets up gets a real one, or none.
  const actorOf: typeof faked.actorOf = async (headers) => {
    const who = await faked.actorOf(headers);
    const [person] = who ? await signIn.listUsers() : [];
    return who && { ...who, personId: person?.id ?? newId(0) };
  };
  app = await createApiServer(
    createFakeParts({ operations, signIn: { ...signIn, actorOf }, publicUrl: PUBLIC_URL }),
  );
  document = (await ask({ url: '/api/v1/openapi.json', headers: ADMIN })).json();
  known = { connectionId: kit.connectionId, recordId: (await kit.document('invoice', '1')).id };
});
afterAll(async () => {
  await app?.close();
  await database?.drop();
});

test('an account is made only where the set-up is not refused: without a session it is told as made', async () => {
  const request = (headers: Record<string, string>) =>
    ask({
      method: 'POST',
      url: '/api/v1/setup',
      headers,
      payload: { code: CODE, email: 'ada@example.com', password: 'correct horse battery' },
    });
  const users = () => database.pool.query('select 1 from users').then(({ rowCount }) => rowCount);
  expect((await request({ origin: 'https://evil.example' })).statusCode).toBe(403);
  expect(await users()).toBe(0);
  // The sign-in library refuses a cookie without an origin: the account is made all the same, and the answer says so.
  const made = await request({ cookie: 'some=cookie' });
  expect([made.statusCode, made.json()]).toEqual([200, { email: 'ada@example.com', role: 'admin' }]);
  expect(made.headers['set-cookie']).toBeUndefined();
  expect(await users()).toBe(1);
  expect((await request({ origin: PUBLIC_URL })).json()).toMatchObject({ status: 400 });
});

/** Something that the schema allows. */
function example(schema: Schema): unknown {
  if (schema.$ref) return example(document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  const [first] = schema.anyOf ?? schema.allOf ?? [];
  if (first) return example(first);
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'object':
      return {
        ...Object.fromEntries(
          Object.entries(schema.properties ?? {}).map(([name, inner]) => [name, example(inner)]),
        ),
        ...(typeof schema.additionalProperties === 'object'
          ? { extra: example(schema.additionalProperties) }
          : {}),
      };
    case 'array':
      return [example(schema.items ?? {})];
    case 'integer':
    case 'number':
      return Math.max(1, schema.minimum ?? 1);
    case 'boolean':
      return true;
    default:
      return exampleText(schema);
  }
}

function exampleText({ format, minLength = 1 }: Schema): string {
  if (format === 'uuid') return '01938f3a-0000-7000-8000-000000000099';
  if (format === 'email') return 'vic@example.com';
  if (format === 'date') return '2026-01-31';
  return 'some text'.padEnd(minLength, '.');
}

type Place = (string | number)[];

/** Every place of a value, the members' names included. */
function placesOf(value: unknown, at: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([name, inner]) => placesOf(inner, [...at, name]))];
}

function put(value: unknown, [name, ...rest]: Place, put_: unknown): unknown {
  if (name === undefined) return put_;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value)
    ? [...value]
    : { ...(value as object) };
  Reflect.set(copy, name, put(Reflect.get(copy, name), rest, put_));
  return copy;
}

function valueAt(value: unknown, place: Place): unknown {
  return place.reduce((inner, name) => Reflect.get(inner as object, name), value);
}

type Request = { path: Record<string, string>; query: Record<string, unknown>; body: unknown };

function requestOf({ parameters = [], requestBody }: Operation): Request {
  const path: Record<string, string> = {};
  const query: Record<string, unknown> = {};
  for (const { name, in: where, schema } of parameters) {
    if (where === 'path') path[name] = known[name] ?? exampleText({ format: 'uuid' });
    else query[name] = example(schema);
  }
  const schema = requestBody?.content['application/json']?.schema;
  return { path, query, body: schema ? example(schema) : undefined };
}

async function send({ method, path }: VerbSpec, { path: parameters, query, body }: Request) {
  const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(toWellFormed(parameters[name])),
  );
  const search = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  );
  const payload = body === undefined ? {} : { payload: JSON.stringify(body) };
  const headers = body === undefined ? ADMIN : { ...ADMIN, 'content-type': 'application/json' };
  return ask({ method, url: `/api/v1${address}?${search}`, headers, ...payload });
}

/** A machine that is busy with other tests is no fault either: the service says so and is asked again. */
async function ask(request: InjectOptions) {
  for (;;) {
    const answer = await app.inject(request);
    if (answer.statusCode !== 503) return answer;
    await systemClock.sleep(200);
  }
}

/** An address cannot hold half a character. */
const toWellFormed = (text = '') => text.toWellFormed();

// Those with a stream, or that end the session; and what signs in is limited.
const LEFT_OUT = ['watchLive', 'signIn', 'signOut', 'signOutEverywhere', 'setUp', 'changePassword'];
const verbs = (Object.entries(VERBS) as [string, VerbSpec][]).filter(([name]) => !LEFT_OUT.includes(name));

function operationOf(verb: VerbSpec): Operation {
  const found = document.paths[`/api/v1${verb.path}`]?.[verb.method.toLowerCase()];
  if (!found) throw new Error(`${verb.path} is not in the document`);
  return found;
}

test.each(verbs)(
  '%s: text that no database holds is refused with 400, wherever it stands',
  async (_name, verb) => {
    const request = requestOf(operationOf(verb));
    const sent: Request[] = BAD_TEXTS.flatMap((bad) => [
      ...Object.keys(request.path).map((name) => ({ ...request, path: { ...request.path, [name]: bad } })),
      // In a query half a character becomes U+FFFD on its way.
      ...(bad.isWellFormed() ? Object.keys(request.query) : []).map((name) => ({
        ...request,
        query: { ...request.query, [name]: bad },
      })),
      ...(request.body === undefined ? [] : placesOf(request.body)).flatMap((place) => [
        { ...request, body: put(request.body, place, bad) },
        ...(Array.isArray(valueAt(request.body, place))
          ? []
          : [{ ...request, body: put(request.body, [...place, bad], 'value') }]),
      ]),
    ]);
    for (const one of sent) {
      const answer = await send(verb, one);
      expect({ one, status: answer.statusCode, type: answer.headers['content-type'] }).toEqual({
        one,
        status: 400,
        type: expect.stringContaining('application/problem+json'),
      });
      expect(answer.json()).toMatchObject({ errors: [{ message: expect.any(String) }] });
    }
  },
);

test.each(verbs)('%s: values that nobody means are no fault of the service', async (_name, verb) => {
  const request = requestOf(operationOf(verb));
  const sent: Request[] = ODD_VALUES.flatMap((odd) => [
    ...Object.keys(request.query).map((name) => ({ ...request, query: { ...request.query, [name]: odd } })),
    ...(request.body === undefined ? [] : placesOf(request.body)).map((place) => ({
      ...request,
      body: put(request.body, place, odd),
    })),
  ]);
  for (const one of sent) {
    const answer = await send(verb, one);
    const told = {
      one: JSON.stringify(one).slice(0, 500),
      status: answer.statusCode,
      body: answer.body.slice(0, 300),
    };
    expect(told.status, JSON.stringify(told)).toBeLessThan(500);
    if (told.status >= 400) expect(answer.headers['content-type']).toMatch('application/problem+json');
  }
});
