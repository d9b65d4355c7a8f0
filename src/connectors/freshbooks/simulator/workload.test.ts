/** Workloads: exactly what was asked for, the same again for the same seed, and books that add up. */
import { expect, test } from 'vitest';
import type { Ledger } from '../../../core/ledger.ts';
import { Exact } from '../../../core/money.ts';
import { toLedger } from './ledger-view.ts';
import { at, connect } from './test-kit.ts';

async function runWorkload(request: object): Promise<Ledger> {
  const sim = await connect();
  try {
    expect((await sim.control('POST', '/workload', { ratePerSecond: 5000, ...request })).status).toBe(202);
    for (let waited = 0; waited < 8000; waited += 20) {
      if (at((await sim.control('GET', '/workload')).body, 'done') === true) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect((await sim.control('GET', '/workload')).body).not.toHaveProperty('error');
    return toLedger(sim.simulator);
  } finally {
    await sim.close();
  }
}

test.each([
  { invoices: 100, payments: 80 },
  { invoices: 7, payments: 60 },
  { invoices: 1, payments: 1 },
  { invoices: 40, payments: 0 },
])('$invoices invoices and $payments payments are made exactly', async ({ invoices, payments }) => {
  const ledger = await runWorkload({ seed: 11, invoices, payments });
  expect(ledger.invoices).toHaveLength(invoices);
  expect(ledger.payments).toHaveLength(payments);
});

test('the same seed gives the same books, another seed other ones', async () => {
  const request = { invoices: 60, payments: 50 };
  const [first, again, other] = [
    await runWorkload({ ...request, seed: 5 }),
    await runWorkload({ ...request, seed: 5 }),
    await runWorkload({ ...request, seed: 6 }),
  ];
  expect(again.invoices).toEqual(first.invoices);
  expect(again.payments).toEqual(first.payments);
  expect(other.invoices).not.toEqual(first.invoices);
});

test('payments settle sent invoices only and never more than what is owed', async () => {
  const currencies = ['USD', 'JPY', 'KWD', 'EUR'];
  const ledger = await runWorkload({ seed: 3, invoices: 120, payments: 150, currencies });
  for (const invoice of ledger.invoices) {
    const own = ledger.payments.filter((payment) => payment.invoiceNumbers.includes(invoice.number));
    const paid = own.reduce((sum, payment) => sum.plus(payment.amount), new Exact(0));
    expect(paid.plus(invoice.outstanding).equals(invoice.total), invoice.number).toBe(true);
    expect(new Exact(invoice.outstanding).isNegative()).toBe(false);
    expect(new Exact(invoice.total).greaterThan(0)).toBe(true);
    if (invoice.state === 'draft') expect(own).toEqual([]);
  }
  expect(new Set(ledger.invoices.map((invoice) => invoice.currency)).size).toBe(4);
  expect(ledger.invoices.some((invoice) => invoice.state === 'draft')).toBe(true);
});

test('an endless workload trickles until it is stopped', async () => {
  const sim = await connect();
  try {
    const started = await sim.control('POST', '/workload', { seed: 2, endless: true, ratePerSecond: 500 });
    expect(started.status).toBe(202);
    expect((await sim.control('POST', '/workload', { invoices: 1 })).status).toBe(409);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await sim.control('DELETE', '/workload');
    const { payments } = toLedger(sim.simulator);
    expect(payments.length).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await sim.control('GET', '/workload')).body).toMatchObject({ done: true });
    expect(toLedger(sim.simulator).payments).toHaveLength(payments.length);
  } finally {
    await sim.close();
  }
});
