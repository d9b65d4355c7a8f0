/** What users do to payments and credit notes, as a client of the API sees it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { toLedger } from './ledger-view.ts';
import { at, type Connected, connect } from './test-kit.ts';

let sim: Connected;
let clientId: number;
let announced: string[];

const idIn = (answer: { body: unknown }, key: string) => Number(at(answer.body, key, 'id'));
const newClient = async () =>
  idIn(await sim.control('POST', '/clients', { organization: 'Birch Bakery', currency: 'USD' }), 'client');
const newInvoice = async (extra: object = {}) => {
  const lines = [{ name: 'Bread', qty: '1', unitCost: '100.00' }];
  return idIn(await sim.control('POST', '/invoices', { clientId, lines, send: true, ...extra }), 'invoice');
};
const newCredit = async (extra: object) =>
  idIn(await sim.control('POST', '/credit-notes', { clientId, ...extra }), 'creditNote');
const pay = async (invoiceId: number, amount: string, extra: object = {}) =>
  idIn(await sim.control('POST', '/payments', { invoiceId, amount, ...extra }), 'payment');
const edit = async (payment: number, change: object) =>
  (await sim.control('PUT', `/payments/${payment}`, change)).status;
const read = async (path: string, key: string) =>
  at((await sim.call('GET', path)).body, 'response', 'result', key);
const owed = async (id: number) =>
  at(await read(`/invoices/invoices/${id}`, 'invoice'), 'outstanding', 'amount');
const paymentOf = (id: number) => read(`/payments/payments/${id}`, 'payment');
const creditOf = (id: number) => read(`/credit_notes/credit_notes/${id}?include[]=lines`, 'credit_notes');

beforeAll(async () => {
  sim = await connect();
  sim.simulator.books.onChange(({ name, objectId }) => announced.push(`${name} ${objectId}`));
});
afterAll(() => sim.close());
beforeEach(async () => {
  announced = [];
  clientId = await newClient();
});

describe('payments', () => {
  test('amount, date, type and note are edited; the invoice follows', async () => {
    const id = await newInvoice();
    const payment = await pay(id, '80', { type: 'Check' });
    announced = [];
    const change = { amount: '50', date: '2999-01-01', type: 'Barter', note: 'half' };
    expect(await edit(payment, change)).toBe(200);
    expect(await paymentOf(payment)).toMatchObject({ ...change, amount: { amount: '50.00' } });
    expect(announced).toEqual([`payment.update ${payment}`, `invoice.update ${id}`]);
    expect(await owed(id)).toBe('50.00');
    expect(await edit(payment, { amount: '100.01' })).toBe(422);
    expect(await edit(payment, { amount: '0' })).toBe(200);
    expect(await owed(id)).toBe('100.00');
  });

  test('a payment moved to another invoice leaves the first one open and settles the second', async () => {
    const [from, to] = [await newInvoice(), await newInvoice({ send: false })];
    const payment = await pay(from, '100');
    announced = [];
    expect(await edit(payment, { invoiceId: to })).toBe(200);
    expect([await owed(from), await owed(to)]).toEqual(['100.00', '0.00']);
    expect(await paymentOf(payment)).toMatchObject({ invoiceid: to });
    expect(announced).toEqual([
      `payment.update ${payment}`,
      `invoice.update ${from}`,
      `invoice.update ${to}`,
    ]);
    expect(
      (await sim.call('PUT', `/payments/payments/${payment}`, { payment: { invoiceid: from } })).status,
    ).toBe(200);
    expect([await owed(from), await owed(to)]).toEqual(['0.00', '100.00']);
  });

  test('a payment cannot move to an invoice of another currency, to a deleted one, or to one that owes less', async () => {
    const payment = await pay(await newInvoice(), '100');
    const yen = await newInvoice({ currency: 'JPY', lines: [{ unitCost: '100000' }] });
    const gone = await newInvoice();
    await sim.control('POST', `/invoices/${gone}/delete`);
    const small = await newInvoice({ lines: [{ unitCost: '99.99' }] });
    const before = await paymentOf(payment);
    for (const invoiceId of [yen, gone, small])
      expect(await edit(payment, { invoiceId, note: 'x' })).toBe(422);
    expect(await paymentOf(payment)).toEqual(before);
  });

  test('one sum for several invoices becomes rows with one bulk_paymentid, all or none', async () => {
    const [first, second] = [await newInvoice(), await newInvoice()];
    const rows = [
      { invoiceId: first, amount: '100' },
      { invoiceId: second, amount: '100.01' },
    ];
    expect((await sim.control('POST', '/payments/bulk', { rows })).status).toBe(422);
    expect(await owed(first)).toBe('100.00');
    const paid = await sim.control('POST', '/payments/bulk', {
      rows: [
        { invoiceId: first, amount: '100' },
        { invoiceId: second, amount: '60' },
      ],
      type: 'Check',
    });
    const bulkIds = [0, 1].map((index) => at(paid.body, 'payments', index, 'bulk_paymentid'));
    expect(new Set(bulkIds).size).toBe(1);
    expect(bulkIds[0]).toEqual(expect.any(Number));
    expect([await owed(first), await owed(second)]).toEqual(['0.00', '40.00']);
    const ids = [0, 1].map((index) => String(at(paid.body, 'payments', index, 'id')));
    const booked = toLedger(sim.simulator).payments.filter((payment) => ids.includes(payment.id));
    expect(booked.map((payment) => payment.bulkId)).toEqual(bulkIds.map(String));
  });

  test('a payment of zero is recorded and settles nothing, one below zero is refused', async () => {
    const id = await newInvoice();
    const payment = await pay(id, '0');
    expect(await paymentOf(payment)).toMatchObject({ amount: { amount: '0.00' }, vis_state: 0 });
    expect(await owed(id)).toBe('100.00');
    expect((await sim.control('POST', '/payments', { invoiceId: id, amount: '-1' })).status).toBe(422);
  });

  test('deleted and restored, a payment opens and settles its invoice', async () => {
    const id = await newInvoice();
    const payment = await pay(id, '100');
    announced = [];
    await sim.control('POST', `/payments/${payment}/delete`);
    expect(await owed(id)).toBe('100.00');
    expect(announced).toContain(`payment.delete ${payment}`);
    expect(await edit(payment, { note: 'gone' })).toBe(422);
    await sim.control('POST', `/payments/${payment}/undelete`);
    expect(await owed(id)).toBe('0.00');
  });
});

describe('credit notes', () => {
  test('a payment from credit uses up the note and brings no new money', async () => {
    const credit = await newCredit({ amount: '60', type: 'prepayment' });
    const id = await newInvoice();
    announced = [];
    const payment = await pay(id, '40', { creditId: credit });
    expect(await paymentOf(payment)).toMatchObject({ from_credit: true, type: 'Credit', creditid: credit });
    // Funded from the start: how much of it was used, the wire never says.
    const funded = { paid: { amount: '60.00' }, payment_status: 'paid' };
    expect(await creditOf(credit)).toMatchObject(funded);
    expect(announced).toEqual([
      `payment.create ${payment}`,
      `invoice.update ${id}`,
      `credit_note.update ${credit}`,
    ]);
    expect(
      (await sim.control('POST', '/payments', { invoiceId: id, amount: '21', creditId: credit })).status,
    ).toBe(422);
    expect(await edit(payment, { amount: '60' })).toBe(200);
    expect(await creditOf(credit)).toMatchObject(funded);
    await sim.control('POST', `/payments/${payment}/delete`);
    expect(await creditOf(credit)).toMatchObject(funded);
    expect(await owed(id)).toBe('100.00');
  });

  test('what an overpayment left over pays another invoice', async () => {
    const payment = await pay(await newInvoice(), '130');
    const credit = Number(at(await paymentOf(payment), 'overpaymentid'));
    const next = await newInvoice();
    const body = { payment: { invoiceid: next, amount: { amount: '30.00' }, creditid: credit } };
    expect((await sim.call('POST', '/payments/payments', body)).status).toBe(200);
    expect(await owed(next)).toBe('70.00');
    const { credits = [], payments } = toLedger(sim.simulator);
    expect(credits.find(({ id }) => id === String(credit))).toMatchObject({
      creditType: 'overpayment',
      amount: '30.00',
      applied: '30.00',
    });
    expect(payments.find(({ id }) => id === String(payment))).toMatchObject({
      overpaymentId: String(credit),
    });
    expect(payments.at(-1)).toMatchObject({ fromCredit: true, creditId: String(credit), applied: '30.00' });
  });

  test('credit of another client or currency is refused', async () => {
    const credit = await newCredit({ amount: '60' });
    const other = await newInvoice({ clientId: await newClient() });
    const euros = await newInvoice({ currency: 'EUR' });
    for (const invoiceId of [other, euros]) {
      const refused = await sim.control('POST', '/payments', { invoiceId, amount: '10', creditId: credit });
      expect(refused.status).toBe(422);
    }
    const { credits = [] } = toLedger(sim.simulator);
    expect(credits.find(({ id }) => id === String(credit))?.applied).toBe('0.00');
  });

  test('lines make the amount; edited, used and deleted only as far as it is unused', async () => {
    const lines = [
      { name: 'Broken loaf', description: 'Batch 7', amount: '20.00' },
      { name: 'Late', amount: '5.50' },
    ];
    const credit = await newCredit({ lines, type: 'goodwill' });
    expect(await creditOf(credit)).toMatchObject({
      amount: { amount: '25.50', code: 'USD' },
      lines: [{ lineid: 1, name: 'Broken loaf', amount: { amount: '20.00' } }, { lineid: 2 }],
    });
    expect(at(await read(`/credit_notes/credit_notes/${credit}`, 'credit_notes'), 'lines')).toBeUndefined();
    const payment = await pay(await newInvoice(), '10', { creditId: credit });
    const lower = await sim.control('PUT', `/credit-notes/${credit}`, { amount: '9.99' });
    expect(lower.status).toBe(422);
    expect((await sim.control('POST', `/credit-notes/${credit}/delete`)).status).toBe(422);
    const body = {
      credit_notes: { notes: 'agreed', lines: [{ name: 'Less', amount: { amount: '12.00' } }] },
    };
    expect((await sim.call('PUT', `/credit_notes/credit_notes/${credit}`, body)).status).toBe(200);
    expect(await creditOf(credit)).toMatchObject({ amount: { amount: '12.00' }, notes: 'agreed' });
    await sim.control('POST', `/payments/${payment}/delete`);
    announced = [];
    await sim.control('POST', `/credit-notes/${credit}/delete`);
    expect(await creditOf(credit)).toMatchObject({ vis_state: 1 });
    expect(announced).toEqual([`credit_note.delete ${credit}`]);
    expect((await sim.control('POST', `/payments/${payment}/undelete`)).status).toBe(422);
  });
});
