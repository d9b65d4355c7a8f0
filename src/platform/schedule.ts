/** Times of day for recurring work, as cron writes them; always in UTC, so that no clock change doubles or skips one. */
import { CronExpressionParser } from 'cron-parser';
import { UsageError } from '../core/errors.ts';

/** The next time after `after`. Throws UsageError where the expression cannot be read. */
export function nextOccurrence(cron: string, after: Date): Date {
  if (cron.trim().split(/\s+/).length !== 5) throw wrong(cron, 'it has to have five fields');
  try {
    return CronExpressionParser.parse(cron, { currentDate: after, tz: 'UTC' }).next().toDate();
  } catch (error) {
    throw wrong(cron, error instanceof Error ? error.message : String(error));
  }
}

function wrong(cron: string, why: string): UsageError {
  return new UsageError(
    `"${cron}" is no schedule: ${why}.`,
    'Five fields, in UTC: minute hour day month weekday, e.g. "*/10 * * * *".',
  );
}
