/** Who may come in: accounts with a password and a role, sessions in cookies, the owner of a new installation. */
import { betterAuth } from 'better-auth';
import { UsageError } from '../core/errors.ts';
import {
  type Accounts,
  createAccounts,
  type NewPassword,
  type SignedInRole,
  storedPassword,
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
  | { outcome: 'too-many'; retryAfterSeconds: number };

export interface SignIn extends Accounts {
  /** `address` is the peer's, as the server sees it: wrong passwords are counted by it, for all processes together. */
  signIn(credentials: NewPassword, headers: IncomingHeaders, address: string): Promise<SignInAnswer>;
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

export async function createSignIn(settings: SignInSettings): Promise<SignIn> {
  if (settings.secret.length < 32) throw new UsageError('The sign-in secret needs at least 32 characters.');
  const auth = betterAuth(signInOptions(settings));

  /** Through the library's own door, so that its origin check and its counting take part. */
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

  return {
    ...createAccounts(settings.pool),
    actorOf,

    async signIn(credentials, headers, address) {
      const before = await storedPassword(settings.pool, credentials.email);
      const answer = await ask('/sign-in/email', toHeaders(headers, address), credentials);
      if (answer.status === 429) {
        return { outcome: 'too-many', retryAfterSeconds: Number(answer.headers.get('x-retry-after') ?? 60) };
      }
      if (answer.status === 403) return { outcome: 'foreign-origin' };
      if (answer.status >= 500) throw new Error(`sign-in failed inside with ${answer.status}`);
      if (!answer.ok) return { outcome: 'refused' };
      const { token, user } = (await answer.json()) as {
        token: string;
        user: { id: string; email: string; role?: unknown };
      };
      // A change of the password that came in between has ended all sessions but this one.
      if ((await storedPassword(settings.pool, credentials.email)) !== before) {
        await settings.pool.query('delete from sessions where token = $1', [token]);
        return { outcome: 'refused' };
      }
      return { outcome: 'signed-in', who: toSignedIn(user), cookies: answer.headers.getSetCookie() };
    },

    async signOut(headers, address) {
      const answer = await ask('/sign-out', toHeaders(headers, address), {});
      return answer.headers.getSetCookie();
    },
  };
}
