/** Who may come in: accounts with a password and a role, sessions in cookies, the owner of a new installation. */
import { randomInt } from 'node:crypto';
import { betterAuth } from 'better-auth';
import {
  CLIENT_ADDRESS_HEADER,
  hashPassword,
  MAX_PASSWORD_LENGTH,
  MIN_PASSWORD_LENGTH,
  type SignInSettings,
  signInOptions,
} from './sign-in-options.ts';

export type SignedInRole = 'viewer' | 'operator' | 'admin';

/** `name` is as the audit writes it: "user:ada@example.com". */
export type SignedIn = { name: string; email: string; role: SignedInRole };

/** Header names in lower case, as Node gives them. */
export type IncomingHeaders = Record<string, string | string[] | undefined>;

export type SignInAnswer =
  | { outcome: 'signed-in'; who: SignedIn; cookies: string[] }
  | { outcome: 'refused' }
  | { outcome: 'foreign-origin' }
  | { outcome: 'too-many'; retryAfterSeconds: number };

export type NewPassword = { email: string; password: string };

export interface SignIn {
  /** `address` is the peer's, as the server sees it: wrong passwords are counted by it, for all processes together. */
  signIn(credentials: NewPassword, headers: IncomingHeaders, address: string): Promise<SignInAnswer>;
  /** Ends the session of these headers; gives the cookies that clear the browser's. */
  signOut(headers: IncomingHeaders, address: string): Promise<string[]>;
  actorOf(headers: IncomingHeaders): Promise<SignedIn | undefined>;
  /** Makes the first account, an admin's, when there is none. A password is made up unless given; show it once. */
  ensureOwner(owner: {
    email: string;
    password?: string;
  }): Promise<{ created: false } | ({ created: true } & NewPassword)>;
  /** Throws when the e-mail is taken or the password too short. */
  addUser(user: { email: string; role: SignedInRole; password?: string }): Promise<NewPassword>;
  /** A new password for an account; all its sessions end. Undefined when nobody has that e-mail. */
  resetPassword(email: string): Promise<NewPassword | undefined>;
}

// Without the characters that people confuse when they copy by eye.
const ALPHABET = 'abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const OWNER_LOCK = 'ml-connector:owner';

/** 24 characters in groups of six: about 139 bits. */
function makePassword(): string {
  const pick = () => ALPHABET.charAt(randomInt(ALPHABET.length));
  return Array.from({ length: 4 }, () => Array.from({ length: 6 }, pick).join('')).join('-');
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

function toSignedIn(user: { email: string; role?: unknown }): SignedIn {
  const { email, role } = user;
  if (role !== 'viewer' && role !== 'operator' && role !== 'admin')
    throw new Error(`unknown role of ${email}`);
  return { name: `user:${email}`, email, role };
}

export async function createSignIn(settings: SignInSettings): Promise<SignIn> {
  if (settings.secret.length < 32) throw new Error('the sign-in secret needs at least 32 characters');
  const auth = betterAuth(signInOptions(settings));
  const { internalAdapter } = await auth.$context;

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

  const setPassword = async (userId: string, password: string): Promise<void> => {
    const hashed = await hashPassword(password);
    const accounts = await internalAdapter.findAccounts(userId);
    if (accounts.some(({ providerId }) => providerId === 'credential')) {
      await internalAdapter.updatePassword(userId, hashed);
    } else {
      await internalAdapter.linkAccount({
        userId,
        providerId: 'credential',
        accountId: userId,
        password: hashed,
      });
    }
  };

  const addUser: SignIn['addUser'] = async ({ email, role, password = makePassword() }) => {
    if (password.length < MIN_PASSWORD_LENGTH || password.length > MAX_PASSWORD_LENGTH) {
      throw new Error(`a password has ${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters`);
    }
    const known = email.trim().toLowerCase();
    const data = { email: known, name: known, emailVerified: true, role };
    const user = await internalAdapter.createUser(data, { method: 'email-password' });
    await setPassword(user.id, password);
    return { email: known, password };
  };

  return {
    actorOf,
    addUser,

    async signIn(credentials, headers, address) {
      const answer = await ask('/sign-in/email', toHeaders(headers, address), credentials);
      if (answer.status === 429) {
        return { outcome: 'too-many', retryAfterSeconds: Number(answer.headers.get('x-retry-after') ?? 60) };
      }
      if (answer.status === 403) return { outcome: 'foreign-origin' };
      if (answer.status >= 500) throw new Error(`sign-in failed inside with ${answer.status}`);
      if (!answer.ok) return { outcome: 'refused' };
      const { user } = (await answer.json()) as { user: { email: string; role?: unknown } };
      return { outcome: 'signed-in', who: toSignedIn(user), cookies: answer.headers.getSetCookie() };
    },

    async signOut(headers, address) {
      const answer = await ask('/sign-out', toHeaders(headers, address), {});
      return answer.headers.getSetCookie();
    },

    async ensureOwner({ email, password }) {
      const client = await settings.pool.connect();
      try {
        // Two processes may start at once; the lock is the session's, as the library works on connections of its own.
        await client.query('select pg_advisory_lock(hashtext($1))', [OWNER_LOCK]);
        const { rowCount } = await client.query('select from users limit 1');
        if (rowCount !== 0) return { created: false };
        const owner = await addUser({
          email,
          role: 'admin',
          ...(password === undefined ? {} : { password }),
        });
        return { created: true, ...owner };
      } finally {
        await client.query('select pg_advisory_unlock(hashtext($1))', [OWNER_LOCK]);
        client.release();
      }
    },

    async resetPassword(email) {
      const found = await internalAdapter.findUserByEmail(email.trim().toLowerCase());
      if (!found) return undefined;
      const password = makePassword();
      await setPassword(found.user.id, password);
      await internalAdapter.deleteUserSessions(found.user.id);
      return { email: found.user.email, password };
    },
  };
}
