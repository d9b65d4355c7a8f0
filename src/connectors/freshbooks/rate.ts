/** Reads FreshBooks' rate limit headers. */
import type { RateHint } from '../../core/ports.ts';

type Headers = Readonly<Record<string, string>>;

/** Recorded 2026-06-29: 600 a minute for GET and PUT, 250 for accounting POST; nothing is published. */
const WINDOW_MS = 60_000;
/** The rest is left to people's own use of the same account. */
const SHARE_PERCENT = 90;
const LONGEST_BLOCK_MS = 3_600_000;

export function parseWhole(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text.trim()) ? Number.parseInt(text, 10) : undefined;
}

/** The budget that headers tell of. `Remaining: 0` and `Retry-After` stand on ordinary 200s too and mean nothing. */
export function toRateHint(headers: Headers): RateHint | undefined {
  const limit = parseWhole(headers['x-ratelimit-limit']);
  if (limit === undefined || limit === 0) return undefined;
  return { limit: Math.max(1, Math.floor((limit * SHARE_PERCENT) / 100)), windowMs: WINDOW_MS };
}

/** After a 429: earliest next try, epoch milliseconds. A whole window where the headers say nothing. */
export function toBlockedUntil(headers: Headers, nowMs: number): number {
  const wait = toWaitMs(headers, nowMs) ?? WINDOW_MS;
  return nowMs + Math.min(Math.max(wait, 0), LONGEST_BLOCK_MS);
}

function toWaitMs(headers: Headers, nowMs: number): number | undefined {
  const retryAfter = headers['retry-after'];
  const seconds = parseWhole(retryAfter);
  if (seconds !== undefined) return seconds * 1000;
  const serverNowMs = toServerTime(headers) ?? nowMs;
  const at = retryAfter === undefined ? Number.NaN : Date.parse(retryAfter);
  if (!Number.isNaN(at)) return at - serverNowMs;
  const reset = parseWhole(headers['x-ratelimit-reset']);
  return reset === undefined ? undefined : reset * 1000 - serverNowMs;
}

/** The server's clock by its `Date` header, whole seconds as epoch milliseconds. */
export function toServerTime(headers: Headers): number | undefined {
  const date = headers['date'];
  const at = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(at) ? undefined : at;
}
