/** M1-M12: invoices whose amounts are hard, through both systems: the books agree to the minor unit, or a person is asked. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createLifecycleWorld, type LifecycleWorld } from '../kit/lifecycle.ts';

let world: LifecycleWorld;
let untaxed: LifecycleWorld;
beforeAll(async () => {
  world = await createLifecycleWorld();
  untaxed = await createLifecycleWorld();
  await untaxed.tenant('features', { taxation: false });
  for (const one of [world, untaxed])
    await one.tenant('features', { activeCurrencies: ['USD', 'CAD', 'JPY', 'KWD'] });
});
afterAll(async () => {
  await world.close();
  await untaxed.close();
});
beforeEach(() => world.setPolicies({}));

type Line = {
  name?: string;
  unitCost: string;
  qty?: string;
  taxes?: { name: string; percent: string }[];
  compoundedTax?: boolean;
};
type Case = { lines: Line[]; currency?: string; discountPercent?: string };

const gst = { name: 'GST', percent: '5' };
const qst = { name: 'QST', percent: '9.975' };

const CASES: [string, Case, string][] = [
  ['M1 two taxes on a line', { lines: [{ unitCost: '19.99', qty: '3', taxes: [gst, qst] }] }, '68.95'],
  [
    'M2 a compound tax',
    { lines: [{ unitCost: '100.01', taxes: [gst, qst], compoundedTax: true }] },
    '115.48',
  ],
  [
    'M3 a percent discount over several lines',
    {
      discountPercent: '7.5',
      lines: [{ unitCost: '33.33', taxes: [gst] }, { unitCost: '66.67', taxes: [qst] }, { unitCost: '0.01' }],
    },
    '100.20',
  ],
  [
    'M4 a negative line',
    {
      lines: [
        { unitCost: '200', taxes: [gst] },
        { name: 'Flat discount', unitCost: '-50' },
      ],
    },
    '160.00',
  ],
  [
    'M5 fractional quantity and price',
    { lines: [{ unitCost: '17.4567', qty: '3.25', taxes: [gst] }] },
    '59.57',
  ],
  [
    'M6 a cent between the total and its parts',
    {
      discountPercent: '3.33',
      lines: Array.from({ length: 7 }, () => ({ unitCost: '0.35', taxes: [gst, qst] })),
    },
    '',
  ],
  [
    'M7 a currency without decimals',
    { currency: 'JPY', lines: [{ unitCost: '1999', qty: '3', taxes: [gst] }] },
    '6297',
  ],
  [
    'M7 a currency with three decimals',
    { currency: 'KWD', lines: [{ unitCost: '1.234', qty: '3', taxes: [gst] }] },
    '3.887',
  ],
  ['M9 a discount of 100 %', { discountPercent: '100', lines: [{ unitCost: '50', taxes: [gst] }] }, '0.00'],
  [
    'M12 more digits than a floating-point number keeps',
    { lines: [{ unitCost: '90071992547409.93' }, { unitCost: '0.10' }] },
    '90071992547410.03',
  ],
];

async function agreesIn(one: LifecycleWorld, { currency = 'USD', ...fields }: Case): Promise<string> {
  const client = await one.makeClient();
  const invoice = await one.makeInvoice(client, '0', { currency, ...fields });
  await one.settle();
  const { invoices } = await one.booksLedger();
  const total = invoices.find(({ id }) => id === String(invoice))?.total ?? '';
  expect(await one.invoice(invoice)).toEqual([`posted ${total} owes ${total}`]);
  // What FreshBooks takes for it settles it there: no minor unit is left on either side.
  if (!/^0(\.0+)?$/.test(total)) {
    const payment = await one.pay(invoice, total);
    await one.settle();
    expect(await one.payment(payment)).toEqual([`live ${total}: ${total} on ${invoice}`]);
    expect((await one.copiesOf(invoice)).map(({ outstanding }) => outstanding)).toEqual([
      total.replace(/\d/g, '0').replace(/^0+(?=0)/, ''),
    ]);
  }
  return total;
}

test.each(CASES)('%s: total equal', async (_name, one, total) => {
  const agreed = await agreesIn(world, one);
  if (total !== '') expect(agreed).toBe(total);
});

test.each(CASES)('M8 %s, in a tenant without Taxation: total equal', async (_name, one) => {
  await agreesIn(untaxed, one);
});

test('M1 tax items carry name, rate and amount', async () => {
  const invoice = await world.makeInvoice(await world.makeClient(), '0', {
    lines: [{ unitCost: '100', taxes: [gst, qst] }],
  });
  await world.settle();
  const [copy] = await world.copiesOf(invoice);
  const { items } = world.simulators.tenant.tenant.books.findInvoice(copy?.number ?? '') ?? {};
  const taxes = items?.flatMap(({ taxItems }) => taxItems) ?? [];
  expect(taxes.map(({ fields, amountMinor }) => [fields['name'], fields['taxCode'], amountMinor])).toEqual([
    ['GST', expect.anything(), 500n],
    ['QST', expect.anything(), 998n],
  ]);
});

test.each(['copy', 'leave-out'] as const)(
  'M9 an invoice over nothing (zeroTotals: %s)',
  async (zeroTotals) => {
    await world.setPolicies({ zeroTotals });
    const invoice = await world.makeInvoice(await world.makeClient(), '0');
    await world.settle();
    expect(await world.invoice(invoice)).toEqual(
      zeroTotals === 'copy' ? ['posted 0.00 owes 0.00'] : ['ignored zero-total'],
    );
    await world.reprice(invoice, '12');
    await world.settle();
    expect((await world.invoice(invoice)).at(-1)).toBe('posted 12.00 owes 12.00');
    await world.reprice(invoice, '0');
    await world.settle();
    expect(await world.invoice(invoice)).toEqual(
      zeroTotals === 'copy' ? ['posted 0.00 owes 0.00'] : ['reversed 12.00'],
    );
  },
);

test('M10 a negative total is parked with the way out, and copied once it is positive', async () => {
  const invoice = await world.makeInvoice(await world.makeClient(), '-20');
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['parked negative-total']);
  expect((await world.reasonOf('invoice', invoice))?.wayOut).toContain('credit note');
  await world.reprice(invoice, '20');
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['posted 20.00 owes 20.00']);
});

test('M11 another total in Zuora after the write: parked with both figures, healed by a person', async () => {
  const { books } = world.simulators.tenant.tenant;
  const invoice = await world.makeInvoice(await world.makeClient(), '100', { send: false });
  const before = new Set(books.invoices.keys());
  const made = () => [...books.invoices.values()].find(({ id }) => !before.has(id));
  // Between the write and the reading back somebody adds a cent.
  await world.tenant('faults', { latencyMs: 100 });
  const settling = world.settle();
  while (!made()) await new Promise((resolve) => setTimeout(resolve, 1));
  const copy = made();
  const [item] = copy?.items ?? [];
  if (!copy || !item) throw new Error('nothing was made');
  item.amountMinor += 1n;
  copy.totalMinor += 1n;
  copy.balanceMinor += 1n;
  await settling;
  await world.tenant('faults', { latencyMs: 0 });
  expect(await world.invoice(invoice)).toEqual(['draft 100.01', 'parked read-back-differs']);
  expect((await world.reasonOf('invoice', invoice))?.figures).toEqual([
    { name: 'total', source: '100.00 USD', destination: '100.01 USD' },
  ]);
  await world.resolve('invoice', invoice, 'heal');
  expect(await world.invoice(invoice)).toEqual(['draft 100.00']);
});
