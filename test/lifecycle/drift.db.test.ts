/** E12: somebody has changed or settled the copy inside Zuora. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createLifecycleWorld, type LifecycleWorld } from '../kit/lifecycle.ts';

let world: LifecycleWorld;
let client: number;
beforeAll(async () => void (world = await createLifecycleWorld()));
afterAll(() => world.close());
beforeEach(async () => {
  await world.setPolicies({});
  client = await world.makeClient();
});

async function copied(fields: { send?: boolean } = {}) {
  const invoice = await world.makeInvoice(client, '100', { dueOffsetDays: 10, ...fields });
  await world.settle();
  const [copy] = await world.copiesOf(invoice);
  if (!copy) throw new Error('no copy');
  return { invoice, copy };
}

const byHand = (method: string, path: string, body: object = {}) =>
  world.tenant('by-hand', { method, path, body }, 'POST');

/** What a person does there, and what then stands on the record. */
const DRIFTS = [
  {
    what: 'another due date',
    act: async (id: string) => {
      await byHand('PUT', `/v1/invoices/${id}/unpost`);
      await byHand('PUT', `/v1/invoices/${id}`, { dueDate: '2031-01-31' });
      await byHand('PUT', `/v1/invoices/${id}/post`);
    },
    figures: ['date'],
    copy: 'posted 100.00 owes 100.00',
  },
  {
    what: 'another line',
    act: async (id: string) => {
      await byHand('PUT', `/v1/invoices/${id}/unpost`);
      const item = { chargeName: 'Extra', amount: 25, serviceStartDate: '2026-01-01' };
      await byHand('PUT', `/v1/invoices/${id}`, { invoiceItems: [item] });
      await byHand('PUT', `/v1/invoices/${id}/post`);
    },
    figures: ['amount', 'open amount'],
    copy: 'posted 125.00 owes 125.00',
  },
  {
    what: 'back to draft',
    act: (id: string) => byHand('PUT', `/v1/invoices/${id}/unpost`),
    figures: ['stage'],
    copy: 'draft 100.00',
  },
  {
    what: 'reversed',
    act: (id: string) => byHand('PUT', `/v1/invoices/${id}/reverse`),
    figures: ['stage', 'open amount'],
    copy: 'reversed 100.00',
  },
  {
    what: 'written off',
    act: (id: string) => byHand('PUT', `/v1/invoices/${id}/write-off`),
    figures: ['open amount'],
    copy: 'posted 100.00 owes 0.00',
  },
] as const;

test.each(DRIFTS)(
  'E12 $what: parked with both sides, nothing is written',
  async ({ act, figures, copy: is }) => {
    const { invoice, copy } = await copied();
    await act(copy.id);
    const writes = await world.writes();
    await world.reprice(invoice, '110');
    await world.settle();
    expect(await world.invoice(invoice)).toEqual([is, 'parked drift']);
    expect(await world.writes()).toBe(writes);
    const reason = await world.reasonOf('invoice', invoice);
    expect(reason?.figures?.map(({ name }) => name)).toEqual(figures);
    expect(reason?.choices?.map(({ choice }) => choice)).toContain('heal');
  },
);

test.each(DRIFTS)('E12 $what: made equal again by a person, or by policy', async ({ act, what }) => {
  const wanted =
    what === 'reversed'
      ? ['reversed 100.00', '-R1 posted 110.00 owes 110.00']
      : ['posted 110.00 owes 110.00'];
  for (const decide of ['person', 'policy'] as const) {
    await world.setPolicies(decide === 'policy' ? { drift: 'heal' } : {});
    const { invoice, copy } = await copied();
    await act(copy.id);
    await world.reprice(invoice, '110');
    await world.settle();
    if (decide === 'person') await world.resolve('invoice', invoice, 'heal');
    if (what === 'written off') {
      // What settles it was not made here: that is for a person to take back there.
      expect(await world.stateOf('invoice', invoice)).toBe('parked settled-by-hand');
      continue;
    }
    expect(await world.invoice(invoice)).toEqual(wanted);
    expect((await world.copiesOf(invoice)).at(-1)?.dueOn).toBe(copy.dueOn);
  }
});

test('E12 left out by a person: what FreshBooks no longer stands for is taken back', async () => {
  const { invoice, copy } = await copied();
  const payment = await world.pay(invoice, '100');
  await world.settle();
  const [paid] = await world.paymentsOf(payment);
  await byHand('PUT', `/v1/payments/${paid?.id}/unapply`);
  await world.replay('payment', payment);
  await world.resolve('payment', payment, 'leave-out');
  expect(await world.payment(payment)).toEqual(['cancelled 100.00']);
  await byHand('PUT', `/v1/invoices/${copy.id}/unpost`);
  await byHand('PUT', `/v1/invoices/${copy.id}`, { dueDate: '2031-01-31' });
  await byHand('PUT', `/v1/invoices/${copy.id}/post`);
  await world.replay('invoice', invoice);
  expect(await world.stateOf('invoice', invoice)).toBe('parked drift');
  await world.resolve('invoice', invoice, 'leave-out');
  expect(await world.invoice(invoice)).toEqual(['reversed 100.00']);
});

test('E12 a draft that somebody posted is drift; healed, it is a draft again', async () => {
  const { invoice, copy } = await copied({ send: false });
  await byHand('PUT', `/v1/invoices/${copy.id}/post`);
  await world.replay('invoice', invoice);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00', 'parked drift']);
  await world.resolve('invoice', invoice, 'heal');
  expect(await world.invoice(invoice)).toEqual(['draft 100.00']);
});

test('E12 a draft that somebody posted, and that FreshBooks sends, is as it should be', async () => {
  const { invoice, copy } = await copied({ send: false });
  await byHand('PUT', `/v1/invoices/${copy.id}/post`);
  await world.user(`invoices/${invoice}/send`);
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
});

test('E12 a payment entered in Zuora by hand stops an edit until it is taken off', async () => {
  const { invoice, copy } = await copied();
  const payment = {
    type: 'External',
    accountNumber: copy.customer,
    currency: 'USD',
    paymentMethodType: 'Check',
  };
  const made = await byHand('POST', '/v1/payments', {
    ...payment,
    amount: 40,
    effectiveDate: copy.issuedOn,
    invoices: [{ invoiceId: copy.id, amount: 40 }],
  });
  await world.reprice(invoice, '150');
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 60.00', 'parked drift']);
  await world.resolve('invoice', invoice, 'heal');
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 60.00', 'parked settled-by-hand']);
  await byHand('PUT', `/v1/payments/${String(made['id'])}/unapply`);
  await world.replay('invoice', invoice);
  expect(await world.invoice(invoice)).toEqual(['posted 150.00 owes 150.00']);
});

test('E12 a copied payment that somebody unapplied or cancelled is drift of the payment', async () => {
  for (const cancel of [false, true]) {
    const { invoice } = await copied();
    const payment = await world.pay(invoice, '100');
    await world.settle();
    const [copy] = await world.paymentsOf(payment);
    await byHand('PUT', `/v1/payments/${copy?.id}/unapply`);
    if (cancel) await byHand('PUT', `/v1/payments/${copy?.id}/cancel`);
    await world.replay('payment', payment);
    expect(await world.payment(payment)).toEqual([
      cancel ? 'cancelled 100.00' : 'live 100.00: 100.00 free',
      'parked drift',
    ]);
    await world.resolve('payment', payment, 'heal');
    const live = `live 100.00: 100.00 on ${invoice}`;
    expect(await world.payment(payment)).toEqual(cancel ? ['cancelled 100.00', live] : [live]);
    expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 0.00']);
  }
});

test('E12 a copy that is gone from Zuora is told, and made anew when a person says so', async () => {
  const { invoice, copy } = await copied({ send: false });
  await byHand('DELETE', `/v1/invoices/${copy.id}`);
  await world.replay('invoice', invoice);
  expect(await world.invoice(invoice)).toEqual(['deleted 100.00', 'parked copy-not-there']);
  await world.resolve('invoice', invoice, 'heal');
  expect(await world.invoice(invoice)).toEqual(['deleted 100.00', 'draft 100.00']);
});
