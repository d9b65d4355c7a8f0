/** Request headers that every call shares, and what the answer's headers tell about the budget. */
import type { HttpAnswer, RateHint } from '../../core/ports.ts';

/** Decides error statuses and field names; without it a tenant may answer as in 2015. Newest documented version. */
export const ZUORA_VERSION = '2025-08-12';

/** Share of the vendor's limit we use: other integrations of the tenant live on the rest. */
const SHARE_PERCENT = 90;

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
 * The window nearest to its end, as `RateLimit-Limit: 2250000, 50000;w=60, 2250000;w=3600` names it first; the others
 * are listed with their seconds.
 */
export function rateHintOf(answer: HttpAnswer, nowMs: number): RateHint | undefined {
  const [first, ...windows] = (answer.headers['ratelimit-limit'] ?? '').split(',').map((part) => part.trim());
  const window = windows.find((part) => part.split(';')[0] === first) ?? windows[0];
  const [, limitText, secondsText] = /^(\d+);\s*w=(\d+)$/.exec(window ?? '') ?? [];
  const remaining = answer.headers['ratelimit-remaining'];
  const reset = secondsOf(answer.headers['ratelimit-reset']);
  const blockedUntil = remaining === '0' && reset !== undefined ? nowMs + reset * 1000 : undefined;
  if (limitText === undefined || secondsText === undefined) {
    return blockedUntil === undefined ? undefined : { blockedUntil };
  }
  const limit = Math.max(1, Math.floor((Number.parseInt(limitText, 10) * SHARE_PERCENT) / 100));
  return { limit, windowMs: Number.parseInt(secondsText, 10) * 1000, blockedUntil };
}

export function secondsOf(header: string | undefined): number | undefined {
  return header !== undefined && /^\d+$/.test(header.trim()) ? Number.parseInt(header, 10) : undefined;
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
