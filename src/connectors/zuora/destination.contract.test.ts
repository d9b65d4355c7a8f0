/** Guarantees of the destination against the Zuora simulator over loopback. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Destination } from '../../core/ports.ts';
import type { Counterpart, Step } from '../../core/steps.ts';
import { ZUORA_REGIONS } from './regions.ts';
import type { TestContext } from './test-context.ts';
import { client, createAccount, createInvoice, createPayment, invoiceOf } from './test-documents.ts';
import { startTestTenant, type TestTenant } from './test-tenant.ts';

let tenant: TestTenant;
let context: TestContext;
let destination: Destination;

beforeEach(async () => {
  tenant = await startTestTenant();
  ({ context, destination } = await tenant.connect());
});
afterEach(() => tenant.close());

const send = (step: Step, idempotencyKey?: string) => tenant.send(destination, step, idempotencyKey);
const order = (path: string, body: unknown) => tenant.order(path, body);

const ada = () => createAccount(client({ address: { country: 'USA', region: 'California' } }));
const taxed = () =>
  invoiceOf('USD', [{ unitPrice: '100.10', taxes: [{ name: 'GST', ratePercent: '5' }] }], '10', 1n);

async function copyInvoice(changes: Parameters<typeof createInvoice>[1] = {}) {
  const account = (await send(ada())).counterpart;
  const step = createInvoice(taxed(), { account, ...changes });
  return { account, step, invoice: (await send(step)).counterpart };
}

const payment = (account: Counterpart, invoice: Counterpart) =>
  createPayment('40.00', 'cash', { account, invoice });

describe('the destination', () => {
  it('K1 P1 P2 account, invoice and payment are read back equal to the minor unit', async () => {
    const { account, step, invoice } = await copyInvoice();
    const copy = await destination.readBack('invoice', invoice);
    expect(copy).toMatchObject({ stage: 'posted', amount: step.invoice.total, date: '2026-03-31' });
    const paid = await send(payment(account, invoice));
    const amount = { amountMinor: 4000n, currency: 'USD' };
    expect(await destination.readBack('payment', paid.counterpart)).toMatchObject({
      stage: 'posted',
      amount,
      balance: { amountMinor: 0n, currency: 'USD' },
      date: '2026-03-02',
      applied: [{ invoiceId: invoice.id, amount }],
    });
    const { balance } = await destination.readBack('invoice', invoice);
    expect(balance.amountMinor).toBe(step.invoice.total.amountMinor - 4000n);
  });

  it('M8 a tenant without Taxation gets taxes as lines of the same total, found by the first refusal', async () => {
    await order('features', { taxation: false });
    await expect(copyInvoice()).rejects.toMatchObject({ kind: 'conflict', code: 'taxation-off' });
    expect(context.remembered.taxation).toBe('off');
    const account = (await destination.find(ada()))?.counterpart ?? { id: '', number: '' };
    const invoice = (await send(createInvoice(taxed(), { account }))).counterpart;
    expect((await destination.readBack('invoice', invoice)).amount).toEqual(taxed().total);
  });

  it('M8 with Taxation set to "on" by hand the refusal says what to do', async () => {
    await order('features', { taxation: false });
    ({ context, destination } = await tenant.connect({ taxation: 'on' }));
    await expect(copyInvoice()).rejects.toMatchObject({ kind: 'rejected', code: 'taxation-off' });
  });

  it('P16 a lost answer and the same key again give one payment', async () => {
    const { account, invoice } = await copyInvoice();
    await order('faults', { loseAnswerAfter: [{ match: 'POST payment' }] });
    const step = payment(account, invoice);
    await expect(send(step, 'same')).rejects.toMatchObject({ kind: 'ambiguous' });
    const again = await send(step, 'same');
    expect((await destination.find(step))?.counterpart).toEqual(again.counterpart);
    expect((await destination.readBack('invoice', invoice)).balance.amountMinor).toBe(5460n);
  });

  it('P16 a gateway time-out with the write done is ambiguous and found by natural key', async () => {
    const { account, invoice } = await copyInvoice();
    await order('faults', { gatewayTimeoutWithWriteDone: [{ match: 'POST payment' }] });
    const step = payment(account, invoice);
    await expect(send(step)).rejects.toMatchObject({ kind: 'ambiguous' });
    expect(await destination.find(step)).toBeDefined();
  });

  it('D6 a number taken by hand is a duplicate and never taken for our copy', async () => {
    const account = (await send(ada())).counterpart;
    const byHand = createInvoice(taxed(), { account, externalKey: 'by hand' });
    await send(byHand);
    const ours = createInvoice(taxed(), { account });
    await expect(send(ours)).rejects.toMatchObject({ kind: 'rejected', code: 'duplicate' });
    await expect(destination.find(ours)).rejects.toMatchObject({ kind: 'rejected', code: 'duplicate' });
    expect(await destination.find(byHand)).toBeDefined();
  });

  it('K11 a second account of the same number is a duplicate and is found', async () => {
    const first = await send(ada());
    await expect(send(ada())).rejects.toMatchObject({ kind: 'rejected', code: 'duplicate' });
    expect((await destination.find(ada()))?.counterpart).toEqual(first.counterpart);
  });

  it('nothing is found where nothing is', async () => {
    const { account, invoice } = await copyInvoice({ post: false });
    expect(await destination.find(createInvoice(taxed(), { account, number: 'other' }))).toBeUndefined();
    expect(await destination.find(payment(account, invoice))).toBeUndefined();
    await expect(destination.readBack('invoice', { id: '0'.repeat(32), number: 'x' })).rejects.toMatchObject({
      kind: 'conflict',
    });
  });

  it('D1 D3 a Draft is posted as the same invoice, once', async () => {
    const { invoice } = await copyInvoice({ post: false });
    const step: Step = { kind: 'post-invoice', invoice, externalKey: 'FB-ACM123-invoice-1' };
    expect((await destination.readBack('invoice', invoice)).stage).toBe('draft');
    expect(await destination.find(step)).toBeUndefined();
    expect((await send(step)).counterpart).toEqual(invoice);
    expect((await destination.find(step))?.counterpart).toEqual(invoice);
    await expect(send(step)).rejects.toMatchObject({ kind: 'conflict' });
  });

  it('K2 K3 K4 accounts are found by own number first, then by e-mail in that currency', async () => {
    const person = client({ email: 'Ada@Example.com' });
    const find = (currency: string, number = 'none') => destination.findAccounts(person, currency, number);
    expect(await find('USD')).toEqual([]);
    await send({ ...ada(), accountNumber: 'FB-x-client-1-USD' });
    await send({ ...ada(), accountNumber: 'FB-x-client-2-USD' });
    expect(await find('USD')).toHaveLength(2);
    expect(await find('EUR')).toEqual([]);
    expect(await find('USD', 'FB-x-client-2-USD')).toMatchObject([{ reason: 'external-id' }]);
  });

  it('a lock contention had no effect, and the repeat needs a new key', async () => {
    await send(ada());
    await order('faults', { lockContentionNext: 1 });
    const step = createInvoice(taxed());
    await expect(send(step, 'locked')).rejects.toMatchObject({ kind: 'transient' });
    await expect(send(step, 'locked')).rejects.toMatchObject({ kind: 'transient' });
    expect(await send(step, 'unlocked')).toBeDefined();
  });

  it('finds the region among ten, remembers it, and tells a wrong secret from an unreachable base', async () => {
    const regions = ZUORA_REGIONS.map((one) => ({
      ...one,
      baseUrl: `${tenant.simulator.url}/regions/${one.id}`,
    }));
    const found = await tenant.connect({ baseUrl: '', region: 'auto' }, regions);
    expect(await found.destination.find(ada())).toBeUndefined();
    expect(found.context.remembered.baseUrl).toBe(tenant.simulator.baseUrl);
    await order('faults', { rotateSecret: true, revokeTokens: true });
    await expect(found.destination.find(ada())).rejects.toMatchObject({ kind: 'unauthorized' });
    const closed = [{ id: 'closed', label: 'closed', baseUrl: 'http://127.0.0.1:1' }];
    const nowhere = await tenant.connect({ baseUrl: '' }, closed);
    await expect(nowhere.destination.find(ada())).rejects.toMatchObject({ kind: 'transient' });
  });

  it('a ping says in words what works and what to do about the rest', async () => {
    expect((await destination.ping()).filter((check) => !check.ok)).toEqual([]);
    await order('features', { invoiceSettlement: false, paymentMethodsEnabled: ['Other'] });
    const failed = (await destination.ping()).filter((check) => !check.ok);
    expect(failed.map((check) => check.name)).toEqual(['Invoice Settlement', 'Payment methods']);
    expect(failed.every((check) => check.fix !== undefined)).toBe(true);
    await order('faults', { rotateSecret: true, revokeTokens: true });
    const [signIn, ...more] = await destination.ping();
    expect(signIn).toMatchObject({ name: 'Sign-in', ok: true });
    expect(more.some((check) => check.fix?.includes('client secret'))).toBe(true);
  });
});
