/** Request headers that every call shares, and what the answer's headers tell about the budget. */
import type { HttpAnswer, RateHint } from '../../core/ports.ts';

/** Decides error statuses and field names; without it a tenant may answer as in 2015. Newest documented version. */
export const ZUORA_VERSION = '2025-08-12';

/** A 32-digit entity id must be written 8-4-4-4-12. */
export function entityHeader(settings: Record<string, string>): Record<string, string> {
  const id = settings.entityId?.trim();
  if (!id) return {};
  const [, a, b, c, d, e] = /^(\w{8})-?(\w{4})-?(\w{4})-?(\w{4})-?(\w{12})$/.exec(id) ?? [];
  return { 'zuora-entity-ids': a === undefined ? id : [a, b, c, d, e].join('-') };
}

export function scopeHeaders(settings: Record<string, string>): Record<string, string> {
  const orgIds = settings.orgIds?.replaceAll(/\s/g, '');
  return { ...entityHeader(settings), ...(orgIds ? { 'zuora-org-ids': orgIds } : {}) };
}

/** At most 64 ASCII characters, none of `: ; " '`. */
export function toTrackId(text: string): string {
  return text.replaceAll(/[^!#-&(-9<-~]/g, '-').slice(0, 64);
}

/**
 * All windows that `RateLimit-Limit: 2250000, 50000;w=60, 2250000;w=3600` names, and how much is left of the first,
 * which is the one nearest to its end; `Concurrency-Limit-*` for the kind of call that was made.
 */
export function rateHintOf({ headers }: HttpAnswer, kind: string, nowMs: number): RateHint | undefined {
  const [first, ...rest] = (headers['ratelimit-limit'] ?? '').split(',').map((part) => part.trim());
  const windows = rest.flatMap((part) => {
    const [, limit, seconds] = /^(\d+);\s*w=(\d+)$/.exec(part) ?? [];
    if (limit === undefined || seconds === undefined) return [];
    return [{ limit: ourShare(Number.parseInt(limit, 10)), windowMs: Number.parseInt(seconds, 10) * 1000 }];
  });
  const limit = secondsOf(first);
  const remaining = secondsOf(headers['ratelimit-remaining']);
  const reset = secondsOf(headers['ratelimit-reset']);
  const announced = secondsOf(headers['concurrency-limit-limit']);
  const isTold = limit !== undefined && limit > 0 && remaining !== undefined && reset !== undefined;
  if (windows.length === 0 && !isTold && announced === undefined) return undefined;
  return {
    windows,
    ...(isTold ? { left: { part: remaining / limit, until: nowMs + reset * 1000 } } : {}),
    ...(announced === undefined ? {} : { concurrency: { kind, announced } }),
  };
}

/** Nineteen twentieths of a limit: other integrations of the tenant live on the rest. */
export function ourShare(limit: number): number {
  return Math.max(1, Math.floor(limit * 0.95));
}

function secondsOf(header: string | undefined): number | undefined {
  return header !== undefined && /^\d+$/.test(header.trim()) ? Number.parseInt(header, 10) : undefined;
}

/** `Retry-After` is seconds or a date by the standard; a date is counted on the clock of the answer that carries it. */
export function secondsUntil(
  header: string | undefined,
  date: string | undefined,
  nowMs: number,
): number | undefined {
  const seconds = secondsOf(header);
  if (seconds !== undefined || header === undefined) return seconds;
  const at = /[a-z]{3}/i.test(header) ? Date.parse(header) : Number.NaN;
  if (Number.isNaN(at)) return undefined;
  const theirs = date === undefined ? Number.NaN : Date.parse(date);
  return Math.max(0, Math.ceil((at - (Number.isNaN(theirs) ? nowMs : theirs)) / 1000));
}

/** What people are shown about the budget. */
export function budgetText(headers: Record<string, string>): string {
  const remaining = headers['ratelimit-remaining'];
  const reset = headers['ratelimit-reset'];
  const inFlight = headers['concurrency-limit-remaining'];
  const parts = [
    remaining === undefined ? undefined : `${remaining} calls left`,
    reset === undefined ? undefined : `renewed in ${reset} s`,
    inFlight === undefined ? undefined : `${inFlight} more calls may run at once`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? 'Zuora sent no figures about its limits' : parts.join(', ');
}
