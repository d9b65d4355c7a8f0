/** Accounts of people: the owner, others with their roles, and new passwords. */
import { randomInt } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { z } from 'zod';
import { UsageError } from '../core/errors.ts';
import { hashPassword, MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH, verifyPassword } from './sign-in-options.ts';

export type SignedInRole = 'viewer' | 'operator' | 'admin';

export type NewPassword = { email: string; password: string };

export type User = { id: string; email: string; role: SignedInRole; createdAt: Date; sessions: number };

/** Asked with the person under lock, who is undefined where there is none any more; throws to refuse what they ask for. */
export type AskedBy = {
  personId: string;
  check: (person: { id: string; role: SignedInRole } | undefined) => void;
};

export interface Accounts {
  /** False until the owner's account is made. */
  hasUsers(): Promise<boolean>;
  listUsers(): Promise<User[]>;
  /** Ends all sessions of that person; none of their devices is known any more. */
  endSessions(userId: string): Promise<void>;
  /** Makes the first account, an admin's, when there is none. A password is made up unless given; show it once. */
  ensureOwner(owner: {
    email: string;
    password?: string;
  }): Promise<{ created: false } | ({ created: true } & NewPassword)>;
  /** Throws UsageError when the e-mail is taken or none, or the password too short. */
  addUser(
    user: { email: string; role: SignedInRole; password?: string },
    askedBy?: AskedBy,
  ): Promise<NewPassword>;
  /** A new password for an account, made up unless given; all its sessions end. Undefined when nobody has that e-mail. */
  resetPassword(email: string, password?: string, askedBy?: AskedBy): Promise<NewPassword | undefined>;
  /** One's own, by whoever knows the present one; all sessions end. The e-mail, or undefined when `present` is wrong. */
  changePassword(userId: string, passwords: { present: string; wanted: string }): Promise<string | undefined>;
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

const PASSWORD = 'credential';

/** The password and the sessions that it opened go in one transaction: nobody stays with the old one. */
async function setPassword(client: PoolClient, userId: string, password: string): Promise<void> {
  await client.query(
    `insert into sign_in_accounts (user_id, provider_id, account_id, password, updated_at)
     values ($1::uuid, $2, $1::text, $3, now())
     on conflict (provider_id, account_id) do update set password = excluded.password, updated_at = now()`,
    [userId, PASSWORD, await hashPassword(password)],
  );
  await endEverything(client, userId);
}

/** Sessions, and what known devices show. */
async function endEverything(client: Pick<PoolClient, 'query'>, userId: string): Promise<void> {
  await client.query(
    `with ended as (update users set device_generation = device_generation + 1 where id = $1)
     delete from sessions where user_id = $1`,
    [userId],
  );
}

/** As the sign-in library wants it: nobody could sign in with another. */
const ADDRESS = z.email();

async function insertUser(
  client: PoolClient,
  { email, role, password = makePassword() }: { email: string; role: SignedInRole; password?: string },
): Promise<NewPassword> {
  assertLength(password);
  const known = email.trim().toLowerCase();
  if (!ADDRESS.safeParse(known).success)
    throw new UsageError(`${JSON.stringify(email)} is no e-mail address.`);
  const { rows } = await client.query<{ id: string }>(
    `insert into users (name, email, email_verified, role) values ($1, $1, true, $2)
     on conflict (email) do nothing returning id`,
    [known, role],
  );
  const [made] = rows;
  if (!made) throw new UsageError(`${known} has an account already.`);
  await setPassword(client, made.id, password);
  return { email: known, password };
}

/** Until the transaction ends nobody demotes or removes whoever asks; in the order of ids, so that no two wait in a circle. */
async function lockAsking(client: PoolClient, askedBy: AskedBy | undefined, email: string): Promise<void> {
  if (!askedBy) return;
  const { personId, check } = askedBy;
  const { rows } = await client.query<{ id: string; role: SignedInRole }>(
    'select id, role from users where id = $1 or email = $2 order by id for no key update',
    [personId, email],
  );
  check(rows.find(({ id }) => id === personId));
}

export function createAccounts(pool: Pool): Accounts {
  async function transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    try {
      await client.query('begin');
      const result = await work(client);
      await client.query('commit');
      client.release();
      return result;
    } catch (error) {
      // Ending the connection rolls back, whatever state it is in.
      client.release(true);
      throw error;
    }
  }

  return {
    addUser: (user, askedBy) =>
      transaction(async (client) => {
        await lockAsking(client, askedBy, user.email);
        return insertUser(client, user);
      }),

    ensureOwner: ({ email, password }) =>
      transaction(async (client) => {
        // Two processes may start at once.
        await client.query('select pg_advisory_xact_lock(hashtext($1))', [OWNER_LOCK]);
        const { rowCount } = await client.query('select from users limit 1');
        if (rowCount !== 0) return { created: false };
        const owner = { email, role: 'admin' as const, ...(password === undefined ? {} : { password }) };
        return { created: true, ...(await insertUser(client, owner)) };
      }),

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

    async endSessions(userId) {
      await endEverything(pool, userId);
    },

    async resetPassword(email, password = makePassword(), askedBy) {
      assertLength(password);
      return transaction(async (client) => {
        await lockAsking(client, askedBy, email.trim().toLowerCase());
        const { rows } = await client.query<{ id: string; email: string }>(
          'select id, email from users where email = $1',
          [email.trim().toLowerCase()],
        );
        const [user] = rows;
        if (!user) return undefined;
        await setPassword(client, user.id, password);
        return { email: user.email, password };
      });
    },

    async changePassword(userId, { present, wanted }) {
      assertLength(wanted);
      return transaction(async (client) => {
        // Locked, so that of two changes which know the same password the second knows it no longer.
        const { rows } = await client.query<{ email: string; password: string | null }>(
          `select u.email, a.password from users u join sign_in_accounts a on a.user_id = u.id and a.provider_id = $2
           where u.id = $1 for update of a`,
          [userId, PASSWORD],
        );
        const [found] = rows;
        if (typeof found?.password !== 'string') return undefined;
        if (!(await verifyPassword({ hash: found.password, password: present }))) return undefined;
        await setPassword(client, userId, wanted);
        return found.email;
      });
    },
  };
}

/** What signing in has to know of somebody; another password and generation after a change. */
export type Entrant = { personId: string; password: string; generation: number };

export async function findEntrant(pool: Pool, email: string): Promise<Entrant | undefined> {
  const { rows } = await pool.query<Entrant>(
    `select u.id as "personId", a.password, u.device_generation as generation
     from users u join sign_in_accounts a on a.user_id = u.id
     where u.email = $1 and a.provider_id = $2 and a.password is not null`,
    [email, PASSWORD],
  );
  return rows[0];
}
