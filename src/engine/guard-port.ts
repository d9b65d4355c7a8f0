/** What comes out of a connector in words (errors, checks) is freed of known secrets, and only then cut to a readable length. */
import { OperatingError } from '../core/errors.ts';
import type { Destination, PingCheck, Source } from '../core/ports.ts';
import type { KnownSecrets } from '../platform/known-secrets.ts';
import { freeDeep, freeError } from '../platform/redact.ts';

const MOST_CHARACTERS = 1_000;

/** The same port: its answers stay as they are, as tokens and addresses in them must still work. */
export function guardPort<P extends Source | Destination>(port: P, known: KnownSecrets): P {
  return guarded(port, known);
}

/** One call that is no port's: a consent. */
export async function guardCall<T>(call: () => Promise<T>, known: KnownSecrets): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw freed(error, known);
  }
}

function guarded<T extends object>(target: T, known: KnownSecrets): T {
  return new Proxy(target, {
    get(_target, name) {
      const member: unknown = Reflect.get(target, name);
      if (name === 'callbacks' && member !== null && typeof member === 'object')
        return guarded(member, known);
      if (typeof member !== 'function') return member;
      return (...values: unknown[]): unknown => {
        try {
          const result: unknown = Reflect.apply(member, target, values);
          if (!(result instanceof Promise)) return result;
          return result.then(
            (answer: unknown) => (name === 'ping' ? toChecks(answer as PingCheck[], known) : answer),
            (error: unknown) => {
              throw freed(error, known);
            },
          );
        } catch (error) {
          throw freed(error, known);
        }
      };
    },
  });
}

function toChecks(checks: PingCheck[], known: KnownSecrets): PingCheck[] {
  return checks.map((check) => {
    const { detail, ...rest } = freeDeep(check, known);
    return { ...rest, detail: shortened(detail) };
  });
}

function freed(error: unknown, known: KnownSecrets): unknown {
  freeError(error, known);
  if (error instanceof OperatingError) error.message = shortened(error.message);
  return error;
}

function shortened(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS - 2)} …`;
}
