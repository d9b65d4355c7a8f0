/** What may be called: judged by its spelling, and again at the moment of connecting by what the name then resolves to. */
import type { lookup } from 'node:dns';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { secretsMayStay } from '../../src/core/addresses.ts';
import { OperatingError } from '../../src/core/errors.ts';
import type { AttemptRecord } from '../../src/core/ports.ts';
import { type Addresses, createAddressRules, isOnThisMachine } from '../../src/platform/addresses.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createHttp } from '../../src/platform/http.ts';
import { NOTHING_KNOWN } from '../../src/platform/known-secrets.ts';
import { postJson } from '../../src/platform/post-json.ts';
import { makeCertificate } from '../kit/loopback-tls.ts';

type Resolved = { address: string; family: 4 | 6 };

/** A resolver that says for each name in turn what it is told to. */
function resolver(answers: Record<string, readonly (readonly string[])[]>): typeof lookup {
  const asked = new Map<string, number>();
  const resolve = (name: string): Resolved[] => {
    const turns = answers[name] ?? [];
    const turn = asked.get(name) ?? 0;
    asked.set(name, turn + 1);
    const found = turns[Math.min(turn, turns.length - 1)] ?? [];
    return found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  return ((name: string, _options: unknown, callback: (error: Error | null, found: Resolved[]) => void) =>
    callback(null, resolve(name))) as unknown as typeof lookup;
}

let server: Server;
let port: number;
/** Requests that came, and connections, of which a call over TLS makes no request here. */
let reached: string[];
let connections: number;

beforeAll(async () => {
  server = createServer((request, response) => {
    reached.push(request.url ?? '');
    response.writeHead(302, { location: `http://127.0.0.1:${port}/elsewhere` }).end('{}');
  });
  server.on('connection', () => void (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
beforeEach(() => {
  reached = [];
  connections = 0;
});
afterAll(() => new Promise((resolve) => void server.close(resolve)));

const STRICT = createAddressRules().of();

async function call(addresses: Addresses, url: string): Promise<{ outcome: string; tried: AttemptRecord[] }> {
  const tried: AttemptRecord[] = [];
  const { http, close } = createHttp({
    clock: systemClock,
    addresses,
    known: NOTHING_KNOWN,
    takeTurn: async () => () => {},
    record: async (attempt) => void tried.push(attempt),
  });
  try {
    const { status } = await http({
      call: 'GET thing',
      method: 'GET',
      url,
      safe: true,
      headers: { authorization: 'Bearer zq-secret' },
    });
    return { outcome: String(status), tried };
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return { outcome: `${error.kind} ${error.code ?? ''} ${error.message}`, tried };
  } finally {
    await close();
  }
}

describe('spelled', () => {
  test.each([
    ['not a url', 'no whole address'],
    ['', 'no whole address'],
    ['https:api.example.com', 'no whole address'],
    ['https:\\\\api.example.com', 'no whole address'],
    ['https://api.example.com/a b', 'no whole address'],
    [' https://api.example.com', 'no whole address'],
    ['javascript:alert(1)', 'no whole address'],
    ['javascript://example.com/%0aalert(1)', 'begin with https://'],
    ['data:text/html,x', 'no whole address'],
    ['file:///etc/passwd', 'begin with https://'],
    ['gopher://example.com', 'begin with https://'],
    ['http://api.example.com', 'begin with https://'],
    ['ws://api.example.com', 'begin with https://'],
    ['https://user@api.example.com', 'leave user name'],
    ['https://user:word@api.example.com', 'leave user name'],
    ['https://@api.example.com', 'leave user name'],
    ['https://api.example.com/#x', 'what follows the #'],
    ['https://localhost', 'this machine itself'],
    ['https://LOCALHOST.', 'this machine itself'],
    ['https://a.localhost', 'this machine itself'],
    ['https://127.0.0.1', 'this machine itself'],
    ['https://127.0.0.1.', 'this machine itself'],
    ['https://127.1', 'this machine itself'],
    ['https://2130706433', 'this machine itself'],
    ['https://0x7f000001', 'this machine itself'],
    ['https://0177.0.0.1', 'this machine itself'],
    ['https://0x7f.1', 'this machine itself'],
    ['https://①②⑦.0.0.1', 'this machine itself'],
    ['https://0.0.0.0', 'this machine itself'],
    ['https://0', 'this machine itself'],
    ['https://[::]', 'this machine itself'],
    ['https://[::1]:8443', 'this machine itself'],
    ['https://[::ffff:127.0.0.1]', 'this machine itself'],
    ['https://[::ffff:7f00:1]', 'this machine itself'],
    ['https://[0:0:0:0:0:ffff:7f00:0001]', 'this machine itself'],
    ['https://[::127.0.0.1]', 'not on the public internet'],
    ['https://[64:ff9b::7f00:1]', 'this machine itself'],
    ['https://[64:ff9b::a9fe:a9fe]', 'link-local'],
    ['https://[64:ff9b:1::a00:1]', 'not on the public internet'],
    ['https://169.254.169.254/latest/meta-data', 'link-local'],
    ['https://[::ffff:a9fe:a9fe]', 'link-local'],
    ['https://[fe80::1]', 'link-local'],
    ['https://168.63.129.16', 'link-local'],
    ['https://[fd00:ec2::254]', 'a private network'],
    ['https://10.1.2.3', 'a private network'],
    ['https://172.16.0.1', 'a private network'],
    ['https://172.31.255.255', 'a private network'],
    ['https://192.168.1.1', 'a private network'],
    ['https://[fc00::1]', 'a private network'],
    ['https://100.64.0.1', 'shared by a provider'],
    ['https://100.100.100.200', 'shared by a provider'],
    ['https://192.0.0.192', 'not on the public internet'],
    ['https://198.18.0.1', 'not on the public internet'],
    ['https://224.0.0.1', 'multicast'],
    ['https://[ff02::1]', 'multicast'],
    ['https://255.255.255.255', 'not on the public internet'],
    ['https://[2001::1]', 'not on the public internet'],
    ['https://[2002:7f00:1::]', 'not on the public internet'],
    ['https://[4000::1]', 'not on the public internet'],
  ])('%s is not called', (address, words) => {
    expect(STRICT.problemOf(address)).toContain(words);
  });

  test.each([
    'https://api.example.com',
    'HTTPS://API.example.com:8443/base',
    'https://api.example.com./x?y=z',
    'https://8.8.8.8',
    'https://172.32.0.1',
    'https://100.128.0.1',
    'https://[2606:4700::1111]',
    'https://[64:ff9b::808:808]',
  ])('%s may be called', (address) => expect(STRICT.problemOf(address)).toBeUndefined());

  test('what the operator named is called, and nothing beside it', () => {
    const named = createAddressRules({
      allowed: ['10.1.0.0/16', 'Billing.internal.', 'fd00::7', '127.0.0.1'],
    }).of();
    for (const address of [
      'https://10.1.255.1',
      'https://[fd00::7]',
      'https://[::ffff:10.1.0.1]',
      'https://localhost',
    ])
      expect(named.problemOf(address), address).toBeUndefined();
    for (const address of ['https://10.2.0.1', 'https://[fd00::8]', 'https://127.0.0.2', 'http://10.1.0.1'])
      expect(named.problemOf(address), address).toBeDefined();
  });

  test.each(['10.0.0.0/33', '10.0.0', '1', 'a b', 'http://x', '*', '::/129', 'x/8'])(
    'the setting with %s in it is refused with that entry named',
    (entry) => {
      expect(() => createAddressRules({ allowed: ['10.0.0.0/8', entry] })).toThrow(JSON.stringify(entry));
    },
  );

  test('a sandbox is on this machine, whatever else it is spelled as', () => {
    for (const url of ['http://127.0.0.1:4010', 'http://localhost:1', 'https://[::1]:2'])
      expect(isOnThisMachine(url), url).toBe(true);
    for (const url of [
      'http://10.0.0.1',
      'http://127.0.0.1.evil.example',
      'http://a@127.0.0.1',
      'file://127.0.0.1',
      'http://localhost.evil.example',
    ])
      expect(isOnThisMachine(url), url).toBe(false);
  });
});

describe('at the moment of connecting', () => {
  const rules = (answers: Record<string, readonly (readonly string[])[]>, allowed: string[] = []) =>
    createAddressRules({ allowed, lookup: resolver(answers) }).of();

  test.each([
    [['127.0.0.1'], 'this machine itself'],
    [['::1'], 'this machine itself'],
    [['::ffff:127.0.0.1'], 'this machine itself'],
    [['169.254.169.254'], 'link-local'],
    [['fe80::1%eth0'], 'link-local'],
    [['10.0.0.1', '192.168.0.1'], 'a private network'],
  ])('a name that is %s is not connected to, and nothing leaves', async (addresses, words) => {
    const { outcome, tried } = await call(
      rules({ 'inside.example.com': [addresses] }),
      `https://inside.example.com:${port}/`,
    );
    expect(outcome).toContain('unauthorized address-refused');
    expect(outcome).toContain(words);
    expect(tried).toMatchObject([{ status: undefined, failure: expect.stringContaining(words) }]);
    expect(connections).toBe(0);
  });

  test('a name that changes its address between the look and the call is judged by the one that is connected to', async () => {
    const addresses = rules({ 'rebinding.example.com': [['93.184.215.14'], ['127.0.0.1']] });
    const url = `https://rebinding.example.com:${port}/`;
    expect(await addresses.problemNow(url)).toBeUndefined();
    expect((await call(addresses, url)).outcome).toContain('this machine itself');
    expect(connections).toBe(0);
  });

  test('of several addresses only those that may be called are connected to', async () => {
    const addresses = rules({ 'both.example.com': [['10.0.0.1', '127.0.0.1']] }, ['127.0.0.1']);
    // The server there speaks no TLS: that it was reached is what its refusal says.
    expect((await call(addresses, `https://both.example.com:${port}/`)).outcome).toContain('transient');
    expect(connections).toBe(1);
  });

  test('a name that the operator named is called where it is', async () => {
    const addresses = rules({ 'billing.internal': [['127.0.0.1']] }, ['billing.internal']);
    expect((await call(addresses, `https://billing.internal:${port}/`)).outcome).toContain('transient');
    expect(connections).toBe(1);
  });

  test('an address inside that the operator named is called over TLS, with a certificate that is trusted', async () => {
    const before = getCACertificates('default');
    const { key, cert } = makeCertificate();
    const inside = createSecureServer({ key, cert }, (_request, response) => response.end('{}'));
    await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(inside.address() as AddressInfo).port}/`;
    const named = createAddressRules({ allowed: ['127.0.0.1'] }).of();
    try {
      expect((await call(named, url)).outcome).toContain('self-signed certificate');
      setDefaultCACertificates([...before, cert]);
      expect((await call(named, url)).outcome).toBe('200');
      expect((await call(STRICT, url)).outcome).toContain('this machine itself');
      expect(await postJson(url, {}, named)).toBeUndefined();
    } finally {
      setDefaultCACertificates(before);
      inside.closeAllConnections();
      await new Promise((resolve) => void inside.close(resolve));
    }
  });

  test('a sandbox calls its simulators and nobody else, not even at another port, and follows no redirect', async () => {
    const origin = `http://127.0.0.1:${port}`;
    const sandbox = createAddressRules({ allowed: ['127.0.0.0/8'] }).of([origin]);
    expect((await call(sandbox, `${origin}/here`)).outcome).toBe('302');
    expect(reached).toEqual(['/here']);
    for (const other of [
      `http://127.0.0.1:${port + 1}`,
      `http://localhost:${port}`,
      'https://api.example.com',
    ])
      expect((await call(sandbox, other)).outcome).toContain('a sandbox calls its own simulators only');
    expect([reached.length, connections]).toEqual([1, 1]);
  });

  test('a sandbox whose name leads off this machine is not connected to', async () => {
    const origin = `http://localhost:${port}`;
    const sandbox = createAddressRules({ lookup: resolver({ localhost: [['93.184.215.14']] }) }).of([origin]);
    expect((await call(sandbox, `${origin}/`)).outcome).toContain('on this machine and nowhere else');
  });

  test('an alert goes nowhere else either, and what is told about it holds no address', async () => {
    const inside = rules({ 'hooks.example.com': [['10.0.0.1']] });
    const told = await postJson('https://hooks.example.com/s3cret', {}, inside);
    expect(told).toMatch(
      /^it is not called: hooks\.example\.com, which is 10\.0\.0\.1, is a private network/,
    );
    for (const url of [`http://127.0.0.1:${port}/s3cret`, 'https://169.254.169.254/s3cret', 'file:///s3cret'])
      expect(await postJson(url, {}, STRICT)).toMatch(/^it is not called: (?!.*s3cret)/);
    expect(connections).toBe(0);
  });
});

describe('secrets', () => {
  const own = ['https://api.example.com', 'https://auth.example.com'];
  test.each([
    [{ a: 'https://api.example.com' }, { a: 'https://auth.example.com' }, true],
    [{ a: '' }, { a: 'https://auth.example.com' }, true],
    [{ a: 'https://foreign.example' }, { a: 'https://foreign.example' }, true],
    [{ a: 'https://api.example.com' }, { a: 'https://foreign.example' }, false],
    [{ a: 'https://api.example.com' }, { a: 'https://api.example.com:8443' }, false],
    [{ a: 'https://foreign.example' }, { a: 'https://api.example.com' }, false],
    [{ a: 'https://foreign.example' }, { a: '' }, false],
    // Trading places: the one that got tokens alone would get the client secret.
    [
      { a: 'https://x.example', b: 'https://y.example' },
      { a: 'https://y.example', b: 'https://x.example' },
      false,
    ],
  ])('from %j to %j: they stay is %s', (before, after, stay) => {
    expect(secretsMayStay(own, before, after)).toBe(stay);
  });
});
