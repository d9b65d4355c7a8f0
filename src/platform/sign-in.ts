/** Who may come in: accounts with a password and a role, sessions in cookies, the owner of a new installation. */
import { betterAuth } from 'better-auth';
import { bulkhead } from 'cockatiel';
import { UsageError } from '../core/errors.ts';
import { type Clock, type Random, systemClock, systemRandom } from './clock.ts';
import { createDoorLimits, type DoorLimits, type TooMany } from './door-limits.ts';
import { createKnownDevices } from './known-device.ts';
import type { Metrics } from './metrics.ts';
import {
  type Accounts,
  createAccounts,
  type Entrant,
  findEntrant,
  type NewPassword,
  type SignedInRole,
} from './sign-in-accounts.ts';
import { CLIENT_ADDRESS_HEADER, type SignInSettings, signInOptions } from './sign-in-options.ts';

/** `name` is as the audit writes it: "user:ada@example.com". */
export type SignedIn = { name: string; email: string; role: SignedInRole; personId: string };

/** Header names in lower case, as Node gives them. */
export type IncomingHeaders = Record<string, string | string[] | undefined>;

export type SignInAnswer =
  | { outcome: 'signed-in'; who: SignedIn; cookies: string[] }
  | { outcome: 'refused' }
  | { outcome: 'foreign-origin' }
  | ({ outcome: 'too-many' } & TooMany);

export interface SignIn extends Accounts, Pick<DoorLimits, 'tooMany'> {
  /**
   * `address` is the peer's, as the server sees it. Tries are counted for all processes together, and may have to wait
   * for up to half a minute. `proven`: this person has just shown who they are, and is not counted. `gone`: aborted
   * when they have hung up, and wait no longer.
   */
  signIn(
    credentials: NewPassword,
    headers: IncomingHeaders,
    address: string,
    options?: { proven?: boolean; gone?: AbortSignal },
  ): Promise<SignInAnswer>;
  /** Ends the session of these headers; gives the cookies that clear the browser's. */
  signOut(headers: IncomingHeaders, address: string): Promise<string[]>;
  actorOf(headers: IncomingHeaders): Promise<SignedIn | undefined>;
}

/** What the library needs of a request and nothing else. */
function toHeaders(headers: IncomingHeaders, address?: string): Headers {
  const result = new Headers();
  for (const name of ['cookie', 'origin', 'referer', 'user-agent', 'sec-fetch-site', 'sec-fetch-mode']) {
    const value = headers[name];
    if (typeof value === 'string') result.set(name, value);
  }
  if (address !== undefined) result.set(CLIENT_ADDRESS_HEADER, address);
  return result;
}

function toSignedIn(user: { id: string; email: string; role?: unknown }): SignedIn {
  const { id, email, role } = user;
  if (role !== 'viewer' && role !== 'operator' && role !== 'admin')
    throw new Error(`unknown role of ${email}`);
  return { name: `user:${email}`, email, role, personId: id };
}

/** Passwords of unknown devices that are checked at once: a known one never waits behind a crowd of guesses. */
const CHECKS_AT_ONCE = 2;
const CHECKS_WAITING = 1_000;

type Parts = SignInSettings & {
  clock?: Clock;
  random?: Random;
  metrics?: Pick<Metrics, 'doorsLimited' | 'signInsWaiting'>;
  /** Lets those who wait go. */
  stopping?: AbortSignal;
};

export async function createSignIn(settings: Parts): Promise<SignIn> {
  if (settings.secret.length < 32) throw new UsageError('The sign-in secret needs at least 32 characters.');
  const { clock = systemClock, random = systemRandom, pool } = settings;
  const auth = betterAuth(signInOptions(settings));
  const limits = createDoorLimits({ ...settings, clock, random });
  const secure = settings.baseUrl.startsWith('https:');
  const devices = createKnownDevices({ secret: settings.secret, secure, clock });
  const checks = bulkhead(CHECKS_AT_ONCE, CHECKS_WAITING);

  /** Through the library's own door, so that its origin check takes part. */
  const ask = (path: string, headers: Headers, body: object): Promise<Response> => {
    headers.set('content-type', 'application/json');
    const url = new URL(`/api/auth${path}`, settings.baseUrl);
    return auth.handler(new Request(url, { method: 'POST', headers, body: JSON.stringify(body) }));
  };

  const actorOf = async (headers: IncomingHeaders): Promise<SignedIn | undefined> => {
    if (headers['cookie'] === undefined) return undefined;
    const found = await auth.api.getSession({ headers: toHeaders(headers) });
    return found ? toSignedIn(found.user) : undefined;
  };

  /** The id of the device, where this person has signed in on it since their password is what it is. */
  const findDevice = async (email: string, { cookie }: IncomingHeaders): Promise<string | undefined> => {
    const shown = typeof cookie === 'string' ? await devices.read(cookie) : undefined;
    if (!shown) return undefined;
    const entrant = await findEntrant(pool, email);
    const isKnown = entrant?.personId === shown.personId && entrant.generation === shown.generation;
    return isKnown ? shown.id : undefined;
  };

  const check = async (
    credentials: NewPassword,
    headers: Headers,
  ): Promise<SignInAnswer & Partial<Entrant>> => {
    const before = await findEntrant(pool, credentials.email);
    const answer = await ask('/sign-in/email', headers, credentials);
    if (answer.status === 403) return { outcome: 'foreign-origin' };
    if (answer.status >= 500) throw new Error(`sign-in failed inside with ${answer.status}`);
    if (!answer.ok || !before) return { outcome: 'refused' };
    const { token, user } = (await answer.json()) as {
      token: string;
      user: { id: string; email: string; role?: unknown };
    };
    // A change of the password that came in between has ended all sessions but this one.
    const after = await findEntrant(pool, credentials.email);
    if (after?.password !== before.password) {
      await pool.query('delete from sessions where token = $1', [token]);
      return { outcome: 'refused' };
    }
    const { generation } = after;
    return {
      outcome: 'signed-in',
      who: toSignedIn(user),
      cookies: answer.headers.getSetCookie(),
      generation,
    };
  };

  return {
    ...createAccounts(pool),
    actorOf,
    tooMany: limits.tooMany,

    async signIn(given, headers, address, { proven = false, gone } = {}) {
      const credentials = { ...given, email: given.email.trim().toLowerCase() };
      const account = credentials.email;
      const deviceId = await findDevice(account, headers);
      const guess = { account, address, deviceId, gone };
      const refused = proven ? undefined : await limits.admit(guess);
      if (refused) return { outcome: 'too-many', ...refused };
      const look = () => check(credentials, toHeaders(headers, address));
      const { generation, ...answer } = await (deviceId === undefined && !proven
        ? checks.execute(look)
        : look());
      if (answer.outcome !== 'signed-in' || generation === undefined) return answer;
      if (!proven) await limits.wasRight(guess);
      const device = await devices.cookieFor({ personId: answer.who.personId, id: deviceId, generation });
      return { ...answer, cookies: [device, ...answer.cookies] };
    },

    async signOut(headers, address) {
      const own = toHeaders(headers, address);
      // Other pages were refused before this (guardOrigin); a program has no page, and its session has to end as well.
      own.set('origin', settings.baseUrl);
      const answer = await ask('/sign-out', own, {});
      if (!answer.ok) throw new Error(`sign-out failed inside with ${answer.status}`);
      return answer.headers.getSetCookie();
    },
  };
}
