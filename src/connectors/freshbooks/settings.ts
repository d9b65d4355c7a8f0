/** Names and defaults of this connector's settings and secrets. */
import { UsageError } from '../../core/errors.ts';
import type { FieldSpec, Secrets } from '../../core/ports.ts';

export type FreshBooksSettings = {
  clientId: string;
  redirectUri: string;
  /** Undefined until consent or a ping has found it. */
  accountId: string | undefined;
  /** Without a slash at the end. */
  apiBaseUrl: string;
  authorizeUrl: string;
  tokenUrl: string;
};

const DEFAULTS = {
  apiBaseUrl: 'https://api.freshbooks.com',
  authorizeUrl: 'https://auth.freshbooks.com/oauth/authorize',
  tokenUrl: 'https://api.freshbooks.com/auth/oauth/token',
};

/** The two of FreshBooks. */
export const ORIGINS = [...new Set(Object.values(DEFAULTS).map((address) => new URL(address).origin))];

/** Secrets that consent and renewal write; people are never asked for them, so they are no `fields`. */
export type TokenSecrets = {
  accessToken: string;
  refreshToken: string;
  /** Epoch milliseconds as text. */
  expiresAt: string;
  /** When the answer to a refresh was lost (epoch milliseconds as text); '' after a good one. */
  refreshLostAt: string;
};

export const fields: readonly FieldSpec[] = [
  {
    name: 'clientId',
    label: 'Client ID',
    help: 'From your app in the FreshBooks developer portal.',
    secret: false,
    required: true,
  },
  {
    name: 'clientSecret',
    label: 'Client secret',
    help: 'From the same app. Do not use this app with a second tool: one refresh token lives per app and user.',
    secret: true,
    required: true,
  },
  {
    name: 'redirectUri',
    label: 'Redirect URI',
    help: 'Exactly as registered in the portal: https, without a query string.',
    secret: false,
    required: true,
    address: 'returned',
  },
  {
    name: 'accountId',
    label: 'Account ID',
    help: 'The short alphanumeric id of the books to copy. Found by itself when you have access to just one.',
    secret: false,
    required: false,
  },
  {
    name: 'apiBaseUrl',
    label: 'API address',
    help: 'Change it only for a sandbox.',
    secret: false,
    required: false,
    address: 'called',
    default: DEFAULTS.apiBaseUrl,
  },
  {
    name: 'authorizeUrl',
    label: 'Consent page',
    help: 'Change it only for a sandbox.',
    secret: false,
    required: false,
    address: 'opened',
    default: DEFAULTS.authorizeUrl,
  },
  {
    name: 'tokenUrl',
    label: 'Token address',
    help: 'Change it only for a sandbox.',
    secret: false,
    required: false,
    address: 'called',
    default: DEFAULTS.tokenUrl,
  },
];

export function toSettings(settings: Readonly<Record<string, string>>): FreshBooksSettings {
  return {
    clientId: settings['clientId'] ?? '',
    redirectUri: settings['redirectUri'] ?? '',
    accountId: settings['accountId'] || undefined,
    apiBaseUrl: (settings['apiBaseUrl'] || DEFAULTS.apiBaseUrl).replace(/\/+$/, ''),
    authorizeUrl: settings['authorizeUrl'] || DEFAULTS.authorizeUrl,
    tokenUrl: settings['tokenUrl'] || DEFAULTS.tokenUrl,
  };
}

/** Throws UsageError while the account is not chosen yet. */
export function requireAccountId(settings: FreshBooksSettings): string {
  if (settings.accountId) return settings.accountId;
  throw new UsageError(
    'FreshBooks: no account is chosen yet.',
    'Connect with consent again, or set accountId to one of the accounts that a ping lists.',
  );
}

/** Throws UsageError where the app's secret was never stored. */
export function requireClientSecret(secrets: Secrets): string {
  const secret = secrets['clientSecret'];
  if (secret) return secret;
  throw new UsageError('FreshBooks: the client secret is missing.', 'Set clientSecret on the connection.');
}
