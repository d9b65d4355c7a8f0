/** What went wrong with the database: a lost connection, a conflict to repeat, or a setting to correct. */
import pg from 'pg';
import { UsageError } from '../core/errors.ts';

const LOST_SOCKET = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/**
 * Shut down by an administrator, crashed, still starting, read-only after a failover; a statement or a pause within a
 * transaction that took too long.
 */
const LOST_SERVER = new Set(['57P01', '57P02', '57P03', '57P05', '57014', '25006', '25P03']);
const LOST_CONNECTION = '08';
const EXHAUSTED = '53';
/** pg reports these without a code. */
const LOST_MESSAGE =
  /^Connection terminated|^timeout exceeded when trying to connect|^timeout expired|has encountered a connection error and is not queryable/;
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK = '40P01';

/**
 * The database went away or cannot be reached now: worth trying again later. A statement that was under way may or may
 * not have taken effect.
 */
export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  if (code !== undefined && (LOST_SOCKET.has(code) || LOST_SERVER.has(code))) return true;
  if (classOf(error) === LOST_CONNECTION || isExhausted(error)) return true;
  // A unix socket that is not there (yet) while the server restarts.
  if (code === 'ENOENT' && 'syscall' in error && error.syscall === 'connect') return true;
  if (LOST_MESSAGE.test(error.message)) return true;
  if (error instanceof AggregateError) return error.errors.some(isConnectionLoss);
  return isConnectionLoss(error.cause);
}

/** The server has run out of something: a full disk, memory, slots. The session goes on. */
export function isExhausted(error: unknown): boolean {
  return classOf(error) === EXHAUSTED;
}

/** Rolled back as a whole by PostgreSQL, so that the same work may run again. */
export function isSerializationFailure(error: unknown): boolean {
  const code = codeOf(error);
  return code === SERIALIZATION_FAILURE || code === DEADLOCK;
}

/** For the first connection: says which database was meant and what is wrong, without the password. */
export function toDatabaseUsageError(error: unknown, config: pg.ClientConfig): UsageError {
  if (error instanceof UsageError) return error;
  const client = new pg.Client(config);
  const target = `database "${client.database}" on ${client.host}:${client.port} as user "${client.user}"`;
  const secret = typeof client.password === 'string' && client.password !== '' ? client.password : undefined;
  const text = secret === undefined ? reasonOf(error) : reasonOf(error).replaceAll(secret, '[redacted]');
  return new UsageError(`Cannot open ${target}: ${text}.`, hintOf(codeOf(error)));
}

function hintOf(code: string | undefined): string {
  switch (code) {
    case '28P01':
    case '28000':
      return 'Check user and password in DATABASE_URL, and that pg_hba.conf lets this machine in.';
    case '3D000':
      return 'Create the database, or correct its name in DATABASE_URL.';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'Check the host name in DATABASE_URL.';
    case undefined:
    default:
      return 'Check that PostgreSQL is running there and that DATABASE_URL is right, or remove DATABASE_URL to use the built-in one.';
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map((each) => reasonOf(each)).join(', ');
  }
  return error instanceof Error ? error.message : String(error);
}

/** Of a SQLSTATE. */
function classOf(error: unknown): string | undefined {
  const code = codeOf(error);
  return code?.length === 5 ? code.slice(0, 2) : undefined;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
