/** What tests lend to this connector: a locked credential store in memory, a clock that never waits, two kinds of Http. */
import { OperatingError } from '../../core/errors.ts';
import type { ConnectorContext, Http, HttpAnswer, HttpRequest, RateHint, Secrets } from '../../core/ports.ts';

export const NOW = Date.parse('2026-06-29T16:48:37Z');

export type TestContext = ConnectorContext & {
  requests: HttpRequest[];
  waits: number[];
  rates: Array<{ bucket: string; hint: RateHint }>;
  remembered: Record<string, string>;
  clock: { nowMs: number };
};

type Setup = { http: Http; settings?: Record<string, string>; secrets?: Secrets; nowMs?: number };

export function createTestContext(setup: Setup): TestContext {
  const requests: HttpRequest[] = [];
  const waits: number[] = [];
  const rates: TestContext['rates'] = [];
  const remembered: Record<string, string> = {};
  const clock = { nowMs: setup.nowMs ?? NOW };
  return {
    requests,
    waits,
    rates,
    remembered,
    clock,
    http: (request) => {
      requests.push(request);
      return setup.http(request);
    },
    credentials: createStore(setup.secrets ?? SECRETS),
    settings: setup.settings ?? SETTINGS,
    now: () => clock.nowMs,
    random: () => 0.5,
    sleep: async (ms) => {
      waits.push(ms);
      clock.nowMs += ms;
    },
    learnRate: async (bucket, hint) => void rates.push({ bucket, hint }),
    rememberSetting: async (name, value) => {
      remembered[name] = value;
    },
  };
}

export const SETTINGS: Record<string, string> = {
  clientId: 'app',
  redirectUri: 'https://us.example/callback',
  accountId: 'FrEsHb',
};

export const SECRETS: Secrets = {
  clientSecret: 'hush',
  accessToken: 'old-access',
  refreshToken: 'old-refresh',
  expiresAt: String(NOW + 3_600_000),
};

function createStore(initial: Secrets): ConnectorContext['credentials'] {
  let secrets = initial;
  let last: Promise<unknown> = Promise.resolve();
  return {
    load: async () => secrets,
    renew: (renew) => {
      const run = last.then(async () => {
        secrets = (await renew(secrets)) ?? secrets;
        return secrets;
      });
      last = run.catch(() => undefined);
      return run;
    },
  };
}

export type Scripted = Partial<HttpAnswer> | OperatingError;

/** Gives the answers one after the other; an error among them is thrown. */
export function script(...answers: Scripted[]): Http {
  const left = [...answers];
  return async (request) => {
    const next = left.shift();
    if (!next) throw new Error(`no answer is scripted for ${request.call}`);
    if (next instanceof OperatingError) throw next;
    return { status: 200, headers: {}, body: '', ...next };
  };
}

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): HttpAnswer {
  return { status, headers, body: JSON.stringify(value) };
}

/** Over the network, with the promises of the real Http about lost answers. */
export const fetchHttp: Http = async ({ method, url, headers, body, safe }) => {
  try {
    const answer = await fetch(url, {
      method,
      headers: headers ?? {},
      ...(body === undefined ? {} : { body }),
    });
    return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
  } catch (cause) {
    throw new OperatingError(safe ? 'transient' : 'ambiguous', 'no answer', { cause });
  }
};
