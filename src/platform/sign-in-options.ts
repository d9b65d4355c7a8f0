/** How the sign-in library is set up: our table names, our password hashing, and everything public switched off. */
import { hash, verify } from '@node-rs/argon2';
import type { BetterAuthOptions } from 'better-auth';
import type { Pool } from 'pg';

export type SignInSettings = {
  pool: Pool;
  /** Where people open the dashboard; cookies are `Secure` when it is https. */
  baseUrl: string;
  /** At least 32 characters; signs the session cookies. */
  secret: string;
  /** Receives what the library has to say; never a password or a token. */
  log?: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;
};

/** The address of the person as the server sees it, never as the request claims it. */
export const CLIENT_ADDRESS_HEADER = 'x-client-address';
export const MIN_PASSWORD_LENGTH = 12;
export const MAX_PASSWORD_LENGTH = 256;
const SESSION_SECONDS = 7 * 24 * 3600;
/** 19 MiB and two passes: OWASP's first recommendation for argon2id, which is the library's default algorithm. */
const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export function hashPassword(password: string): Promise<string> {
  return hash(password, ARGON2);
}

export function verifyPassword(given: { hash: string; password: string }): Promise<boolean> {
  return verify(given.hash, given.password);
}

/** Origins a browser may send changes from: the public one, and on loopback its other names with the same port. */
export function trustedOrigins(baseUrl: string): string[] {
  const { origin, hostname, protocol, port } = new URL(baseUrl);
  const loopback = ['localhost', '127.0.0.1', '[::1]'];
  if (!loopback.includes(hostname)) return [origin];
  return loopback.map((name) => `${protocol}//${name}${port === '' ? '' : `:${port}`}`);
}

/** The library's columns in the repository's spelling. */
const TABLES = {
  user: {
    modelName: 'users',
    fields: { emailVerified: 'email_verified', createdAt: 'created_at', updatedAt: 'updated_at' },
    // `input: false`: no request can set it.
    additionalFields: { role: { type: 'string', required: true, defaultValue: 'viewer', input: false } },
  },
  session: {
    modelName: 'sessions',
    fields: {
      userId: 'user_id',
      expiresAt: 'expires_at',
      ipAddress: 'ip_address',
      userAgent: 'user_agent',
      createdAt: 'created_at',
      updatedAt: 'updated_at',
    },
  },
  account: {
    modelName: 'sign_in_accounts',
    fields: {
      userId: 'user_id',
      accountId: 'account_id',
      providerId: 'provider_id',
      accessToken: 'access_token',
      refreshToken: 'refresh_token',
      idToken: 'id_token',
      accessTokenExpiresAt: 'access_token_expires_at',
      refreshTokenExpiresAt: 'refresh_token_expires_at',
      createdAt: 'created_at',
      updatedAt: 'updated_at',
    },
  },
  verification: {
    modelName: 'sign_in_verifications',
    fields: { expiresAt: 'expires_at', createdAt: 'created_at', updatedAt: 'updated_at' },
  },
} as const satisfies Pick<BetterAuthOptions, 'user' | 'session' | 'account' | 'verification'>;

export function signInOptions(settings: SignInSettings) {
  return {
    appName: 'ml-connector',
    baseURL: settings.baseUrl,
    basePath: '/api/auth',
    secret: settings.secret,
    database: settings.pool,
    trustedOrigins: trustedOrigins(settings.baseUrl),
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: MIN_PASSWORD_LENGTH,
      maxPasswordLength: MAX_PASSWORD_LENGTH,
      password: {
        hash: hashPassword,
        verify: verifyPassword,
      },
    },
    user: TABLES.user,
    // Fixed life: the cookie is set once, at sign-in, so a session that renewed itself would outlive its cookie.
    session: { ...TABLES.session, expiresIn: SESSION_SECONDS, disableSessionRefresh: true },
    account: TABLES.account,
    verification: TABLES.verification,
    // Its counts know addresses only; ours are in door-limits.ts.
    rateLimit: { enabled: false },
    advanced: {
      useSecureCookies: settings.baseUrl.startsWith('https:'),
      cookiePrefix: 'ml-connector',
      // The page itself is public, so a link from a mail still works: only its requests carry the cookie.
      defaultCookieAttributes: { sameSite: 'strict' },
      disableCSRFCheck: false,
      disableOriginCheck: false,
      ipAddress: { ipAddressHeaders: [CLIENT_ADDRESS_HEADER] },
      database: { generateId: 'uuid' },
    },
    logger: {
      level: 'warn',
      log: (level, message) => settings.log?.(level, message),
    },
    // Without it, the library writes refusals to the console by itself.
    onAPIError: {
      onError: (error) => settings.log?.('warn', error instanceof Error ? error.message : 'refused'),
    },
    telemetry: { enabled: false },
  } satisfies BetterAuthOptions;
}
