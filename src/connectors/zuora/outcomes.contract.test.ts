/** Guarantees of what a step ends in where a tenant, a gateway or the edge answers otherwise than the first page says. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ACCOUNT_GONE, NOT_SERVED } from '../../core/errors.ts';
import type { Destination } from '../../core/ports.ts';
import type { Counterpart, Step, StepOf } from '../../core/steps.ts';
import type { TestContext } from './test-context.ts';
import {
  client,
  createAccount,
  createCredit,
  createInvoice,
  createPayment,
  invoiceOf,
} from './test-documents.ts';
import { startTestTenant, type TestTenant } from './test-tenant.ts';

const KEY = 'FB-ACM123-invoice-1';
const ON = '2026-11-10';

let tenant: TestTenant;
let context: TestContext;
let destination: Destination;
let account: Counterpart;

beforeEach(async () => {
  tenant = await startTestTenant();
  ({ context, destination } = await tenant.connect());
  account = (await send(createAccount(client({})))).counterpart;
});
afterEach(() => tenant.close());

const send = (step: Step) => tenant.send(destination, step);
const absent = (...absentEndpoints: string[]) => tenant.order('features', { absentEndpoints });
const fail = (fault: Record<string, unknown>) =>
  tenant.order('faults', { failNext: [{ times: 1, ...fault }] });
const stateOf = (number: string) => tenant.ledger().invoices.find((one) => one.number === number)?.state;

async function draft(changes: Partial<StepOf<'create-invoice'>> = {}) {
  const invoice = invoiceOf('USD', [{ unitPrice: '100' }]);
  return (await send(createInvoice(invoice, { account, post: false, ...changes }))).counterpart;
}
const postOf = (invoice: Counterpart): Step => ({ kind: 'post-invoice', invoice, externalKey: KEY });
const lastCall = () => context.calls.at(-1)?.call;

describe('posting', () => {
  it('D3 goes by the documented call, without a key: a remembered answer would hide that it is a draft again', async () => {
    const invoice = await draft();
    await send(postOf(invoice));
    expect(lastCall()).toBe('POST invoice bulk-post');
    await send({ kind: 'unpost-invoice', invoice, externalKey: KEY });
    await tenant.send(destination, postOf(invoice), 'the same key');
    await send({ kind: 'unpost-invoice', invoice, externalKey: KEY });
    await tenant.send(destination, postOf(invoice), 'the same key');
    expect(stateOf(invoice.number)).toBe('posted');
  });

  it.each([
    ['POST invoice bulk-post', 'post', 'PUT invoice post', 'auto'],
    ['PUT invoice post', 'bulk-post', 'POST invoice bulk-post', 'post'],
  ])(
    'D3 a tenant without %s is posted by the other way, which is remembered',
    async (missing, other, call, posting) => {
      await absent(missing);
      ({ context, destination } = await tenant.connect({ posting }));
      const invoice = await draft();
      await expect(send(postOf(invoice))).rejects.toMatchObject({
        kind: 'conflict',
        code: 'posting-unknown',
      });
      expect(context.remembered.posting).toBe(other);
      await send(postOf(invoice));
      expect(lastCall()).toBe(call);
      expect(stateOf(invoice.number)).toBe('posted');
      ({ context, destination } = await tenant.connect(context.remembered));
      await send(postOf(await draft({ number: 'second', externalKey: 'second' })));
      expect(lastCall()).toBe(call);
    },
  );

  it('D3 a tenant that knows neither way is told as such, and the draft as a draft', async () => {
    await absent('POST invoice bulk-post', 'PUT invoice post');
    const invoice = await draft();
    await expect(send(postOf(invoice))).rejects.toMatchObject({ kind: 'conflict' });
    await expect(send(postOf(invoice))).rejects.toMatchObject({
      kind: 'rejected',
      code: 'posting-unknown',
      message: expect.stringMatching(
        /knows neither PUT .* nor POST .*bulk-post, so .* still a draft.*Post it in Zuora/,
      ),
    });
  });

  it('D3 a gateway that has no route proves nothing of the tenant, and changes no way', async () => {
    const invoice = await draft();
    await fail({ match: 'POST invoice bulk-post', status: 404, body: 'no-route' });
    await expect(send(postOf(invoice))).rejects.toMatchObject({ kind: 'transient', code: NOT_SERVED });
    expect(context.remembered.posting).toBeUndefined();
    await send(postOf(invoice));
    expect(lastCall()).toBe('POST invoice bulk-post');
  });

  it('D9 what one invoice was refused for inside an answer that says "success" is read', async () => {
    const invoice = await draft();
    await tenant.order('closed-periods', { periods: ['2026-03'] });
    await expect(send(postOf(invoice))).rejects.toMatchObject({ kind: 'rejected', code: 'closed-period' });
    await tenant.order('closed-periods', { periods: [] });
    await send(postOf(invoice));
    await expect(send(postOf(invoice))).rejects.toMatchObject({ kind: 'conflict' });
    await expect(send(postOf({ id: '0'.repeat(32), number: 'none' }))).rejects.toMatchObject({
      kind: 'conflict',
    });
  });
});

describe('other calls that a tenant may not know', () => {
  it('E3 a tenant without unposting is remembered, and the plan is made again', async () => {
    await absent('PUT invoice unpost');
    const invoice = await draft({ post: true });
    const step: Step = { kind: 'unpost-invoice', invoice, externalKey: KEY };
    await expect(send(step)).rejects.toMatchObject({ kind: 'conflict', code: 'unposting-off' });
    expect(context.remembered.unposting).toBe('off');
  });

  it('X1 where nothing cancels a draft that may not be deleted, a person is told what to do', async () => {
    await absent('PUT invoice cancel');
    const invoice = await draft();
    await expect(send({ kind: 'cancel-invoice', invoice, externalKey: KEY })).rejects.toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('cancel or delete it in Zuora'),
    });
  });
});

describe('accounts', () => {
  it.each([
    ['an invoice', () => createInvoice(invoiceOf('USD', [{ unitPrice: '1' }]), { account })],
    [
      'a payment',
      () => createPayment('5', 'cash', { account, invoice: { id: '0'.repeat(32), number: 'x' } }),
    ],
    ['a credit', () => createCredit('5', { account })],
    ['a change of its own', (): Step => ({ kind: 'update-account', account, client: client({}) })],
  ])('K10 a deleted account is told as gone by %s', async (_what, stepOf) => {
    await draft();
    await tenant.byHand('DELETE', `/v1/accounts/${account.id}`);
    await expect(send(stepOf())).rejects.toMatchObject({ kind: 'conflict', code: ACCOUNT_GONE });
  });

  it('K10 an account that is there after all is no refusal: the plan is made again', async () => {
    await fail({
      match: 'POST invoice',
      status: 400,
      code: 58_490_020,
      message: 'No account is found with accountId x',
    });
    const step = createInvoice(invoiceOf('USD', [{ unitPrice: '1' }]), { account });
    await expect(send(step)).rejects.toMatchObject({
      kind: 'conflict',
      code: '58490020',
    });
  });
});

describe('payments', () => {
  it('P8 a payment that somebody has moved is read again, and is no taken number', async () => {
    const payment = (await send({ ...createPayment('5', 'cash', { account }), apply: [] })).counterpart;
    const message = 'Another transaction has already been entered for this transaction.';
    await fail({ match: 'PUT payment', status: 200, code: 66_000_030, message });
    await expect(send({ kind: 'cancel-payment', payment })).rejects.toMatchObject({
      kind: 'conflict',
      code: '66000030',
    });
  });

  it('P1 a key that was used with another body is looked up', async () => {
    const step = { ...createPayment('5', 'cash', { account }), apply: [] };
    await tenant.send(destination, step, 'key');
    const other = { ...step, bookedOn: '2026-03-05' };
    await expect(tenant.send(destination, other, 'key')).rejects.toMatchObject({
      kind: 'ambiguous',
      code: '422',
    });
  });
});

describe('reads that lag behind', () => {
  it('X2 a reversal whose answer was lost is found by its memo while the invoice does not show it yet', async () => {
    await tenant.order('features', { readLagMs: 60_000 });
    const invoice = await draft({ post: true });
    const step: Step = { kind: 'reverse-invoice', invoice, externalKey: KEY, on: ON };
    expect(await destination.find(step)).toBeUndefined();
    await send(step);
    expect((await destination.readBack('invoice', invoice)).stage).toBe('posted');
    expect((await destination.find(step))?.counterpart).toEqual(invoice);
  });

  it('X1 an invoice that is deleted and still shown is not refused to be deleted again', async () => {
    await tenant.order('features', { readLagMs: 60_000 });
    const invoice = await draft();
    const step: Step = { kind: 'delete-invoice', invoice, externalKey: KEY };
    await send(step);
    expect((await destination.readBack('invoice', invoice)).stage).toBe('draft');
    expect(await destination.find(step)).toBeUndefined();
    expect((await send(step)).counterpart).toEqual(invoice);
  });
});

it('a wrong entity is of the connection, whatever the record', async () => {
  await fail({ match: 'POST invoice', times: 2, status: 403, code: 90_000_020, message: 'bad entity' });
  await expect(draft()).rejects.toMatchObject({ kind: 'unauthorized' });
});

it('a write that is limited under 5xx waits as long, and closes the budget', async () => {
  await fail({
    match: 'POST invoice',
    status: 503,
    body: 'message',
    message: 'request exceeded limit',
    retryAfter: 7,
  });
  await expect(draft()).rejects.toMatchObject({ kind: 'ambiguous', until: expect.any(Number) });
  expect(context.hints.at(-1)).toMatchObject({ rateRefused: true });
});
