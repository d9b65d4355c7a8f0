/** What a plan has to know of the tenant: its day, its closed periods, its terms, what it allows. */

import type { z } from 'zod';
import { OperatingError } from '../../core/errors.ts';
import type { DestinationFacts } from '../../core/ports.ts';
import type { ZuoraClient } from './client.ts';
import { isTimeZone, readPeriods, readTerms, readTimeZone } from './read-settings.ts';
import type { paymentTermsSchema, periodsSchema } from './settings-wire.ts';

/** Zuora's own default (facts, section 8). */
export const DEFAULT_TIME_ZONE = 'America/Los_Angeles';
const KEPT_MS = 5 * 60_000;

type Period = z.infer<typeof periodsSchema>['accountingPeriods'][number];
type Term = z.infer<typeof paymentTermsSchema>[number];

/** `timeZone`: the tenant's own, where it tells. */
type Read = Pick<DestinationFacts, 'closedPeriods' | 'paymentTerms'> & { timeZone: string | undefined };

export function createFactsReader(client: ZuoraClient, now: () => number): () => Promise<Read> {
  let kept: { at: number; read: Promise<Read> } | undefined;
  return async () => {
    if (kept === undefined || now() - kept.at >= KEPT_MS) {
      const fresh = { at: now(), read: readFacts(client) };
      // What could not be read is asked for again.
      fresh.read.catch(() => {
        if (kept === fresh) kept = undefined;
      });
      kept = fresh;
    }
    return kept.read;
  };
}

/** What is not known stops no plan: nothing is taken to be closed then, and no term to be there. */
async function readFacts(client: ZuoraClient): Promise<Read> {
  const [periods, terms, zone] = [
    await readPeriods(client),
    await readTerms(client),
    await readTimeZone(client),
  ];
  return {
    closedPeriods: periods.known ? closedOf(periods.value) : [],
    paymentTerms: terms.known ? termsOf(terms.value) : [],
    timeZone: zone.known ? zone.value : undefined,
  };
}

function closedOf(periods: readonly Period[]): DestinationFacts['closedPeriods'] {
  return periods
    .flatMap(({ startDate: from, endDate: to, status }) => (status === 'Closed' && to ? [{ from, to }] : []))
    .sort((a, b) => (a.from < b.from ? -1 : 1));
}

function termsOf(terms: readonly Term[]): DestinationFacts['paymentTerms'] {
  return terms.flatMap((term) => {
    const days = wholeDays(term);
    return term.isActive === false || days === undefined ? [] : [{ name: term.name, days }];
  });
}

/** Terms of "the tenth of next month" have no number of days, and no due date of the source can be held against them. */
function wholeDays(term: Term) {
  const unit = term.intervalType ?? term.intervalUnit ?? 'day';
  const isInDays = (term.type ?? 'NetPaymentTerm') === 'NetPaymentTerm' && /^days?$/i.test(unit);
  const { intervalNumber } = term;
  return isInDays && intervalNumber && /^\d{1,4}$/.test(intervalNumber)
    ? Number.parseInt(intervalNumber, 10)
    : undefined;
}

/** The setting overrules what the tenant tells. */
export function todayIn(timeZone: string, nowMs: number): string {
  if (isTimeZone(timeZone))
    return new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(nowMs);
  const rule = `"${timeZone}" is no time zone such as ${DEFAULT_TIME_ZONE}: correct the setting of the connection`;
  throw new OperatingError('rejected', rule, { code: 'setting', field: 'timeZone' });
}
