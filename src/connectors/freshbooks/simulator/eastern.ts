/** FreshBooks' clock face: naive timestamps in US Eastern time with DST, and plain calendar dates. */
import { Temporal } from 'temporal-polyfill';

const ZONE = 'America/New_York';
const QUARTER_HOUR_MS = 900_000;
const DAY_MS = 86_400_000;
const offsetByQuarter = new Map<number, number>();

/** "2026-06-29 12:48:37" for an instant; offsets are remembered by quarter of an hour since the zone lookup is slow. */
export function easternStamp(epochMs: number): string {
  return utcStamp(epochMs + offsetMs(epochMs));
}

/** "2026-06-29 16:48:37": FreshBooks keeps a few fields, such as a client's signup_date, in UTC. */
export function utcStamp(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ');
}

export function easternDate(epochMs: number): string {
  return easternStamp(epochMs).slice(0, 10);
}

export function addDays(date: string, days: number): string {
  return new Date(utcMidnight(date) + days * DAY_MS).toISOString().slice(0, 10);
}

export function daysBetween(from: string, to: string): number {
  return (utcMidnight(to) - utcMidnight(from)) / DAY_MS;
}

export function isPlainDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const parsed = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text);
}

function utcMidnight(date: string): number {
  return Date.parse(`${date}T00:00:00Z`);
}

function offsetMs(epochMs: number): number {
  const quarter = Math.floor(epochMs / QUARTER_HOUR_MS);
  const known = offsetByQuarter.get(quarter);
  if (known !== undefined) return known;
  const instant = Temporal.Instant.fromEpochMilliseconds(quarter * QUARTER_HOUR_MS);
  const offset = instant.toZonedDateTimeISO(ZONE).offsetNanoseconds / 1_000_000;
  offsetByQuarter.set(quarter, offset);
  return offset;
}
