/** Accounts of people: the owner, others with their roles, and new passwords. */
import { randomInt } from 'node:crypto';
import type { AuthContext } from 'better-auth';
import type { Pool } from 'pg';
import { UsageError } from '../core/errors.ts';
import { hashPassword, MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH, verifyPassword } from './sign-in-options.ts';

export type SignedInRole = 'viewer' | 'operator' | 'admin';

export type NewPassword = { email: string; password: string };

export type User = { id: string; email: string; role: SignedInRole; createdAt: Date; sessions: number };

export interface Accounts {
  /** False until the owner's account is made. */
  hasUsers(): Promise<boolean>;
  listUsers(): Promise<User[]>;
  /** Ends all sessions of that person. */
  endSessions(userId: string): Promise<void>;
  /** Makes the first account, an admin's, when there is none. A password is made up unless given; show it once. */
  ensureOwner(owner: {
    email: string;
    password?: string;
  }): Promise<{ created: false } | ({ created: true } & NewPassword)>;
  /** Throws UsageError when the e-mail is taken or the password too short. */
  addUser(user: { email: string; role: SignedInRole; password?: string }): Promise<NewPassword>;
  /** A new password for an account, made up unless given; all its sessions end. Undefined when nobody has that e-mail. */
  resetPassword(email: string, password?: string): Promise<NewPassword | undefined>;
  isPasswordOf(email: string, password: string): Promise<boolean>;
}

// Without the characters that people confuse when they copy by eye.
const ALPHABET = 'abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const OWNER_LOCK = 'ml-connector:owner';

/** 24 characters in groups of six: about 139 bits. */
function makePassword(): string {
  const pick = () => ALPHABET.charAt(randomInt(ALPHABET.length));
  return Array.from({ length: 4 }, () => Array.from({ length: 6 }, pick).join('')).join('-');
}

function assertLength(password: string): void {
  if (password.length >= MIN_PASSWORD_LENGTH && password.length <= MAX_PASSWORD_LENGTH) return;
  throw new UsageError(`A password has ${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters.`);
}

export function createAccounts(pool: Pool, internalAdapter: AuthContext['internalAdapter']): Accounts {
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

  const addUser: Accounts['addUser'] = async ({ email, role, password = makePassword() }) => {
    assertLength(password);
    const known = email.trim().toLowerCase();
    if (await internalAdapter.findUserByEmail(known))
      throw new UsageError(`${known} has an account already.`);
    const data = { email: known, name: known, emailVerified: true, role };
    const user = await internalAdapter.createUser(data, { method: 'email-password' });
    await setPassword(user.id, password);
    return { email: known, password };
  };

  return {
    addUser,

    async ensureOwner({ email, password }) {
      const client = await pool.connect();
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
        // Ending the connection frees the lock, whatever state it is in.
        client.release(true);
      }
    },

    async hasUsers() {
      return (await pool.query('select from users limit 1')).rowCount !== 0;
    },

    async listUsers() {
      const { rows } = await pool.query<{
        id: string;
        email: string;
        role: SignedInRole;
        created_at: Date;
        sessions: string;
      }>(`select u.id, u.email, u.role, u.created_at, count(s.id) as sessions
        from users u left join sessions s on s.user_id = u.id and s.expires_at > now()
        group by u.id order by u.created_at`);
      return rows.map(({ created_at: createdAt, sessions, ...user }) => ({
        ...user,
        createdAt,
        sessions: Number(sessions),
      }));
    },

    endSessions: (userId) => internalAdapter.deleteUserSessions(userId),

    async isPasswordOf(email, password) {
      const found = await internalAdapter.findUserByEmail(email, { includeAccounts: true });
      const stored = found?.accounts.find(({ providerId }) => providerId === 'credential')?.password;
      return typeof stored === 'string' && verifyPassword({ hash: stored, password });
    },

    async resetPassword(email, password = makePassword()) {
      assertLength(password);
      const found = await internalAdapter.findUserByEmail(email.trim().toLowerCase());
      if (!found) return undefined;
      await setPassword(found.user.id, password);
      await internalAdapter.deleteUserSessions(found.user.id);
      return { email: found.user.email, password };
    },
  };
}
