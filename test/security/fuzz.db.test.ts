/** Every body, query and path of every verb with what nobody should send: refused as a problem document, or taken; never a fault of ours. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VERBS, type Verb } from '../../src/api/contract-verbs.ts';
import { type Call, ROWS } from './every-verb.ts';
import { type EveryVerbScene, openEveryVerbScene } from './every-verb-scene.ts';
import {
  HOSTILE_PARTS,
  type HostileBody,
  hostileBodies,
  hostileQueries,
  type Json,
  type Schema,
  sampleOf,
  UNWANTED_BODIES,
} from './hostile-requests.ts';
import type { Shown } from './people-doors.ts';

/** Another one looks elsewhere: FUZZ_SEED=7 FUZZ_RUNS=500. */
// oxlint-disable-next-line node/no-process-env -- a test's own switch
const { FUZZ_SEED = '11', FUZZ_RUNS = '30' } = process.env;
const options = { seed: Number(FUZZ_SEED), runs: Number(FUZZ_RUNS) };
const LONGEST_MS = 5_000;

type Operation = {
  operationId: string;
  requestBody?: { content: Record<string, { schema: Schema }> };
  parameters?: { in: string; name: string }[];
};

const verbs = Object.keys(VERBS) as Verb[];
const OPEN: readonly Verb[] = verbs.filter((verb) => ROWS[verb].least === 'anybody');

let scene: EveryVerbScene;
let operations: Map<string, Operation>;
let admin: Shown;
let [calls, taken] = [0, 0];

beforeAll(async () => {
  scene = await openEveryVerbScene();
  admin = { cookie: (await scene.newPerson('fuzzer@example.com', 'admin')).cookie };
  const document = await scene.app.inject({ url: '/api/v1/openapi.json', headers: admin });
  const { paths, components } = document.json() as {
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, Schema> };
  };
  const whole = withoutReferences(paths, components.schemas) as typeof paths;
  operations = new Map(
    Object.values(whole).flatMap((path) => Object.values(path).map((one) => [one.operationId, one] as const)),
  );
});
afterAll(async () => {
  await scene.close();
  process.stdout.write(`fuzz: ${calls} calls, ${taken} of them taken, FUZZ_SEED=${FUZZ_SEED}\n`);
});

/** Named shapes in their places. */
function withoutReferences(value: unknown, schemas: Record<string, Schema>): unknown {
  if (Array.isArray(value)) return value.map((one) => withoutReferences(one, schemas));
  if (value === null || typeof value !== 'object') return value;
  const name = '$ref' in value ? String(value.$ref).split('/').at(-1) : undefined;
  if (name !== undefined) return withoutReferences(schemas[name], schemas);
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      key === 'responses' ? {} : withoutReferences(one, schemas),
    ]),
  );
}

type Request = { path: string; query?: string; body?: HostileBody };

/** Who says what to whom: an admin, on objects that are there. */
async function prepare(verb: Verb): Promise<{ shown: Shown; call: Call }> {
  const row = ROWS[verb];
  if (row.asSomebodyNew) {
    const somebody = await scene.newPerson(`fuzz${scene.next()}@example.com`, 'admin');
    return { shown: { cookie: somebody.cookie }, call: row.asSomebodyNew(somebody.password) };
  }
  return { shown: admin, call: (await row.anew?.(scene)) ?? row.call(scene) };
}

function pathOf(verb: Verb, params: Call['params'] = {}): string {
  return `/api/v1${VERBS[verb].path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '')}`;
}

function requestsFor(verb: Verb, call: Call): { bodies: Request[]; addresses: Request[] } {
  const { requestBody, parameters = [] } = operations.get(verb) ?? {};
  const path = pathOf(verb, call.params);
  const schema = requestBody?.content['application/json']?.schema;
  const bodies = schema ? hostileBodies([call.body as Json, sampleOf(schema)], options) : UNWANTED_BODIES;
  const names = parameters.filter((one) => one.in === 'query').map(({ name }) => name);
  const queries = names.length === 0 ? ['__proto__=1', 'a=%zz', 'x[]=%00'] : hostileQueries(names, options);
  const body = schema ? { text: JSON.stringify(call.body), type: 'application/json' } : undefined;
  const parts = VERBS[verb].path.includes('{') ? HOSTILE_PARTS : [];
  return {
    bodies: bodies.map((one) => ({ path, body: one })),
    addresses: [
      ...queries.map((query) => ({ path, query, ...(body && { body }) })),
      ...parts.map((part) => ({
        path: `/api/v1${VERBS[verb].path.replace(/\{\w+\}/, () => part)}`,
        ...(body && { body }),
      })),
    ],
  };
}

async function send(verb: Verb, shown: Shown | object, { path, query, body }: Request) {
  calls += 1;
  const text = uniqueSignIn(verb, body?.text);
  const asked = scene.app.inject({
    method: VERBS[verb].method,
    url: query === undefined ? path : `${path}?${query}`,
    remoteAddress: `10.${calls >> 16}.${(calls >> 8) & 255}.${calls & 255}`,
    headers: {
      accept: 'application/json',
      ...shown,
      ...('cookie' in shown ? { origin: scene.baseUrl } : {}),
      ...(body?.type === undefined ? {} : { 'content-type': body.type }),
    },
    ...(text === undefined ? {} : { payload: text }),
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer after ${LONGEST_MS} ms`)), LONGEST_MS);
  });
  const answer = await Promise.race([asked, late]).finally(() => clearTimeout(timer));
  return { status: answer.statusCode, type: answer.headers['content-type'] ?? '', text: answer.body };
}

/** Many tries at one account are slowed down, which is not what is looked at here. */
function uniqueSignIn(verb: Verb, text: string | Buffer | undefined): string | Buffer | undefined {
  return verb === 'signIn' && typeof text === 'string'
    ? text.replace(scene.guest.email, `guest${calls}@example.com`)
    : text;
}

const INSIDE =
  /\n\s+at |\.ts:\d|node_modules|\bFST_|\bERR_|syntax error|invalid byte|violates|\bpg_|kysely|ZodError/;

/** What is wrong with an answer; undefined where nothing is. */
function faultOf({ status, type, text }: Awaited<ReturnType<typeof send>>): string | undefined {
  if (status >= 200 && status < 300) {
    taken += 1;
    return undefined;
  }
  if (status < 400 || status >= 500) return `${status} ${text.slice(0, 200)}`;
  if (!type.includes('application/problem+json')) return `${status} as ${type}: ${text.slice(0, 200)}`;
  const told = JSON.parse(text) as { type: string; title: string; status: number };
  if (told.status !== status || !told.type.startsWith('urn:ml-connector:problem:'))
    return `another problem than ${status}: ${text.slice(0, 200)}`;
  return INSIDE.test(text) ? `${status} tells of our inside: ${text.slice(0, 300)}` : undefined;
}

const shownAs = ({ path, query, body }: Request) =>
  `${path.slice(0, 120)}${query === undefined ? '' : `?${query.slice(0, 120)}`} ${body?.type ?? ''} ${body === undefined ? '' : String(body.text).slice(0, 300)}`;

describe('an admin is answered with a problem document or with what was asked for:', () => {
  test.each(verbs)('%s', async (verb) => {
    const { shown, call } = await prepare(verb);
    const { bodies, addresses } = requestsFor(verb, call);
    const wrong: string[] = [];
    for (const request of [...bodies, ...addresses]) {
      const fault = await send(verb, shown, request).then(faultOf, String);
      if (fault !== undefined) wrong.push(`${shownAs(request)}\n  ${fault}`);
    }
    expect(wrong).toEqual([]);
    if (!ROWS[verb].asSomebodyNew)
      expect((await send('showSession', shown, { path: '/api/v1/session' })).status).toBe(200);
  });
});

describe('nobody is refused before anything is read:', () => {
  test.each(verbs.filter((verb) => !OPEN.includes(verb)))('%s', async (verb) => {
    const { bodies, addresses } = requestsFor(verb, ROWS[verb].call(scene));
    const wrong: string[] = [];
    for (const request of bodies) {
      const answer = await send(verb, {}, request);
      const fault = answer.status === 401 ? faultOf(answer) : `${answer.status} ${answer.text.slice(0, 200)}`;
      if (fault !== undefined) wrong.push(`${shownAs(request)}\n  ${fault}`);
    }
    // An address that leads nowhere may say so.
    for (const request of addresses) {
      const answer = await send(verb, {}, request);
      const fault = answer.status < 400 ? `${answer.status} taken` : faultOf(answer);
      if (fault !== undefined) wrong.push(`${shownAs(request)}\n  ${fault}`);
    }
    expect(wrong).toEqual([]);
  });
});

test('the process is as it was: no prototype has new members, and it still answers', async () => {
  expect('polluted' in {}).toBe(false);
  expect(Object.keys(Object.prototype)).toEqual([]);
  const answer = await scene.app.inject({ url: '/api/v1/status', headers: admin });
  expect(answer.statusCode).toBe(200);
});
