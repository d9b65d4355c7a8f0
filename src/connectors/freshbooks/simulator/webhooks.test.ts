/** Callbacks: the handshake, signed deliveries in order, retries, and silence when unverified. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { signForm } from './signature.ts';
import { at, type Connected, connect, type Receiver, startReceiver } from './test-kit.ts';

let sim: Connected;
let receiver: Receiver;
beforeEach(async () => {
  sim = await connect();
  receiver = await startReceiver();
});
afterEach(async () => {
  await sim.close();
  await receiver.close();
});

const path = () => `/events/account/${sim.account}/events/callbacks`;

async function subscribe(event: string): Promise<string> {
  const created = await sim.call('POST', path(), { callback: { event, uri: receiver.url } });
  expect(created.body).toMatchObject({ response: { result: { callback: { event, verified: false } } } });
  const id = String(at(created.body, 'response', 'result', 'callback', 'callbackid'));
  const isOurs = (one: { fields: Map<string, string> }) =>
    one.fields.get('name') === 'callback.verify' && one.fields.get('object_id') === id;
  await receiver.waitFor((all) => all.some(isOurs));
  const verifier = receiver.received.find(isOurs)?.fields.get('verifier') ?? '';
  const verified = await sim.call('PUT', `${path()}/${id}`, { callback: { verifier } });
  expect(at(verified.body, 'response', 'result', 'callback', 'verified')).toBe(true);
  receiver.received.length = 0;
  return verifier;
}

async function newInvoice(): Promise<string> {
  const client = await sim.control('POST', '/clients', { organization: 'Cedar Press', currency: 'CAD' });
  const invoice = await sim.control('POST', '/invoices', {
    clientId: at(client.body, 'client', 'id'),
    lines: [{ unitCost: '80.00' }],
    send: true,
  });
  return String(at(invoice.body, 'invoice', 'id'));
}

const names = () => receiver.received.map((one) => one.fields.get('name'));

test('nothing is delivered before the handshake is answered with the right verifier', async () => {
  const created = await sim.call('POST', path(), { callback: { event: 'invoice', uri: receiver.url } });
  await receiver.waitFor((all) => all.length === 1);
  const id = String(at(created.body, 'response', 'result', 'callback', 'callbackid'));
  expect(receiver.received[0]?.fields.get('object_id')).toBe(id);
  const wrong = await sim.call('PUT', `${path()}/${id}`, { callback: { verifier: 'nope' } });
  expect(wrong.status).toBe(422);
  await newInvoice();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(names()).toEqual(['callback.verify']);
});

test('a bare noun hears all its verbs, in order, each signed over the received form', async () => {
  const verifier = await subscribe('invoice');
  await sim.control('PUT', '/faults', { webhookKeyOrder: 'rotate' });
  const id = await newInvoice();
  await sim.control('POST', `/invoices/${id}/send`);
  await sim.control('POST', `/invoices/${id}/delete`);
  await receiver.waitFor((all) => all.length === 3);
  expect(names()).toEqual(['invoice.create', 'invoice.update', 'invoice.delete']);
  for (const one of receiver.received) {
    expect(one.signature).toBe(signForm(one.pairs, verifier));
    expect(one.fields.get('object_id')).toBe(id);
    expect(one.fields.get('account_id')).toBe(sim.account);
  }
});

test('a payment announces itself and its invoice', async () => {
  await subscribe('invoice');
  await subscribe('payment');
  const invoiceId = await newInvoice();
  await sim.control('POST', '/payments', { invoiceId, amount: '10.00' });
  await receiver.waitFor((all) => all.length === 3);
  expect(new Set(names())).toEqual(new Set(['invoice.create', 'invoice.update', 'payment.create']));
});

test('a refused delivery is tried again', async () => {
  await subscribe('invoice.create');
  receiver.answers.push(503);
  await newInvoice();
  await receiver.waitFor((all) => all.length === 2);
  const deliveries = (await sim.control('GET', '/deliveries')).body;
  expect(at(deliveries, 'counts')).toMatchObject({ refused: 1, retried: 1, dropped: 0 });
});

test('deliveries can be doubled, lost, or switched off', async () => {
  await subscribe('invoice.create');
  await sim.control('PUT', '/faults', { webhookDuplicate: 1 });
  await newInvoice();
  await receiver.waitFor((all) => all.length === 2);
  await sim.control('PUT', '/faults', { webhookDuplicate: 0, webhookDropRate: 1 });
  await newInvoice();
  await sim.control('PUT', '/faults', { webhookDropRate: 0, webhooks: 'off' });
  await newInvoice();
  await sim.control('DELETE', '/faults');
  await newInvoice();
  await receiver.waitFor((all) => all.length === 3);
});

test('disabled callbacks read verified false and a resend revives them', async () => {
  await subscribe('invoice');
  await sim.control('PUT', '/faults', { disableCallbacks: true });
  const listed = await sim.call('GET', path());
  const callback = at(listed.body, 'response', 'result', 'callbacks', 0);
  expect(callback).toMatchObject({ verified: false });
  const one = `${path()}/${String(at(callback, 'callbackid'))}`;
  await sim.call('PUT', one, { callback: { resend: true } });
  await receiver.waitFor((all) => all.length === 1);
  const verifier = receiver.received[0]?.fields.get('verifier') ?? '';
  expect((await sim.call('PUT', one, { callback: { verifier } })).status).toBe(200);
  expect((await sim.call('DELETE', one)).status).toBe(200);
  expect((await sim.call('GET', one)).body).toMatchObject({ code: 5 });
});

test('an unknown event or a bad address is refused', async () => {
  const refused = await sim.call('POST', path(), { callback: { event: 'invoice.all', uri: 'nowhere' } });
  expect(refused.status).toBe(422);
  expect(refused.body).toMatchObject({ code: 3 });
});
