/** Guarantees of the mapping tables against the Zuora simulator over loopback. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { client, createAccount, createInvoice, createPayment, invoiceOf } from './test-documents.ts';
import { startTestTenant, type TestTenant } from './test-tenant.ts';

let tenant: TestTenant;
beforeEach(async () => void (tenant = await startTestTenant()));
afterEach(() => tenant.close());

const PO = { customFields: 'poNumber=PoNumber__c' };
const withPo = (poNumber: string) => ({ ...invoiceOf('USD', [{ unitPrice: '100' }]), poNumber });

async function connected(settings: Record<string, string>) {
  const { destination } = await tenant.connect(settings);
  const account = (await tenant.send(destination, createAccount(client({})))).counterpart;
  return { destination, account };
}

const books = () => tenant.simulator.tenant.books;
const features = (change: object) => tenant.order('features', change);
const customFields = (...invoice: string[]) => features({ customFields: { invoice } });

it('a mapped method and a mapped text arrive', async () => {
  await customFields('PoNumber__c');
  const { destination, account } = await connected({ ...PO, paymentMethods: 'cash=WireTransfer' });
  const invoice = (await tenant.send(destination, createInvoice(withPo('PO-1'), { account }))).counterpart;
  const payment = (await tenant.send(destination, createPayment('10', 'cash', { account, invoice })))
    .counterpart;
  expect(books().invoices.get(invoice.id)?.fields).toEqual({ PoNumber__c: 'PO-1' });
  expect(books().findPayment(payment.id)?.methodType).toBe('WireTransfer');
});

it('an unknown field is refused, and the refusal names the setting', async () => {
  const { destination, account } = await connected(PO);
  await expect(tenant.send(destination, createInvoice(withPo('PO-1'), { account }))).rejects.toMatchObject({
    kind: 'rejected',
    field: 'PoNumber__c',
    message: expect.stringMatching(/Create PoNumber__c .* customFields\. Then replay/),
  });
  expect(books().invoices.size).toBe(0);
});

it('a mapped method that is not enabled is refused, and the refusal names the setting', async () => {
  await features({ paymentMethodsEnabled: ['Cash'] });
  const { destination, account } = await connected({ paymentMethods: 'cash=WireTransfer' });
  const invoice = (await tenant.send(destination, createInvoice(withPo(''), { account }))).counterpart;
  await expect(
    tenant.send(destination, createPayment('10', 'cash', { account, invoice })),
  ).rejects.toMatchObject({ kind: 'rejected', message: expect.stringContaining('paymentMethods') });
});

it('whether a change of texts was done is told by what was sent then, not by the present table', async () => {
  await customFields('PoNumber__c');
  const { destination, account } = await connected(PO);
  const create = createInvoice(withPo('PO-1'), { account });
  const invoice = (await tenant.send(destination, create)).counterpart;
  const step = {
    kind: 'change-texts',
    invoice,
    externalKey: create.externalKey,
    from: { ...create.invoice, poNumber: '' },
  } as const;
  const sent = destination.toRequest(step);
  if (!sent.ok) throw new Error('cannot be mapped');
  const today = (await tenant.connect({})).destination;
  expect(await today.find(step, sent.value)).toBeUndefined();
  await tenant.send(destination, step);
  expect(books().invoices.get(invoice.id)?.fields).toEqual({ PoNumber__c: '' });
  expect((await today.find(step, sent.value))?.counterpart).toEqual(invoice);
});

it('a natural key is met whatever the tables say by now', async () => {
  await customFields('PoNumber__c');
  const { destination, account } = await connected(PO);
  const create = createInvoice(withPo('PO-1'), { account });
  const invoice = (await tenant.send(destination, create)).counterpart;
  const pay = createPayment('10', 'cash', { account, invoice });
  const payment = (await tenant.send(destination, pay)).counterpart;
  const today = (await tenant.connect({ paymentMethods: 'cash=Other', taxCodes: 'a=b' })).destination;
  expect((await today.find(create))?.counterpart).toEqual(invoice);
  expect((await today.find(pay))?.counterpart).toEqual(payment);
});
