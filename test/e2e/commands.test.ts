/** The commands behind the dashboard's pages, each beside the running service, in JSON. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { World } from '../../src/demo/world.ts';
import { command, expectEqual, runCli, startTestWorld, work, worked } from './kit.ts';

const SEED = 95;
let world: World;

beforeAll(async () => {
  world = await startTestWorld({ seed: SEED });
  await work(world, { seed: SEED, invoices: 4, payments: 2, ratePerSecond: 20 });
  await worked(world);
  await expectEqual(world, { seed: SEED, invoices: 4, payments: 2 });
});
afterAll(() => world?.close());

/** Its one JSON value; an error of the command fails the test. */
async function json<T>(...args: string[]): Promise<T> {
  const { code, stderr, json: value } = await command(world, ...args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return value as T;
}

/** What it says to a person. */
async function spoken(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args, { environment: world.environment });
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
}

test('overview says that both sides are in step, with equal counts and sums', async () => {
  const view = await json<{ connections: { inStep: boolean; balances: Record<string, unknown>[] }[] }>(
    'overview',
  );
  const [connection] = view.connections;
  expect(connection?.inStep).toBe(true);
  expect(connection?.balances.length).toBeGreaterThan(0);
  for (const { sourceCount, copyCount, sourceAmount, copyAmount } of connection?.balances ?? [])
    expect([copyCount, copyAmount]).toEqual([sourceCount, sourceAmount]);
});

test('connections are shown with settings and policies, and never with a secret', async () => {
  const { stdout } = await command(world, 'connection', 'show', 'sandbox');
  const shown = JSON.parse(stdout) as {
    fields: { source: { name: string; value: string | null; isSet: boolean }[] };
    policies: { name: string; value: string; choices: { value: string }[] }[];
  };
  const secret = shown.fields.source.find(({ name }) => name === 'clientSecret');
  expect(secret).toMatchObject({ value: null, isSet: true });
  for (const { value, choices } of shown.policies) expect(choices.map((one) => one.value)).toContain(value);
  await json('connection', 'set', 'sandbox', '--policy', 'drafts=wait');
  const after = await json<typeof shown>('connection', 'show', 'sandbox');
  expect(after.policies.find(({ name }) => name === 'drafts')?.value).toBe('wait');
  const wrong = await command(world, 'connection', 'set', 'sandbox', '--policy', 'drafts=never');
  expect(wrong.code).toBe(2);
});

test('systems tell what they need, and a preview tells the requests without writing', async () => {
  const known = await json<{ systems: { id: string; fields: unknown[] }[] }>('connection', 'systems');
  expect(known.systems).toHaveLength(2);
  const before = (await world.compare()).calls;
  const seen = await json<{ invoices: { outcome: string; requests: { method: string }[] }[] }>(
    'connection',
    'preview',
    'sandbox',
    '--limit',
    '3',
  );
  expect(seen.invoices.map(({ outcome }) => outcome)).toEqual(['copy', 'copy', 'copy']);
  expect(seen.invoices[0]?.requests.at(-1)).toMatchObject({ method: 'POST' });
  const writes = (calls: Record<string, Record<string, number>>) =>
    Object.values(calls).flatMap((side) =>
      Object.entries(side).filter(([name]) => /^(POST|PUT|DELETE)/.test(name)),
    );
  expect(writes((await world.compare()).calls)).toEqual(writes(before));
});

test('a dry run of a copied record would send nothing; a choice that it does not offer is refused', async () => {
  const { records } = await json<{ records: { id: string }[] }>(
    'records',
    '--kind',
    'invoice',
    '--limit',
    '1',
  );
  const id = records[0]?.id ?? '';
  expect(await json('dry-run', id)).toMatchObject({ recordId: id, state: 'synced', requests: [] });
  const refused = await command(world, 'resolve', 'adopt', id);
  expect(refused).toMatchObject({ code: 1, json: { resolved: [], refused: [{ recordId: id }] } });
  const [first] = (refused.json as { refused: { message: string }[] }).refused;
  expect(first?.message).toBe('The record offers no choice "adopt". It waits for nobody’s decision.');
  expect(await json('parked')).toEqual([]);
  const { groups } = await json<{ groups: { kind: string; count: number }[] }>('records', '--counts');
  const countOf = (kind: string) =>
    groups.reduce((sum, group) => sum + (group.kind === kind ? group.count : 0), 0);
  expect([countOf('invoice'), countOf('payment')]).toEqual([4, 2]);
  expect(await json('replays')).toEqual([]);
  expect(await json('replay', id)).toMatchObject({ replayed: 1, recordIds: [id] });
  expect(await json('replays')).toMatchObject([{ total: 1, taken: 1 }]);
});

test('a change of settings says what it changed, and a connection is shown with polling, webhooks and alerts', async () => {
  const set = (...args: string[]) => spoken('connection', 'set', 'sandbox', ...args);
  expect(await set('--poll-seconds', '1', '--secret', 'source.clientSecret=@package.json')).toContain(
    [
      'changed sandbox',
      '  polling: every 300 s → every 1 s',
      '  source.clientSecret: replaced',
      'often 3,600 polls an hour',
    ].join('\n'),
  );
  expect(await set('--poll-seconds', '0')).toContain('polling: every 1 s → off');
  expect(await set('--poll-seconds', '0')).toContain('stays as it is');
  const shown = await spoken('connection', 'show', 'sandbox');
  expect(shown).toContain('webhooks on, polling off');
  expect(shown).toContain('alerts go nowhere');
});

test('a pause by a person says so in words alone', async () => {
  const paused = await runCli(['connection', 'pause', 'sandbox'], { environment: world.environment });
  expect(paused).toMatchObject({
    code: 0,
    stderr: '',
    stdout: 'paused sandbox; events are still accepted\n',
  });
  await json('connection', 'resume', 'sandbox');
});

test('a command names the address of the running service, whatever its own settings say', async () => {
  const { ML_PORT: _port, ML_PUBLIC_URL: _url, ...environment } = world.environment;
  const { stdout } = await runCli(['connection', 'consent', 'sandbox', '--json'], { environment });
  expect(JSON.parse(stdout)).toMatchObject({ redirectUri: expect.stringContaining(world.url) as string });
  const elsewhere = { ...environment, ML_PUBLIC_URL: 'https://sync.example.com' };
  const { parts } = world;
  expect(parts.publicUrl).toBe(world.url);
  const setup = await runCli(['connection', 'systems', '--json'], { environment: elsewhere });
  expect(setup.stdout).toContain('https://sync.example.com/oauth/');
});

test('without a terminal a connection that lacks something is refused at once, and everything that is missing is named', async () => {
  const refused = await command(world, 'connection', 'add', '--name', 'other', '--set', 'source.clientId=a');
  expect(refused.code).toBe(2);
  for (const missing of [
    '--secret source.clientSecret=@FILE',
    '--secret destination.clientSecret=@FILE',
    '--set destination.clientId=…',
  ])
    expect(refused.stderr).toContain(missing);
  expect(refused.stderr).not.toContain('source.clientId');
  const silent = await runCli(['connection', 'add'], { environment: world.environment, timeoutMs: 20_000 });
  expect(silent.code).toBe(2);
});

test('who removes or demotes a person says what becomes of their service tokens', async () => {
  const made = await json<{ email: string; password: string }>(
    'users',
    'add',
    'max@example.com',
    '--role',
    'admin',
  );
  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    fetch(`${world.url}/api/v1${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: world.url, ...headers },
      body: JSON.stringify(body),
    });
  const entered = await post('/session', { email: made.email, password: made.password });
  const cookie = entered.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const request = { name: 'import', kind: 'service', scopes: ['read'], days: 30 };
  const { token } = (await (await post('/tokens', request, { cookie })).json()) as { token: string };
  const ask = async () =>
    (await fetch(`${world.url}/api/v1/status`, { headers: { authorization: `Bearer ${token}` } })).status;
  const demote = ['users', 'set-role', made.email, '--role', 'viewer'];
  for (const words of [demote, ['users', 'remove', made.email]]) {
    const refused = await command(world, ...words);
    expect(refused).toMatchObject({
      code: 2,
      json: { error: { hint: expect.stringContaining('--service-tokens') } },
    });
    expect(JSON.stringify(refused.json)).toContain('import');
  }
  expect(await json(...demote, '--service-tokens', 'keep')).toMatchObject({ keptTokens: ['import'] });
  expect(await ask()).toBe(200);
  expect(await json('users', 'remove', made.email, '--service-tokens', 'end')).toMatchObject({
    endedTokens: ['import'],
  });
  expect(await ask()).toBe(401);
});

test('people and tokens come and go, and the audit names who did it', async () => {
  expect(await json('setup')).toEqual({ needed: false, url: null });
  expect(await json('users', 'add', 'vic@example.com')).toMatchObject({ email: 'vic@example.com' });
  await json('users', 'set-role', 'vic@example.com', '--role', 'operator');
  await json('users', 'sign-out', 'vic@example.com');
  const users = await json<{ email: string; role: string }[]>('users', 'list');
  expect(users.map(({ email, role }) => [email, role])).toContainEqual(['vic@example.com', 'operator']);
  await json('users', 'remove', 'vic@example.com');
  const add = ['tokens', 'add', 'nightly', '--scope', 'read'];
  expect(await command(world, ...add)).toMatchObject({ code: 2 });
  const made = await json<{ id: string; token: string }>(...add, '--days', '90');
  const ask = async () =>
    (await fetch(`${world.url}/api/v1/status`, { headers: { authorization: `Bearer ${made.token}` } }))
      .status;
  expect(await ask()).toBe(200);
  expect(await json('tokens', 'list')).toMatchObject([{ name: 'nightly', scopes: ['read'] }]);
  await json('tokens', 'revoke', made.id);
  expect(await ask()).toBe(401);
  const { entries, chainIntact } = await json<{
    entries: { summary: string; actor: string }[];
    chainIntact: boolean;
  }>('audit');
  expect(chainIntact).toBe(true);
  expect(entries[0]).toMatchObject({
    summary: 'API token "nightly" ended',
    actor: expect.stringMatching(/^cli:/),
  });
});
