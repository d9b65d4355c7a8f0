/** The only reader of the environment: file, environment and flags become one checked configuration. */
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { loadConfig as loadFile } from 'c12';
import { z } from 'zod';
import { UsageError } from './core/errors.ts';

const port = z.coerce.number().int().min(0).max(65_535);

/** As the server takes them. */
function isProxy(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [address = '', bits, ...more] = text.split('/');
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  if (bits === undefined || more.length > 0) return most > 0 && bits === undefined;
  if (most === 32 && isIP(bits) === 4) return true;
  return /^\d{1,3}$/.test(bits) && Number.parseInt(bits, 10) > 0 && Number.parseInt(bits, 10) <= most;
}

const postgresUrl = z.string().regex(/^postgres(ql)?:\/\//, 'must start with postgres:// or postgresql://');

const schema = z.strictObject({
  /** Everything that the service keeps on disk: the embedded database and the key file. */
  dataDir: z.string().min(1).default('.data'),
  databaseUrl: postgresUrl.optional(),
  /** The same database without a pooler in between: migrations, and waking by LISTEN. */
  databaseDirectUrl: postgresUrl.optional(),
  host: z.string().min(1).default('127.0.0.1'),
  port: port.default(3000),
  /** How the outside reaches us: callbacks and redirects are made from it. Default http://host:port. */
  publicUrl: z.url({ protocol: /^https?$/ }).optional(),
  role: z.enum(['all', 'web', 'worker']).default('all'),
  /** Lanes worked at the same time by one process. */
  lanes: z.coerce.number().int().min(1).max(64).default(8),
  encryptionKey: z.string().optional(),
  keyFile: z.string().optional(),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Lines for people instead of JSON; where nobody decides, on a terminal only. */
  logPretty: z.stringbool().or(z.boolean()).optional(),
  ownerEmail: z.email().default('owner@example.com'),
  ownerPassword: z.string().min(12, 'must have 12 characters or more').optional(),
  /** Proxies whose X-Forwarded-For is believed: addresses or ranges, separated by commas. */
  trustedProxies: z
    .string()
    .transform((text) => text.split(',').flatMap((part) => part.trim() || []))
    .refine(
      (proxies) => proxies.every(isProxy),
      'must be addresses or ranges, such as 10.0.0.7 or 10.1.0.0/16',
    )
    .optional(),
  /** Hosts and ranges besides the public internet that may be called, separated by commas. */
  allowPrivateAddresses: z
    .string()
    .transform((text) => text.split(',').flatMap((part) => part.trim() || []))
    .optional(),
  /** Switches /metrics on. */
  metricsToken: z.string().min(16, 'must have 16 characters or more').optional(),
  /** A listener of its own for /metrics, which needs no token where none is set. */
  metricsPort: port.optional(),
  metricsHost: z.string().min(1).default('127.0.0.1'),
  /** The API's documentation for everybody, not only for who is signed in. */
  openApiDocs: z.stringbool().or(z.boolean()).default(false),
});

type Settings = z.infer<typeof schema>;

export type Config = Omit<Settings, 'keyFile' | 'publicUrl' | 'logPretty'> & {
  keyFile: string;
  logPretty: boolean;
  publicUrl: string;
  /** By a person; else it is made of host and port. */
  isPublicUrlGiven: boolean;
  /** Names this process in leases and logs. */
  instance: string;
};

/** Every setting with its name in the environment. */
export const VARIABLES: Record<keyof Settings, string> = {
  dataDir: 'ML_DATA_DIR',
  databaseUrl: 'DATABASE_URL',
  databaseDirectUrl: 'DATABASE_DIRECT_URL',
  host: 'ML_HOST',
  port: 'ML_PORT',
  publicUrl: 'ML_PUBLIC_URL',
  role: 'ML_ROLE',
  lanes: 'ML_LANES',
  encryptionKey: 'ML_ENCRYPTION_KEY',
  keyFile: 'ML_KEY_FILE',
  logLevel: 'ML_LOG_LEVEL',
  logPretty: 'ML_LOG_PRETTY',
  ownerEmail: 'ML_OWNER_EMAIL',
  ownerPassword: 'ML_OWNER_PASSWORD',
  trustedProxies: 'ML_TRUSTED_PROXIES',
  allowPrivateAddresses: 'ML_ALLOW_PRIVATE_ADDRESSES',
  metricsToken: 'ML_METRICS_TOKEN',
  metricsPort: 'ML_METRICS_PORT',
  metricsHost: 'ML_METRICS_HOST',
  openApiDocs: 'ML_OPEN_API_DOCS',
};

/** Flags win over the environment, the environment over ml-connector.config.{json,yaml,ts}. Throws UsageError naming every problem. */
export async function loadConfig(
  flags: Partial<Record<keyof Settings, unknown>> = {},
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Config> {
  const { config: file } = await loadFile({
    name: 'ml-connector',
    rcFile: false,
    globalRc: false,
    packageJson: false,
    extend: false,
    dotenv: false,
  });
  const given = Object.fromEntries(
    Object.entries(VARIABLES).flatMap(([name, variable]) => {
      const value = environment[variable];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
  const flagged = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const parsed = schema.safeParse({ ...file, ...given, ...flagged });
  if (!parsed.success) throw new UsageError(describeProblems(parsed.error, file), 'Nothing was started.');
  const settings = parsed.data;
  const dataDir = resolve(settings.dataDir);
  return {
    ...settings,
    dataDir,
    logPretty: settings.logPretty ?? process.stdout.isTTY === true,
    keyFile: settings.keyFile ?? join(dataDir, 'encryption.key'),
    isPublicUrlGiven: settings.publicUrl !== undefined,
    publicUrl: (settings.publicUrl ?? `http://${settings.host}:${settings.port}`).replace(/\/$/, ''),
    instance: `${hostname()}:${process.pid}`,
  };
}

/** What of it must stand in no text: known as long as the process lives. A password that is no secret to begin with is none. */
export function secretsOf(config: Config): string[] {
  const { databaseUrl, databaseDirectUrl, encryptionKey, metricsToken, ownerPassword } = config;
  const passwords = [databaseUrl, databaseDirectUrl].flatMap(passwordsOf);
  const keys = encryptionKey?.split(/[\s,]+/) ?? [];
  return [...passwords, ...keys, metricsToken, ownerPassword].filter((text) => typeof text === 'string');
}

function passwordsOf(text: string | undefined): (string | null)[] {
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || url.password === url.username) return [];
  return [url.password, decoded(url.password), url.searchParams.get('password')];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What a child process gets of our environment: everything but our own settings, which its caller gives. */
export function inheritedEnvironment(): Record<string, string> {
  const ours = new Set(Object.values(VARIABLES));
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !ours.has(entry[0]),
    ),
  );
}

function describeProblems(error: z.ZodError, file: Record<string, unknown>): string[] {
  const lines = error.issues.map((issue) => {
    const name = String(issue.path[0] ?? '');
    if (issue.code === 'unrecognized_keys') return `  ${issue.keys.join(', ')}: no such setting`;
    const variable = name in VARIABLES ? VARIABLES[name as keyof Settings] : name;
    return `  ${variable}${name in file ? ` (${name} in the configuration file)` : ''}: ${issue.message}`;
  });
  return ['The configuration has problems:', ...lines];
}
