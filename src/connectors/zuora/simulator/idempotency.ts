/** Remembers the answers of calls with an Idempotency-Key for 24 h, failures too. */
import type { Clock } from '../../../platform/clock.ts';

const KEPT_MS = 24 * 60 * 60 * 1000;
export const MAX_KEY_LENGTH = 255;

export type StoredAnswer = { status: number; headers: Record<string, string>; body: string };
export type ReplayStyle = 'stored' | '409-with-result';
export type Claim =
  | { kind: 'fresh'; store: (answer: StoredAnswer) => void; drop: () => void }
  | { kind: 'replay'; answer: StoredAnswer }
  | { kind: 'running' | 'reused' };

export type IdempotencyStore = ReturnType<typeof createIdempotencyStore>;

type Asked = { method: string; url: string; body: string };
type Entry = Asked & { setAt: number; answer: StoredAnswer | undefined };

export function createIdempotencyStore(clock: Clock, style: ReplayStyle) {
  const entries = new Map<string, Entry>();
  const dropExpired = () => {
    for (const [key, { setAt }] of entries) {
      if (clock.now() - setAt < KEPT_MS) return;
      entries.delete(key);
    }
  };
  return {
    forget: () => entries.clear(),
    claim(key: string, asked: Asked): Claim {
      dropExpired();
      const known = entries.get(key);
      if (known === undefined) {
        const entry: Entry = { ...asked, setAt: clock.now(), answer: undefined };
        entries.set(key, entry);
        return {
          kind: 'fresh',
          store: (answer) => {
            entry.answer = answer;
          },
          drop: () => entries.delete(key),
        };
      }
      const { method, url, body } = asked;
      if (known.method !== method || known.url !== url || known.body !== body) return { kind: 'reused' };
      if (known.answer === undefined) return { kind: 'running' };
      const answer = style === 'stored' ? known.answer : { ...known.answer, status: 409 };
      return { kind: 'replay', answer };
    },
  };
}
