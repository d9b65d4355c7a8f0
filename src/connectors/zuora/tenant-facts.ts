/** What a plan has to know of the tenant: its day, its closed periods, its terms, what it allows. */
import { OperatingError } from '../../core/errors.ts';
import type { DestinationFacts } from '../../core/ports.ts';
import { readAnswer, type ZuoraClient } from './client.ts';
import { readable } from './preflight-reading.ts';
import { paymentTermsSchema, periodsSchema } from './settings-wire.ts';

/** Zuora's own default (facts, section 8). */
export const DEFAULT_TIME_ZONE = 'America/Los_Angeles';
const KEPT_MS = 5 * 60_000;

type Read = Pick<DestinationFacts, 'closedPeriods' | 'paymentTerms'>;

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

async function readFacts(client: ZuoraClient): Promise<Read> {
  return { closedPeriods: await readClosedPeriods(client), paymentTerms: await readPaymentTerms(client) };
}

/** Only Zuora Finance has periods, and the right to read them may be missing: then nothing is known to be closed. */
async function readClosedPeriods(client: ZuoraClient): Promise<DestinationFacts['closedPeriods']> {
  const pages = await readable(() =>
    client.pages('GET accounting-periods', '/v1/accounting-periods', periodsSchema),
  );
  return (pages ?? [])
    .flatMap(({ accountingPeriods }) => accountingPeriods)
    .filter(({ status }) => status === 'Closed')
    .map(({ startDate: from, endDate: to }) => ({ from, to }))
    .sort((a, b) => (a.from < b.from ? -1 : 1));
}

async function readPaymentTerms(client: ZuoraClient): Promise<DestinationFacts['paymentTerms']> {
  const answer = await readable(() => client.get('GET settings payment-terms', '/settings/payment-terms'));
  if (answer === undefined) return [];
  return readAnswer(paymentTermsSchema, answer, 'GET settings payment-terms').flatMap((term) => {
    const days = wholeDays(term);
    return term.isActive === false || days === undefined ? [] : [{ name: term.name, days }];
  });
}

/** Terms of "the tenth of next month" have no number of days, and no due date of the source can be held against them. */
function wholeDays(term: {
  type?: string | null | undefined;
  intervalType?: string | null | undefined;
  intervalNumber?: string | null | undefined;
}) {
  const isInDays =
    (term.type ?? 'NetPaymentTerm') === 'NetPaymentTerm' && /^days?$/i.test(term.intervalType ?? 'day');
  const { intervalNumber } = term;
  return isInDays && intervalNumber && /^\d{1,4}$/.test(intervalNumber)
    ? Number.parseInt(intervalNumber, 10)
    : undefined;
}

export function todayIn(timeZone: string, nowMs: number): string {
  try {
    return new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(nowMs);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const rule = `"${timeZone}" is no time zone such as ${DEFAULT_TIME_ZONE}: correct the setting of the connection`;
    throw new OperatingError('rejected', rule, { code: 'setting', field: 'timeZone', cause: error });
  }
}
