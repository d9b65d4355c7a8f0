/** Checks a connection to FreshBooks and says in plain words what works and what to do about the rest. */

import { ADDRESS_REFUSED } from '../../core/addresses.ts';
import type { DocumentKind } from '../../core/canonical.ts';
import { OperatingError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { ConnectorContext, PingCheck } from '../../core/ports.ts';
import { describeAccount, findAccount, isClientOnly, toAccounts } from './account.ts';
import { requestTokens } from './auth.ts';
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

/** The first check tells whether the address answers and the app is known; without it nothing else can be told. */
export function createPing(context: ConnectorContext, client: Client): () => Promise<PingCheck[]> {
  return async () => {
    const app = await checkApp(context);
    if (app.name === 'address') return [app];
    const me = await attempt(() => readMe(client));
    if (!me.ok) return app.ok ? [toTokenCheck(me.error), app] : [app, toTokenCheck(me.error)];
    const { value, headers } = me.value;
    const account = await checkAccount(context, value);
    const checks = [
      { name: 'token', ok: true, detail: `FreshBooks accepts the token of ${value.email ?? 'this person'}` },
      app,
      account.check,
      checkRate(headers),
      checkClock(headers, context.now()),
    ];
    if (!account.accountId) return checks;
    for (const kind of ['client', 'invoice', 'payment', 'credit'] as const) {
      checks.push(await checkReading(client, account.accountId, kind));
    }
    return checks;
  };
}

/** A made-up code: the right app is told that it is no good, a wrong one that it is unknown. Nothing is used up. */
const NO_CODE = 'ml-connector-ping';

async function checkApp(context: ConnectorContext): Promise<PingCheck> {
  const name = 'app';
  const settings = toSettings(context.settings);
  const { clientSecret } = await context.credentials.load();
  if (!clientSecret || settings.clientId === '') {
    const fix = 'Set both: connection set NAME --set source.clientId=… --secret source.clientSecret';
    return { name, ok: false, detail: 'client id or client secret is not set', fix };
  }
  const asked = await attempt(() =>
    requestTokens(context, settings, clientSecret, { grant_type: 'authorization_code', code: NO_CODE }),
  );
  if (asked.ok || asked.error.code === 'invalid_grant' || asked.error.kind === 'rate_limited') {
    return { name, ok: true, detail: 'FreshBooks knows the client id and the client secret' };
  }
  const detail = asked.error.message;
  if (asked.error.code === 'invalid_client') {
    const fix =
      'Copy both from your app in the developer portal: connection set NAME --set source.clientId=… --secret source.clientSecret; then connection consent NAME';
    return {
      name,
      ok: false,
      detail: 'wrong credentials: FreshBooks refuses client id or client secret',
      fix,
    };
  }
  if (asked.error.code === ADDRESS_REFUSED) {
    const fix = 'Correct tokenUrl and apiBaseUrl; cleared, they are those of FreshBooks.';
    return { name: 'address', ok: false, detail, fix };
  }
  if (asked.error.kind === 'transient' || asked.error.kind === 'ambiguous') {
    const host = new URL(settings.tokenUrl).host;
    const fix = `Check that this machine can reach ${host} (network, proxy, firewall) and that tokenUrl and apiBaseUrl are right.`;
    return { name: 'address', ok: false, detail: `unreachable: ${detail}`, fix };
  }
  return {
    name,
    ok: false,
    detail,
    fix: 'Compare client id, client secret and redirectUri with the portal.',
  };
}

function toTokenCheck(error: OperatingError): PingCheck {
  const fix =
    error.kind === 'unauthorized'
      ? 'A person must give consent again: connection consent NAME'
      : 'Check apiBaseUrl and the network, then ping again.';
  return { name: 'token', ok: false, detail: error.message, fix };
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
      ? `account ${wanted} is not among those of this person: ${choice}`
      : accounts.length > 0 && accounts.every(isClientOnly)
        ? `the person who consented is only a client of ${choice}`
        : `no account is chosen yet: ${choice}`;
    const fix = 'Choose one of them: connection set NAME --set source.accountId=…';
    return { check: { name: 'account', ok: false, detail, fix } };
  }
  if (isClientOnly(found)) {
    const detail = `the person who consented is only a client of ${describeAccount(found)}`;
    const fix =
      'Wrong kind of account: let its owner, an admin or staff give consent: connection consent NAME';
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
  if (answer.ok) {
    const filters = await findIgnoredFilters(client, accountId, kind);
    return {
      name,
      ok: true,
      detail: [`readable, about ${answer.value.value.total} in all`, ...filters].join('; '),
    };
  }
  if (answer.error.kind === 'rate_limited' || answer.error.kind === 'transient') {
    return { name, ok: false, detail: answer.error.message, fix: 'Wait a minute, then ping again.' };
  }
  return { name, ok: false, detail: answer.error.message, fix: permissionFor(kind) };
}

/** What lets the app read a kind. */
export function permissionFor(kind: DocumentKind): string {
  return `Tick the scope ${SCOPE_OF_KIND[kind]} for the app in the FreshBooks developer portal, then connection consent NAME; check that the plan includes the feature.`;
}

/** No row has state 1 but a deleted one, and none changes after this day. */
const FILTERS = [
  {
    filter: 'vis_state',
    value: '1',
    isIgnored: (rows: JsonObject[]) => rows.some((row) => row['vis_state'] !== 1),
  },
  { filter: 'updated_min', value: '2999-01-01', isIgnored: (rows: JsonObject[]) => rows.length > 0 },
];
const WAY_ROUND: Readonly<Record<string, string>> = {
  vis_state:
    'FreshBooks ignores the filter for deleted ones, so deletions are found by reading known records again',
  updated_min: 'FreshBooks ignores the filter for changed ones, so whole lists are read now and then',
};

async function findIgnoredFilters(client: Client, accountId: string, kind: DocumentKind): Promise<string[]> {
  const { path, listKey } = RESOURCES[kind];
  const ignored: string[] = [];
  for (const { filter, value, isIgnored } of FILTERS) {
    const answer = await attempt(() =>
      client.send({
        call: `GET ${kind} list`,
        method: 'GET',
        path: `/accounting/account/${encodeURIComponent(accountId)}/${path}`,
        query: [
          [`search[${filter}]`, value],
          ['per_page', '20'],
        ],
        parse: (json) => parsePage(json, listKey),
      }),
    );
    if (answer.ok && isIgnored(answer.value.value.rows)) ignored.push(WAY_ROUND[filter] ?? filter);
  }
  return ignored;
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
