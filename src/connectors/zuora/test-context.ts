/** For tests: a small connector context over fetch, with a vault, settings and a record of calls in memory. */
import { OperatingError } from '../../core/errors.ts';
import type { ConnectorContext, Http, HttpAnswer, HttpRequest, RateHint, Secrets } from '../../core/ports.ts';

/** Shared by all workers of a connection, with the lock that spans them. */
export type Vault = { secrets: Secrets; lock?: Promise<unknown> };
export type TestContext = ConnectorContext & {
  calls: HttpRequest[];
  remembered: Record<string, string>;
  slept: number[];
  hints: RateHint[];
};

export function testContext(
  settings: Record<string, string>,
  vault: Vault,
  options: { http?: Http; now?: () => number } = {},
): TestContext {
  const calls: HttpRequest[] = [];
  const remembered: Record<string, string> = {};
  const slept: number[] = [];
  const hints: RateHint[] = [];
  const send = options.http ?? fetchOnce;
  return {
    calls,
    remembered,
    slept,
    hints,
    settings,
    http: (request) => {
      calls.push(request);
      return send(request);
    },
    credentials: {
      load: async () => vault.secrets,
      renew: (renew) => {
        const next = (vault.lock ?? Promise.resolve()).then(async () => {
          vault.secrets = (await renew(vault.secrets)) ?? vault.secrets;
          return vault.secrets;
        });
        vault.lock = next.catch(() => undefined);
        return next;
      },
    },
    now: options.now ?? (() => Date.now()),
    random: () => 0.5,
    sleep: async (ms) => {
      slept.push(ms);
    },
    learnRate: async (_bucket, hint) => {
      hints.push(hint);
    },
    rememberSetting: async (name, value) => {
      remembered[name] = value;
    },
  };
}

async function fetchOnce(request: HttpRequest): Promise<HttpAnswer> {
  try {
    const { method, headers = {}, body } = request;
    const answer = await fetch(request.url, { method, headers, ...(body === undefined ? {} : { body }) });
    return {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      body: await answer.text(),
    };
  } catch (error) {
    throw new OperatingError(request.safe ? 'transient' : 'ambiguous', 'no whole answer came', {
      cause: error,
    });
  }
}
