/** Guarantees of what a plan is told of the tenant: read rarely, asked again after a failure, in the tenant's own day. */
import { expect, it } from 'vitest';
import { OperatingError } from '../../core/errors.ts';
import { createClient } from './client.ts';
import { createFactsReader, todayIn } from './tenant-facts.ts';
import { testContext } from './test-context.ts';

const TERMS = [
  { name: 'Net 15', type: 'NetPaymentTerm', intervalType: 'DAY', intervalNumber: 15, isActive: true },
  { name: 'Gone', type: 'NetPaymentTerm', intervalType: 'DAY', intervalNumber: 7, isActive: false },
  { name: 'Two weeks', type: 'NetPaymentTerm', intervalType: 'WEEK', intervalNumber: 2, isActive: true },
  { name: 'The tenth', type: 'ProxPaymentTerm', isActive: true },
];

/** Answers in the order of the calls; every path beyond `answers` is refused. */
function reader(now: () => number, fail: () => boolean) {
  const context = testContext(
    { baseUrl: 'http://zuora', clientId: 'c' },
    { secrets: { clientSecret: 's' } },
    {
      now,
      http: async ({ url }) => {
        const answer = (body: unknown, status = 200) => ({ status, headers: {}, body: JSON.stringify(body) });
        if (url.endsWith('/oauth/token')) return answer({ access_token: 't', expires_in: 3600 });
        if (fail()) return answer({ success: false, reasons: [{ code: 90000011, message: 'sign in' }] }, 401);
        if (url.includes('/settings/payment-terms')) return answer(TERMS);
        if (url.includes('/settings/entity-profile-info')) return answer({ timeZone: 'Australia/Sydney' });
        const page = new URL(url).searchParams.get('page');
        const period = {
          name: page,
          startDate: `2026-0${page}-01`,
          endDate: `2026-0${page}-28`,
          status: 'Closed',
        };
        const next =
          page === '1' ? { nextPage: 'http://elsewhere/v1/accounting-periods?page=2&pageSize=40' } : {};
        return answer({ accountingPeriods: [period, { ...period, status: 'Open' }], ...next, success: true });
      },
    },
  );
  const count = () => context.calls.filter(({ url }) => !url.endsWith('/oauth/token')).length;
  return { read: createFactsReader(createClient(context, []), now), count };
}

it('D8 D9 closed periods are read page by page, and of the terms those that are active and count days', async () => {
  const { read } = reader(
    () => 0,
    () => false,
  );
  expect(await read()).toEqual({
    closedPeriods: [
      { from: '2026-01-01', to: '2026-01-28' },
      { from: '2026-02-01', to: '2026-02-28' },
    ],
    paymentTerms: [{ name: 'Net 15', days: 15 }],
    timeZone: 'Australia/Sydney',
  });
});

it('what was read is kept for five minutes, and what could not be read is asked for again', async () => {
  let now = 1_000;
  let isDown = true;
  const { read, count } = reader(
    () => now,
    () => isDown,
  );
  await expect(read()).rejects.toThrow(OperatingError);
  isDown = false;
  await read();
  const calls = count();
  now += 5 * 60_000 - 1;
  await read();
  expect(count()).toBe(calls);
  now += 1;
  await read();
  expect(count()).toBe(calls + 4);
});

it('today is the day of the tenant, in summer and in winter', () => {
  expect(todayIn('America/Los_Angeles', Date.parse('2026-07-01T06:59:00Z'))).toBe('2026-06-30');
  expect(todayIn('America/Los_Angeles', Date.parse('2026-12-01T08:00:00Z'))).toBe('2026-12-01');
  expect(todayIn('Pacific/Auckland', Date.parse('2026-12-31T12:00:00Z'))).toBe('2027-01-01');
});
