/** Lists, single reads, payments and limits as the real API shows them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { at, type Connected, connect } from './test-kit.ts';

let sim: Connected;
let clientId: unknown;

const newInvoice = async (extra: object = {}) => {
  const answer = await sim.control('POST', '/invoices', {
    clientId,
    currency: 'USD',
    createDate: sim.simulator.books.today(),
    dueOffsetDays: 30,
    lines: [{ name: 'Design', qty: '2', unitCost: '50.00', taxes: [{ name: 'HST', percent: '13' }] }],
    send: true,
    ...extra,
  });
  return Number(at(answer.body, 'invoice', 'id'));
};
const list = async (path: string) => (await sim.call('GET', path)).body;
const total = async (path: string) => at(await list(path), 'response', 'result', 'total');
const invoiceOf = async (id: number) =>
  at((await sim.call('GET', `/invoices/invoices/${id}`)).body, 'response', 'result', 'invoice');

beforeAll(async () => {
  sim = await connect();
  const client = await sim.control('POST', '/clients', { organization: 'Alder Films', currency: 'USD' });
  clientId = at(client.body, 'client', 'id');
});
afterAll(() => sim.close());

test('lines are absent without include[]=lines, on lists and on single reads', async () => {
  const id = await newInvoice();
  expect(await invoiceOf(id)).not.toHaveProperty('lines');
  const withLines = await sim.call('GET', `/invoices/invoices/${id}?include[]=lines`);
  expect(at(withLines.body, 'response', 'result', 'invoice', 'lines', 0, 'taxAmount1')).toBe('13');
  const listed = await list('/invoices/invoices?include%5B%5D=lines');
  expect(at(listed, 'response', 'result', 'invoices', 0)).toHaveProperty('lines');
});

test('per_page is capped at 100 without a word, and defaults to 15', async () => {
  expect(at(await list('/invoices/invoices?per_page=5000'), 'response', 'result', 'per_page')).toBe(100);
  expect(at(await list('/invoices/invoices'), 'response', 'result', 'per_page')).toBe(15);
  expect((await sim.call('GET', '/invoices/invoices?per_page=x')).body).toMatchObject({
    response: { errors: [{ errno: 1013 }] },
  });
});

test('unknown filters are ignored and known ones act', async () => {
  const all = await total('/invoices/invoices');
  expect(await total('/invoices/invoices?search[payment_status]=nonsense&search[status]=99')).toBe(all);
  expect(await total('/invoices/invoices?search[customerid]=1')).toBe(0);
  expect(await total('/invoices/invoices?search[updated_min]=2999-01-01')).toBe(0);
  expect(await total(`/invoices/invoices?search[updated_min]=${sim.simulator.books.today()}`)).toBe(all);
  expect(await total(`/invoices/invoices?search[updated_max]=${sim.simulator.books.today()}`)).toBe(0);
});

test('a deleted invoice still reads 200 with vis_state 1 and is missing from lists', async () => {
  const id = await newInvoice();
  await sim.control('POST', `/invoices/${id}/delete`);
  expect(await invoiceOf(id)).toMatchObject({
    id,
    invoiceid: id,
    vis_state: 1,
    amount: { amount: '113.00' },
  });
  expect(await total(`/invoices/invoices?search[invoiceid]=${id}`)).toBe(0);
  expect(await total(`/invoices/invoices?search[invoiceid]=${id}&search[vis_state]=1`)).toBe(1);
});

test('an invoice goes from draft over sent and partial to paid, and back when the payment is deleted', async () => {
  const id = await newInvoice({ send: false });
  expect(await invoiceOf(id)).toMatchObject({ v3_status: 'draft', status: 1 });
  await sim.control('POST', `/invoices/${id}/send`);
  expect(await invoiceOf(id)).toMatchObject({ v3_status: 'sent', status: 2 });
  await sim.control('POST', '/payments', { invoiceId: id, amount: '13.00' });
  expect(await invoiceOf(id)).toMatchObject({
    v3_status: 'partial',
    status: 2,
    outstanding: { amount: '100.00' },
  });
  const paid = await sim.control('POST', '/payments', { invoiceId: id, amount: '100', type: 'VISA' });
  expect(await invoiceOf(id)).toMatchObject({
    v3_status: 'paid',
    status: 4,
    outstanding: { amount: '0.00' },
  });
  await sim.control('POST', `/payments/${String(at(paid.body, 'payment', 'id'))}/delete`);
  expect(await invoiceOf(id)).toMatchObject({ v3_status: 'partial', date_paid: null });
});

test('what is paid too much becomes an overpayment credit note', async () => {
  const id = await newInvoice();
  const answer = await sim.call('POST', '/payments/payments', {
    payment: { invoiceid: id, amount: { amount: '150.00' }, date: '2026-06-29', type: 'Check' },
  });
  const payment = at(answer.body, 'response', 'result', 'payment');
  expect(payment).toMatchObject({ amount: { amount: '113.00', code: 'USD' }, vis_state: 0 });
  const note = await sim.call('GET', `/credit_notes/credit_notes/${String(at(payment, 'overpaymentid'))}`);
  expect(at(note.body, 'response', 'result', 'credit_notes')).toMatchObject({
    credit_type: 'overpayment',
    amount: { amount: '37.00' },
  });
});

test('a PUT with vis_state drops the rest, due_date is refused, and a text status is refused', async () => {
  const id = await newInvoice();
  const path = `/invoices/invoices/${id}`;
  await sim.call('PUT', path, { invoice: { vis_state: 2, notes: 'lost' } });
  expect(await invoiceOf(id)).toMatchObject({ vis_state: 2, notes: '' });
  const dueDate = await sim.call('PUT', path, { invoice: { due_date: '2026-01-01' } });
  expect([dueDate.status, at(dueDate.body, 'response', 'errors', 0, 'errno')]).toEqual([403, 1038]);
  const status = await sim.call('PUT', path, { invoice: { status: 'sent' } });
  expect([status.status, at(status.body, 'response', 'errors', 0, 'errno')]).toEqual([422, 1015]);
});

test('unknown ids and a wrong account get 404 with errno 1012', async () => {
  const unknown = await sim.call('GET', '/invoices/invoices/1');
  expect(unknown.status).toBe(404);
  expect(unknown.body).toMatchObject({ response: { errors: [{ errno: 1012, object: 'invoice' }] } });
  const headers = { authorization: `Bearer ${sim.token}` };
  const wrong = await fetch(`${sim.url}/accounting/account/zzzzzz/invoices/invoices`, { headers });
  expect(wrong.status).toBe(404);
});

test('an invoice becomes overdue by the clock without a change of its own', async () => {
  const id = await newInvoice({ dueOffsetDays: 0 });
  const before = at(await invoiceOf(id), 'updated');
  await sim.control('POST', '/clock', { advanceMs: 86_400_000 });
  await sim.reconnect();
  expect(await invoiceOf(id)).toMatchObject({ v3_status: 'overdue', updated: before });
});

test('every answer tells the limits and the 21st call in a minute gets 429', async () => {
  const limited = await connect({ rateLimitPerMinute: 20 });
  try {
    const answers = [];
    for (let call = 0; call < 21; call += 1) answers.push(await limited.call('GET', '/users/clients'));
    expect(answers[0]?.status).toBe(200);
    expect(answers[0]?.headers.get('x-ratelimit-limit')).toBe('20');
    expect(answers[0]?.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(answers[20]?.status).toBe(429);
    expect(at((await limited.control('GET', '/ledger')).body, 'rateLimited')).toBe(1);
  } finally {
    await limited.close();
  }
});

test('faults answer as asked: HTML 502, HTTP 200 with errors, half a body, a lost answer', async () => {
  await sim.control('PUT', '/faults', { failNext: [{ match: 'LIST client', status: 502, times: 1 }] });
  const html = await sim.call('GET', '/users/clients');
  expect([html.status, html.headers.get('content-type')]).toEqual([502, 'text/html']);
  await sim.control('PUT', '/faults', { errorsWith200: 1 });
  const odd = await sim.call('GET', '/users/clients');
  expect([odd.status, at(odd.body, 'response', 'errors', 0, 'errno')]).toEqual([200, 12_001]);
  await sim.control('PUT', '/faults', { truncateBody: 1 });
  expect(typeof (await sim.call('GET', '/users/clients')).body).toBe('string');
  const before = sim.simulator.books.clients.rows.length;
  await sim.control('PUT', '/faults', { loseAnswer: { match: 'POST client', times: 1 } });
  await expect(sim.call('POST', '/users/clients', { client: { fname: 'Ada' } })).rejects.toThrow();
  expect(sim.simulator.books.clients.rows.length).toBe(before + 1);
  await sim.control('PUT', '/faults', { failNext: [{ match: '*', status: 0 }] });
  await expect(sim.call('POST', '/users/clients', { client: { fname: 'Bea' } })).rejects.toThrow();
  expect(sim.simulator.books.clients.rows.length).toBe(before + 1);
  expect((await sim.call('GET', '/users/clients')).status).toBe(200);
});

test('a kind is refused by itself, a filter is ignored by itself, and a client can be unknown while its invoices are there', async () => {
  const id = await newInvoice();
  const fault = (faults: object) => sim.control('PUT', '/faults', faults);
  const filters = ['vis_state', 'updated_min'].map((filter) => ({ kind: 'invoice', filter }));
  await fault({ refusedKinds: ['payment'], ignoredFilters: filters, unknownClients: [clientId] });
  const refused = await sim.call('GET', '/payments/payments');
  expect(refused.status).toBe(403);
  expect(refused.body).toMatchObject({ response: { errors: [{ errno: 1003 }] } });
  // Deleted ones, too.
  const everything = sim.simulator.books.invoices.rows.length;
  expect(await total('/invoices/invoices?search[vis_state]=1')).toBe(everything);
  expect(await total('/invoices/invoices?search[updated_min]=2999-01-01')).toBe(
    await total('/invoices/invoices'),
  );
  expect((await sim.call('GET', `/users/clients/${String(clientId)}`)).body).toMatchObject({
    response: { errors: [{ errno: 1012 }] },
  });
  expect(await invoiceOf(id)).toMatchObject({ organization: 'Alder Films' });
  await sim.control('DELETE', '/faults');
  expect((await sim.call('GET', '/payments/payments')).status).toBe(200);
  expect(await total('/invoices/invoices?search[updated_min]=2999-01-01')).toBe(0);
});

test('a gateway before the API answers a JSON of its own, a draft may have no lines, a currency may be in lower case', async () => {
  const fault = (faults: object) => sim.control('PUT', '/faults', faults);
  await fault({
    failNext: [{ match: 'GET invoice', status: 404, body: 'gateway' }],
    lowerCaseCurrencies: true,
  });
  const id = await newInvoice({ lines: [], send: false });
  const { status, body } = await sim.call('GET', `/invoices/invoices/${id}`);
  expect([status, body]).toEqual([404, { message: 'no Route matched with those values' }]);
  const empty = await sim.call('GET', `/invoices/invoices/${id}?include[]=lines`);
  expect(at(empty.body, 'response', 'result', 'invoice')).toMatchObject({
    lines: [],
    amount: { amount: '0.00', code: 'USD' },
    v3_status: 'draft',
  });
  expect(await list(`/users/clients?search[userid]=${String(clientId)}`)).toMatchObject({
    response: { result: { clients: [{ currency_code: 'usd' }] } },
  });
  await sim.control('DELETE', '/faults');
});
