/** JSON logs, without what could be a secret by its name, what is known as one by value, and what would command a terminal. */
import { type DestinationStream, type Logger, pino } from 'pino';
import { escapeControls, printable, printableValue } from '../core/printable.ts';
import { type KnownSecrets, NOTHING_KNOWN } from './known-secrets.ts';

export type Log = Logger;

const SECRET_NAMES = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'token',
  'accessToken',
  'refreshToken',
  'access_token',
  'refresh_token',
  'client_secret',
  'clientSecret',
  'verifier',
];

export function createLog(
  options: { level: string; pretty: boolean; known?: KnownSecrets },
  destination?: DestinationStream,
): Log {
  const { known = NOTHING_KNOWN } = options;
  const forPeople = options.pretty && !destination;
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: {
        streamWrite: (line) =>
          forPeople ? `${printableLine(known.redact(line))}\n` : escapeControls(known.redact(line)),
      },
      redact: {
        paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '[redacted]',
      },
      ...(forPeople
        ? {
            transport: {
              target: 'pino-pretty',
              options: { translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' },
            },
          }
        : {}),
    },
    ...(destination ? [destination] : []),
  );
}

/** The printer for people writes texts as they are: they are cleaned before. Only a stack keeps its lines, which it indents. */
function printableLine(line: string): string {
  const { err, ...entry } = JSON.parse(line) as Record<string, unknown>;
  return JSON.stringify({
    ...printableValue(entry),
    ...(err === undefined ? {} : { err: printableError(err) }),
  });
}

function printableError(err: unknown): unknown {
  if (typeof err !== 'object' || err === null) return printableValue(err);
  const { stack, ...rest } = err as { stack?: unknown };
  if (typeof stack !== 'string') return printableValue(err);
  return { ...printableValue(rest), stack: stack.split('\n').map(printable).join('\n') };
}
