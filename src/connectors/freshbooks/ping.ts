/** Checks a connection to FreshBooks and says in plain words what works and what to do about the rest. */
import type { DocumentKind } from '../../core/canonical.ts';
import { OperatingError } from '../../core/errors.ts';
import type { ConnectorContext, PingCheck } from '../../core/ports.ts';
import { describeAccount, findAccount, isClientOnly, toAccounts } from './account.ts';
import { createCallbacks, TOPICS } from './callbacks.ts';
import type { ApiAnswer, Client } from './client.ts';
import { parseWhole, toServerTime } from './rate.ts';
import { RESOURCES } from './resources.ts';
import { toSettings } from './settings.ts';
import { parseMe, parsePage, type WireMe } from './wire.ts';

/** Tokens are renewed a minute before their end; a larger skew would let them run out. */
const LARGEST_SKEW_MS = 60_000;

const SCOPE_OF_KIND: Readonly<Record<DocumentKind, string>> = {
  client: 'user:clients:read',
  invoice: 'user:invoices:read',
  payment: 'user:payments:read',
  credit: 'user:credit_notes:read',
};

export function createPing(context: ConnectorContext, client: Client): () => Promise<PingCheck[]> {
  return async () => {
    const me = await attempt(() => readMe(client));
    if (!me.ok) {
      const fix =
        me.error.kind === 'unauthorized'
          ? 'Connect FreshBooks again: a person must give consent.'
          : 'Check the API address and the network, then ping again.';
      return [{ name: 'token', ok: false, detail: me.error.message, fix }];
    }
    const { value, headers } = me.value;
    const account = await checkAccount(context, value);
    const checks = [
      { name: 'token', ok: true, detail: `FreshBooks accepts the token of ${value.email ?? 'this person'}` },
      account.check,
      checkRate(headers),
      checkClock(headers, context.now()),
    ];
    if (!account.accountId) return checks;
    const accountId = account.accountId;
    for (const kind of ['client', 'invoice', 'payment', 'credit'] as const) {
      checks.push(await checkReading(client, accountId, kind));
    }
    return [...checks, await checkCallbacks(client, accountId)];
  };
}

type Attempt<T> = { ok: true; value: T } | { ok: false; error: OperatingError };

async function attempt<T>(run: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { ok: true, value: await run() };
  } catch (error) {
    if (error instanceof OperatingError) return { ok: false, error };
    throw error;
  }
}

function readMe(client: Client): Promise<ApiAnswer<WireMe>> {
  return client.send({
    call: 'GET users/me',
    method: 'GET',
    path: '/auth/api/v1/users/me',
    parse: parseMe,
  });
}

/** Remembers the account where there is only one to choose. */
async function checkAccount(
  context: ConnectorContext,
  me: WireMe,
): Promise<{ accountId?: string; check: PingCheck }> {
  const accounts = toAccounts(me);
  const wanted = toSettings(context.settings).accountId;
  const found = findAccount(accounts, wanted);
  const choice = accounts.map(describeAccount).join(', ') || 'none';
  if (!found) {
    const detail = wanted
      ? `account ${wanted} is not among yours: ${choice}`
      : `no account chosen: ${choice}`;
    const fix = 'Set accountId to one of the accounts listed here.';
    return { check: { name: 'account', ok: false, detail, fix } };
  }
  if (isClientOnly(found)) {
    const detail = `you are only a client of ${describeAccount(found)}`;
    const fix = 'Let the owner, an admin or staff of that account give consent.';
    return { check: { name: 'account', ok: false, detail, fix } };
  }
  if (!wanted) await context.rememberSetting('accountId', found.accountId);
  return {
    accountId: found.accountId,
    check: { name: 'account', ok: true, detail: describeAccount(found) },
  };
}

/** Asks for one row: shows a missing scope and a missing feature alike, also where HTTP 200 hides it. */
async function checkReading(client: Client, accountId: string, kind: DocumentKind): Promise<PingCheck> {
  const { path, listKey } = RESOURCES[kind];
  const answer = await attempt(() =>
    client.send({
      call: `GET ${kind} list`,
      method: 'GET',
      path: `/accounting/account/${encodeURIComponent(accountId)}/${path}`,
      query: [['per_page', '1']],
      parse: (json) => parsePage(json, listKey),
    }),
  );
  const name = `read ${kind}s`;
  if (answer.ok) return { name, ok: true, detail: `readable, about ${answer.value.value.total} in all` };
  const fix = `Tick ${SCOPE_OF_KIND[kind]} for the app in the FreshBooks developer portal and consent again; check that the plan includes the feature.`;
  return { name, ok: false, detail: answer.error.message, fix };
}

function checkRate(headers: Readonly<Record<string, string>>): PingCheck {
  const limit = parseWhole(headers['x-ratelimit-limit']);
  const left = parseWhole(headers['x-ratelimit-remaining']);
  const detail =
    limit === undefined
      ? 'FreshBooks does not tell its limit'
      : `${left ?? '?'} of ${limit} calls left in this minute`;
  return { name: 'rate budget', ok: true, detail };
}

function checkClock(headers: Readonly<Record<string, string>>, nowMs: number): PingCheck {
  const serverMs = toServerTime(headers);
  if (serverMs === undefined) return { name: 'clock', ok: true, detail: 'the answer has no Date header' };
  const skewMs = nowMs - serverMs;
  const detail = `differs from FreshBooks by ${Math.round(Math.abs(skewMs) / 1000)} s`;
  if (Math.abs(skewMs) <= LARGEST_SKEW_MS) return { name: 'clock', ok: true, detail };
  return { name: 'clock', ok: false, detail, fix: 'Synchronise the clock of this machine (NTP).' };
}

async function checkCallbacks(client: Client, accountId: string): Promise<PingCheck> {
  const name = 'callbacks';
  const listed = await attempt(() => createCallbacks(client, () => accountId).list());
  if (!listed.ok) {
    return {
      name,
      ok: false,
      detail: listed.error.message,
      fix: 'Polling goes on meanwhile; ping again later.',
    };
  }
  if (listed.value.length === 0)
    return { name, ok: true, detail: 'none registered: changes come by polling' };
  const asleep = listed.value.filter((callback) => !callback.verified);
  const missing = TOPICS.filter((topic) => !listed.value.some((callback) => callback.topic === topic));
  const detail = [
    `${listed.value.length} registered`,
    asleep.length === 0 ? 'all verified' : `${asleep.length} not verified`,
    ...(missing.length === 0 ? [] : [`none for ${missing.join(', ')}`]),
  ].join(', ');
  if (asleep.length === 0 && missing.length === 0) return { name, ok: true, detail };
  const fix = 'Register the webhooks again: this also wakes disabled ones. Polling finds changes meanwhile.';
  return { name, ok: false, detail, fix };
}
