/** Guarantee: a tenant or connection that is set up wrongly is named with its fix, and nothing is written to find out. */
import { expect, test } from 'vitest';
import type { PingCheck } from '../../core/ports.ts';
import { type PreflightBench, startPreflight } from './test-preflight.ts';

type Wrong = {
  what: string;
  set: (bench: PreflightBench) => Promise<void> | void;
  settings?: Record<string, string>;
  secret?: string;
  check: string;
  detail: RegExp;
  fix: RegExp;
};
const nothing = () => {};

const WRONG: readonly Wrong[] = [
  {
    what: 'the client secret is wrong',
    set: nothing,
    secret: 'x',
    check: 'Sign-in',
    detail: /refuses the client secret/,
    fix: /client secret anew/,
  },
  {
    what: 'the client id is unknown',
    set: nothing,
    settings: { clientId: 'x'.repeat(36) },
    check: 'Sign-in',
    detail: /does not know the client id/,
    fix: /client id and region/,
  },
  {
    what: 'the base URL is another data centre',
    set: nothing,
    settings: { baseUrl: 'eu-production' },
    check: 'Sign-in',
    detail: /wrong base URL/,
    fix: /region/,
  },
  {
    what: 'the host is not reached',
    set: nothing,
    settings: { baseUrl: 'http://127.0.0.1:1' },
    check: 'Sign-in',
    detail: /no whole answer/,
    fix: /reach Zuora/,
  },
  {
    what: 'the API user is disabled',
    set: (bench) => bench.features({ userActive: false }),
    check: 'Sign-in',
    detail: /deactivated/,
    fix: /Activate the API user/,
  },
  {
    what: 'an entity is set without Multi-entity',
    set: nothing,
    settings: { entityId: 'a'.repeat(32) },
    check: 'Sign-in',
    detail: /entity/,
    fix: /leave it empty/,
  },
  {
    what: 'organisations are set without Multi-Org',
    set: nothing,
    settings: { orgIds: '1' },
    check: 'Permissions',
    detail: /may not read/,
    fix: /permission/,
  },
  {
    what: 'Multi-Org is on and no organisation named',
    set: (bench) => bench.features({ multiOrg: true }),
    check: 'Features',
    detail: /Multi-Org is on/,
    fix: /organisation label/,
  },
  {
    what: 'Invoice Settlement is off',
    set: (bench) => bench.features({ invoiceSettlement: false }),
    check: 'Invoice Settlement',
    detail: /every payment would be parked/,
    fix: /Switch on Invoice Settlement/,
  },
  {
    what: 'the time zone is set otherwise than in the tenant',
    set: nothing,
    settings: { timeZone: 'Asia/Tokyo' },
    check: 'Time zone',
    detail: /Zuora says America\/Los_Angeles, the connection's setting Asia\/Tokyo/,
    fix: /Clear the connection's setting timeZone/,
  },
  {
    what: 'a tax is mapped to a code that the tenant does not have',
    set: nothing,
    settings: { taxCodes: 'HST=HTS' },
    check: 'Tax codes',
    detail: /no tax codes of the tenant: HTS; it has CA-GST/,
    fix: /Create HTS in Zuora/,
  },
  {
    what: 'Taxation is off and set to "on"',
    set: (bench) => bench.features({ taxation: false }),
    settings: { taxation: 'on' },
    check: 'Taxation',
    detail: /no Taxation/,
    fix: /"off" or "auto"/,
  },
  {
    what: 'no currency is active',
    set: (bench) => bench.features({ activeCurrencies: [] }),
    check: 'Currencies',
    detail: /no currency is active/,
    fix: /Customize Currencies/,
  },
  {
    what: 'no payment term is active',
    set: (bench) => bench.features({ activeTerms: [] }),
    check: 'Payment terms',
    detail: /no payment term/,
    fix: /Activate a payment term/,
  },
  {
    what: 'a payment method is not enabled',
    set: (bench) =>
      bench.features({
        paymentMethodsEnabled: ['ACH', 'BankTransfer', 'Cash', 'Check', 'CreditCard', 'DebitCard', 'Other'],
      }),
    check: 'Payment methods',
    detail: /not enabled: PayPal/,
    fix: /Enable PayPal/,
  },
  {
    what: 'Other, which stands for unknown methods, is not enabled',
    set: (bench) =>
      bench.features({
        paymentMethodsEnabled: ['ACH', 'BankTransfer', 'Cash', 'Check', 'CreditCard', 'DebitCard', 'PayPal'],
      }),
    check: 'Payment methods',
    detail: /not enabled: Other/,
    fix: /Enable Other/,
  },
  {
    what: 'a method is mapped to a type that is not enabled',
    set: (bench) =>
      bench.features({
        paymentMethodsEnabled: [
          'ACH',
          'BankTransfer',
          'Cash',
          'Check',
          'CreditCard',
          'DebitCard',
          'Other',
          'PayPal',
        ],
      }),
    settings: { paymentMethods: 'bank_transfer=WireTransfer' },
    check: 'Payment methods',
    detail: /not enabled: WireTransfer;/,
    fix: /setting paymentMethods/,
  },
  {
    what: 'a custom field is spelled otherwise in the tenant',
    set: (bench) => bench.features({ customFields: { invoice: ['PONumber__c'] } }),
    settings: { customFields: 'poNumber=PoNumber__c' },
    check: 'Custom fields',
    detail: /no fields of invoices: PoNumber__c; every invoice would be parked/,
    fix: /Object Manager, or correct the connection's setting customFields/,
  },
  {
    what: 'the invoice prefix is another one',
    set: (bench) => bench.features({ invoicePrefix: 'RE' }),
    check: 'Number prefixes',
    detail: /own invoices with RE/,
    fix: /INV,RE/,
  },
  {
    what: 'the account prefix is that of our numbers',
    set: (bench) => bench.features({ accountPrefix: 'FB' }),
    check: 'Number prefixes',
    detail: /own accounts with FB/,
    fix: /account prefix/,
  },
  {
    what: 'the present accounting period is closed',
    set: (bench) => bench.order('closed-periods', { periods: ['2026-11'] }),
    check: 'Accounting periods',
    detail: /2026-11 is closed/,
    fix: /Open the accounting period 2026-11/,
  },
  {
    what: 'payments may not be looked up',
    set: (bench) => bench.features({ deniedPaths: ['/object-query/payments'] }),
    check: 'Permissions',
    detail: /payments by reference/,
    fix: /View Payments/,
  },
  {
    what: 'invoices may not be read',
    set: (bench) => bench.features({ deniedPaths: ['/v1/invoices'] }),
    check: 'Permissions',
    detail: /may not read invoices/,
    fix: /View Invoices/,
  },
  {
    what: 'accounts may not be read',
    set: (bench) =>
      bench.features({ deniedPaths: ['/object-query/accounts', '/object-query/contacts', '/v1/accounts'] }),
    check: 'Permissions',
    detail: /accounts, contacts/,
    fix: /View Customer Accounts/,
  },
  {
    what: 'the calls of the day are used up',
    set: (bench) =>
      bench.order('faults', {
        failNext: [
          { match: 'QUERY accounts', times: 9, status: 429, code: 70, body: 'json', retryAfter: 600 },
        ],
      }),
    check: 'Permissions',
    detail: /\(70\)/,
    fix: /used up its calls/,
  },
];

test('at least twenty ways to be set up wrongly are tried', () => {
  expect(new Set(WRONG.map(({ what }) => what)).size).toBeGreaterThanOrEqual(20);
});

test.each(WRONG)('that $what is named with its fix, and nothing is written', async (wrong) => {
  await using bench = await startPreflight();
  await wrong.set(bench);
  const { baseUrl, ...more } = wrong.settings ?? {};
  const base = baseUrl === 'eu-production' ? `${bench.simulator.url}/regions/eu-production` : baseUrl;
  const { destination } = bench.connect({ ...more, ...(base ? { baseUrl: base } : {}) }, wrong.secret);
  const failed = (await destination.ping()).filter(({ ok }) => !ok);
  const named = failed.find(({ name }) => name === wrong.check);
  expect(failed.map(({ name }) => name)).toContain(wrong.check);
  expect(named?.detail).toMatch(wrong.detail);
  expect(named?.fix).toMatch(wrong.fix);
  expect(failed.every(({ fix }) => fix !== undefined)).toBe(true);
  expect(bench.writes).toEqual([]);
  const { books } = bench.simulator.tenant;
  expect([books.accounts.size, books.invoices.size, books.payments.size]).toEqual([0, 0, 0]);
});

test('a tenant that is set up well has nothing to name, and says what works and what would be parked', async () => {
  await using bench = await startPreflight();
  const checks = await bench.connect().destination.ping();
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(checks.map(({ name }) => name)).toEqual([
    'Sign-in',
    'Tenant',
    'Time zone',
    'Permissions',
    'Invoice Settlement',
    'Taxation',
    'Features',
    'Currencies',
    'Payment terms',
    'Payment methods',
    'Tax codes',
    'Number prefixes',
    'Accounting periods',
    'Rate budget',
  ]);
  expect(checks.find(({ name }) => name === 'Currencies')?.detail).toContain('others would be parked');
  expect(bench.writes).toEqual([]);
});

test('without the right to read settings nothing is wrong, and what is not known is said', async () => {
  await using bench = await startPreflight();
  await bench.features({
    deniedPaths: ['/settings', '/v1/accounting-periods', '/object-query/payment-methods'],
  });
  const checks = await bench.connect().destination.ping();
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(notKnownIn(checks)).toEqual([
    'Time zone',
    'Invoice Settlement',
    'Features',
    'Currencies',
    'Payment terms',
    'Payment methods',
    'Tax codes',
    'Number prefixes',
    'Accounting periods',
  ]);
});

const notKnownIn = (checks: readonly PingCheck[]) =>
  checks.flatMap(({ name, detail }) => (/not known: ./.test(detail) ? [name] : []));

test.each([
  ['a page that is not there', { match: 'GET settings', times: 99, status: 404, body: 'no-route' }],
  ['a page of the edge', { match: 'GET settings', times: 99, status: 403, body: 'edge' }],
])('settings behind %s are not known, named, and nothing is wrong', async (_what, fault) => {
  await using bench = await startPreflight();
  await bench.order('faults', { failNext: [fault] });
  const { destination } = bench.connect();
  const checks = await destination.ping();
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(notKnownIn(checks)).toContain('Payment terms');
  expect(await destination.facts()).toMatchObject({ paymentTerms: [], today: '2026-11-10' });
});

test('settings in a form that is on no record are not known, named, and stop nothing', async () => {
  await using bench = await startPreflight();
  await bench.features({ settingsShape: 'unknown' });
  const { destination } = bench.connect();
  const checks = await destination.ping();
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(notKnownIn(checks)).toEqual([
    'Time zone',
    'Features',
    'Currencies',
    'Payment terms',
    'Tax codes',
    'Number prefixes',
  ]);
  expect(await destination.facts()).toMatchObject({ paymentTerms: [] });
});

test.each(['bare', 'wrapped'])('settings are read in the shape %s', async (settingsShape) => {
  await using bench = await startPreflight({ timeZone: 'Australia/Sydney' });
  await bench.features({ settingsShape, invoicePrefix: 'RE', accountPrefix: 'FB' });
  await bench.order('closed-periods', { periods: ['2026-01'] });
  const { destination } = bench.connect({ timeZone: '' });
  expect(await destination.facts()).toMatchObject({
    today: '2026-11-11',
    closedPeriods: [{ from: '2026-01-01', to: '2026-01-31' }],
    paymentTerms: [
      { name: 'Due Upon Receipt', days: 0 },
      { name: 'Net 30', days: 30 },
      { name: 'Net 60', days: 60 },
      { name: 'Net 90', days: 90 },
    ],
  });
  const checks = await destination.ping();
  const detailOf = (wanted: string) => checks.find(({ name }) => name === wanted)?.detail;
  expect(detailOf('Time zone')).toBe('Australia/Sydney; today is 2026-11-11');
  expect(detailOf('Currencies')).toContain('USD, CAD');
  expect(detailOf('Tax codes')).toContain('CA-GST, GST');
  expect(detailOf('Number prefixes')).toContain('own accounts with FB');
  expect(detailOf('Accounting periods')).toContain('open after 2026-01-31');
});

test('with Invoice Item Settlement the application rules of the tenant decide, and nothing is wrong', async () => {
  await using bench = await startPreflight();
  await bench.features({ invoiceItemSettlement: true });
  const check = (await bench.connect().destination.ping()).find(({ name }) => name === 'Invoice Settlement');
  expect(check).toMatchObject({ ok: true, detail: expect.stringContaining('application rules') });
});

test('mapping tables that fit are said to, and what no read can tell is said to be unknown', async () => {
  await using bench = await startPreflight();
  await bench.features({ customFields: { invoice: ['PoNumber__c'] } });
  const tables = {
    customFields: 'poNumber=PoNumber__c',
    taxCodes: 'GST=CA-GST',
    paymentMethods: 'bank_transfer=WireTransfer',
  };
  const checks = await bench.connect(tables).destination.ping();
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  const detailOf = (wanted: string) => checks.find(({ name }) => name === wanted)?.detail;
  expect(detailOf('Custom fields')).toBe('PoNumber__c is there');
  expect(detailOf('Tax codes')).toContain('CA-GST, GST');
  await bench.order('faults', {
    failNext: [
      { match: 'GET describe', times: 1, status: 403, code: 50_000_010, body: 'json' },
      { match: 'GET settings tax-codes', times: 1, status: 403, code: 50_000_010, body: 'json' },
    ],
  });
  const unread = await bench.connect(tables).destination.ping();
  expect(unread.find(({ name }) => name === 'Custom fields')).toMatchObject({
    ok: true,
    detail: expect.stringMatching(/may not read .* name the setting customFields$/),
  });
  expect(unread.find(({ name }) => name === 'Tax codes')?.detail).toMatch(
    /^not known: .*; CA-GST cannot be checked beforehand; .* name the setting taxCodes$/,
  );
  expect(bench.writes).toEqual([]);
});
