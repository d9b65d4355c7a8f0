/** What users do to invoices and clients after the first copy, as a client of the API sees it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { toLedger } from './ledger-view.ts';
import { at, type Connected, connect } from './test-kit.ts';

let sim: Connected;
let clientId: number;
let otherClientId: number;
let announced: string[];

const idIn = (answer: { body: unknown }, key: string) => Number(at(answer.body, key, 'id'));
const newClient = async (currency = 'USD') =>
  idIn(await sim.control('POST', '/clients', { organization: 'Alder Films', currency }), 'client');
const newInvoice = async (extra: object = {}) => {
  const lines = [{ name: 'Design', qty: '2', unitCost: '50.00' }];
  return idIn(await sim.control('POST', '/invoices', { clientId, lines, send: true, ...extra }), 'invoice');
};
const pay = async (invoiceId: number, amount: string, extra: object = {}) =>
  idIn(await sim.control('POST', '/payments', { invoiceId, amount, ...extra }), 'payment');
const read = async (path: string, key: string) =>
  at((await sim.call('GET', path)).body, 'response', 'result', key);
const invoiceOf = (id: number) => read(`/invoices/invoices/${id}?include[]=lines`, 'invoice');
const paymentOf = (id: number) => read(`/payments/payments/${id}`, 'payment');
const bookedInvoice = (id: number) => toLedger(sim.simulator).invoices.find((row) => row.id === String(id));
const bookedPayment = (id: number) => toLedger(sim.simulator).payments.find((row) => row.id === String(id));

beforeAll(async () => {
  sim = await connect();
  sim.simulator.books.onChange(({ name, objectId }) => announced.push(`${name} ${objectId}`));
});
afterAll(() => sim.close());
beforeEach(async () => {
  announced = [];
  await sim.control('DELETE', '/faults');
  [clientId, otherClientId] = [await newClient(), await newClient()];
});

describe('invoices', () => {
  test('an invoice moved to another client takes its payments along, unannounced', async () => {
    const id = await newInvoice();
    const paid = await pay(id, '30');
    const before = at(await paymentOf(paid), 'updated');
    announced = [];
    const moved = await sim.control('PUT', `/invoices/${id}`, { clientId: otherClientId });
    expect(at(moved.body, 'invoice', 'customerid')).toBe(otherClientId);
    expect(await paymentOf(paid)).toMatchObject({ clientid: otherClientId, updated: before });
    expect(announced).toEqual([`invoice.update ${id}`]);
    await sim.call('PUT', `/invoices/invoices/${id}`, { invoice: { customerid: clientId } });
    expect(await invoiceOf(id)).toMatchObject({ customerid: clientId, paid: { amount: '30.00' } });
    expect(bookedPayment(paid)).toMatchObject({ customer: String(clientId), applied: '30.00' });
  });

  test('an unpaid invoice changes its currency, a paid one does not', async () => {
    const id = await newInvoice();
    await sim.control('PUT', `/invoices/${id}`, { currency: 'JPY', lines: [{ unitCost: '1200' }] });
    expect(await invoiceOf(id)).toMatchObject({
      currency_code: 'JPY',
      amount: { amount: '1200', code: 'JPY' },
    });
    const paid = await pay(id, '200');
    expect((await sim.control('PUT', `/invoices/${id}`, { currency: 'USD' })).status).toBe(422);
    await sim.control('POST', `/payments/${paid}/delete`);
    const nothing = await pay(id, '0');
    expect((await sim.control('PUT', `/invoices/${id}`, { currency: 'USD' })).status).toBe(422);
    await sim.control('POST', `/payments/${nothing}/delete`);
    expect((await sim.control('PUT', `/invoices/${id}`, { currency: 'USD' })).status).toBe(200);
    expect((await sim.control('POST', `/payments/${paid}/undelete`)).status).toBe(422);
  });

  test('a number given up can be taken by another invoice, a number in use cannot', async () => {
    const [first, second] = [await newInvoice(), await newInvoice()];
    await sim.control('PUT', `/invoices/${first}`, { invoiceNumber: 'MAPLE-1' });
    expect((await sim.control('PUT', `/invoices/${second}`, { invoiceNumber: 'MAPLE-1' })).status).toBe(422);
    await sim.control('PUT', `/invoices/${first}`, { invoiceNumber: 'MAPLE-2' });
    expect((await sim.control('PUT', `/invoices/${second}`, { invoiceNumber: 'MAPLE-1' })).status).toBe(200);
    expect(await invoiceOf(first)).toMatchObject({ invoice_number: 'MAPLE-2' });
  });

  test('a paid invoice is deleted while its payment stays, and takes no further act until it is restored', async () => {
    const id = await newInvoice();
    const paid = await pay(id, '100');
    const before = at(await invoiceOf(id), 'updated');
    announced = [];
    await sim.control('POST', `/invoices/${id}/delete`);
    expect(announced).toEqual([`invoice.delete ${id}`]);
    expect(await invoiceOf(id)).toMatchObject({ vis_state: 1, updated: before, paid: { amount: '100.00' } });
    expect(await paymentOf(paid)).toMatchObject({ vis_state: 0, amount: { amount: '100.00' } });
    expect(bookedPayment(paid)).toMatchObject({ state: 'live', applied: '0.00', invoiceNumbers: [] });
    const refused = await sim.call('PUT', `/invoices/invoices/${id}`, { invoice: { notes: 'late' } });
    expect([refused.status, at(refused.body, 'response', 'errors', 0, 'errno')]).toEqual([422, 1011]);
    await sim.control('POST', `/invoices/${id}/undelete`);
    expect(announced.at(-1)).toBe(`invoice.update ${id}`);
    expect(bookedPayment(paid)).toMatchObject({ applied: '100.00' });
  });

  test.each([
    { allowBelowPaid: 'negative', outstanding: '-20.00' },
    { allowBelowPaid: 'zero', outstanding: '0.00' },
  ])('lowered below what is paid, an invoice says $outstanding where that is allowed', async (given) => {
    const id = await newInvoice();
    const [first, second] = [await pay(id, '70'), await pay(id, '30')];
    const lower = { lines: [{ unitCost: '80.00' }] };
    expect((await sim.control('PUT', `/invoices/${id}`, lower)).status).toBe(422);
    await sim.control('PUT', '/faults', { allowBelowPaid: given.allowBelowPaid });
    expect((await sim.control('PUT', `/invoices/${id}`, lower)).status).toBe(200);
    expect(await invoiceOf(id)).toMatchObject({
      v3_status: 'paid',
      paid: { amount: '100.00' },
      outstanding: { amount: given.outstanding },
    });
    expect(bookedInvoice(id)).toMatchObject({ outstanding: given.outstanding });
    expect([first, second].map((payment) => bookedPayment(payment)?.applied)).toEqual(['70.00', '10.00']);
    expect((await sim.control('PUT', `/payments/${second}`, { amount: '10' })).status).toBe(200);
    expect(await invoiceOf(id)).toMatchObject({ outstanding: { amount: '0.00' } });
  });

  test('an invoice of less than nothing can be edited while nothing is paid', async () => {
    const id = await newInvoice({ lines: [{ unitCost: '-20.00' }] });
    expect((await sim.control('PUT', `/invoices/${id}`, { notes: 'in your favour' })).status).toBe(200);
    expect(await invoiceOf(id)).toMatchObject({ outstanding: { amount: '-20.00' }, v3_status: 'sent' });
  });

  test('marked sent, viewed, disputed and resolved, an invoice owes the same', async () => {
    const id = await newInvoice({ send: false });
    announced = [];
    await sim.control('POST', `/invoices/${id}/mark-sent`);
    expect(announced).toEqual([`invoice.update ${id}`]);
    await sim.control('POST', `/invoices/${id}/view`);
    expect(await invoiceOf(id)).toMatchObject({ v3_status: 'viewed', status: 3 });
    await sim.control('POST', `/invoices/${id}/dispute`);
    expect(await invoiceOf(id)).toMatchObject({
      v3_status: 'disputed',
      status: 0,
      dispute_status: 'disputed',
    });
    await sim.control('POST', `/invoices/${id}/resolve`);
    expect(await invoiceOf(id)).toMatchObject({
      v3_status: 'resolved',
      dispute_status: 'resolved',
      outstanding: { amount: '100.00' },
    });
    await pay(id, '100');
    expect(await invoiceOf(id)).toMatchObject({ v3_status: 'paid' });
  });

  test('a recurring profile issues an invoice with its id as parent', async () => {
    const id = await newInvoice({ parent: 7701 });
    expect(await invoiceOf(id)).toMatchObject({ parent: 7701, v3_status: 'sent' });
    expect(announced).toContain(`invoice.create ${id}`);
  });

  test('archived and unarchived, an invoice stays listed and owed', async () => {
    const id = await newInvoice();
    await sim.control('POST', `/invoices/${id}/archive`);
    expect(await invoiceOf(id)).toMatchObject({ vis_state: 2, outstanding: { amount: '100.00' } });
    await sim.control('POST', `/invoices/${id}/unarchive`);
    expect(await invoiceOf(id)).toMatchObject({ vis_state: 0 });
  });

  test('a refused invoice uses up neither id nor number', async () => {
    const bad = { clientId, lines: [{ unitCost: '1', taxes: [{ name: 'HST', percent: '101' }] }] };
    const [before, refused, after] = [
      await newInvoice(),
      await sim.control('POST', '/invoices', bad),
      await newInvoice(),
    ];
    expect(refused.status).toBe(422);
    expect(after).toBe(before + 1);
    const numbers = await Promise.all([before, after].map((id) => invoiceOf(id)));
    const [first, second] = numbers.map((invoice) => Number(at(invoice, 'invoice_number')));
    expect(second).toBe((first ?? 0) + 1);
  });
});

describe('clients', () => {
  test.each([
    ['delete', 1, 'client.delete'],
    ['undelete', 0, 'client.update'],
    ['archive', 2, 'client.update'],
    ['unarchive', 0, 'client.update'],
  ])('%s sets vis_state %i and is announced as %s', async (act, visState, name) => {
    await sim.control('POST', `/clients/${clientId}/${act}`);
    expect(await read(`/users/clients/${clientId}`, 'client')).toMatchObject({ vis_state: visState });
    expect(announced).toContain(`${name} ${clientId}`);
  });

  test('a deleted client gets no new invoice', async () => {
    const id = await newInvoice();
    await sim.control('POST', `/clients/${otherClientId}/delete`);
    const moved = await sim.control('PUT', `/invoices/${id}`, { clientId: otherClientId });
    expect([moved.status, at(moved.body, 'response', 'errors', 0, 'errno')]).toEqual([422, 1011]);
    expect(await invoiceOf(id)).toMatchObject({ customerid: clientId });
  });
});
