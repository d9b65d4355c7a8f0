/** JSON logs, with everything that could be a secret cut out by name, and everything that is known as one by value. */
import { type DestinationStream, type Logger, pino } from 'pino';
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
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: (line) => known.redact(line) },
      redact: {
        paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '[redacted]',
      },
      ...(options.pretty && !destination
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
