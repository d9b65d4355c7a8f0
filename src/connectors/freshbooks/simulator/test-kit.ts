/** What the simulator's tests share: a connected simulator, calls with a token, and a webhook receiver. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type RunningSimulator, type SimulatorOptions, startFreshBooksSimulator } from './server.ts';

export const REDIRECT_URI = 'https://localhost/callback';

export type Answer = { status: number; body: unknown; headers: Headers };

export type Connected = RunningSimulator & {
  account: string;
  token: string;
  /** A new token, after the clock was put forward past the life of the old one. */
  reconnect(): Promise<void>;
  /** `path` follows the account id in accounting URLs. */
  call(method: string, path: string, body?: object): Promise<Answer>;
  control(method: string, path: string, body?: object): Promise<Answer>;
  exchange(fields: Record<string, string>): Promise<Answer>;
};

export async function connect(options: SimulatorOptions = {}): Promise<Connected> {
  const running = await startFreshBooksSimulator({ rateLimitPerMinute: 100_000, ...options });
  const { url, simulator } = running;
  const { accountId, clientId, clientSecret } = simulator.identity;
  const control = (method: string, path: string, body?: object) =>
    send(`${url}/_control${path}`, method, body, {});
  const exchange = async (fields: Record<string, string>) => {
    const form = { client_id: clientId, client_secret: clientSecret, redirect_uri: REDIRECT_URI, ...fields };
    const response = await fetch(`${url}/auth/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams(form),
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  let token = '';
  const reconnect = async () => {
    const granted = await control('POST', '/grant', { redirectUri: REDIRECT_URI });
    const code = String(at(granted.body, 'code'));
    token = String(at((await exchange({ grant_type: 'authorization_code', code })).body, 'access_token'));
  };
  await reconnect();
  const call = (method: string, path: string, body?: object) => {
    const isWhole = path.startsWith('/auth') || path.startsWith('/events');
    const address = isWhole ? `${url}${path}` : `${url}/accounting/account/${accountId}${path}`;
    return send(address, method, body, { authorization: `Bearer ${token}` });
  };
  return {
    ...running,
    account: accountId,
    token,
    reconnect,
    call,
    control,
    exchange,
  };
}

async function send(url: string, method: string, body: object | undefined, headers: Record<string, string>) {
  const response = await fetch(url, {
    method,
    headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  let parsed: unknown = text;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Some faults answer HTML or half a body.
  }
  return { status: response.status, headers: response.headers, body: parsed };
}

/** Digs into an answer: `at(answer.body, 'response', 'result', 'invoice')`. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (inner === null || typeof inner !== 'object') return undefined;
    return Object.entries(inner).find(([name]) => name === String(key))?.[1];
  }, value);
}

export type Received = {
  body: string;
  pairs: [string, string][];
  fields: Map<string, string>;
  signature: string;
};

export type Receiver = {
  url: string;
  received: Received[];
  /** Answers of the next deliveries; 200 when empty. */
  answers: number[];
  waitFor(test: (received: Received[]) => boolean): Promise<void>;
  close(): Promise<void>;
};

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const answers: number[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString('utf8');
    });
    request.on('end', () => {
      const pairs = [...new URLSearchParams(body)];
      const signature = request.headers['x-freshbooks-hmac-sha256'];
      received.push({ body, pairs, fields: new Map(pairs), signature: String(signature ?? '') });
      response.statusCode = answers.shift() ?? 200;
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    answers,
    async waitFor(test) {
      for (let waited = 0; waited < 5000; waited += 10) {
        if (test(received)) return;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error(`Not received in time; got ${received.map((one) => one.body).join(' | ')}`);
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
