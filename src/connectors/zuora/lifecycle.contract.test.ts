/** Guarantees of every step that changes or undoes a copy: done once, seen to be done, and refused where it cannot be. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CanonicalInvoice } from '../../core/canonical.ts';
import { parseMoney } from '../../core/money.ts';
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
const usd = (text: string) => parseMoney(text, 'USD');

let tenant: TestTenant;
let context: TestContext;
let destination: Destination;
let account: Counterpart;

beforeEach(async () => {
  tenant = await startTestTenant();
  ({ context, destination } = await tenant.connect());
  account = (await send(createAccount(client({ address: { city: 'Paris', country: 'France' } }))))
    .counterpart;
});
afterEach(() => tenant.close());

const send = (step: Step, key?: string) => tenant.send(destination, step, key);

/** Not there before, there afterwards, and found to be the same that sending it gave. */
async function once(step: Step): Promise<Counterpart> {
  expect(await destination.find(step), `${step.kind} before`).toBeUndefined();
  const { counterpart } = await send(step);
  expect((await destination.find(step))?.counterpart, `${step.kind} after`).toEqual(counterpart);
  return counterpart;
}

const untaxed = () => invoiceOf('USD', [{ unitPrice: '100' }]);

async function copy(changes: Partial<StepOf<'create-invoice'>> = {}, invoice: CanonicalInvoice = untaxed()) {
  return (await send(createInvoice(invoice, { account, ...changes }))).counterpart;
}

async function pay(invoice: Counterpart, amount: string) {
  return (await send(createPayment(amount, 'cash', { account, invoice }))).counterpart;
}

describe('accounts', () => {
  it('K7 account and contact follow in one call, what is gone is emptied, and no customer e-mail is switched on', async () => {
    const changed = client({
      organization: 'Lovelace Ltd',
      email: 'new@example.com',
      address: { country: 'Canada', region: 'Ontario' },
    });
    const step: Step = { kind: 'update-account', account, client: changed };
    expect(await once(step)).toEqual(account);
    const { accounts, contacts } = tenant.simulator.tenant.books;
    const kept = accounts.get(account.id);
    expect(kept).toMatchObject({ name: 'Lovelace Ltd', emailInvoices: false });
    const contact = { workEmail: 'new@example.com', city: '', country: 'CA', state: 'ON' };
    expect(contacts.get(kept?.billToId ?? '')?.fields).toMatchObject(contact);
    expect(await destination.findAccount(account.number)).toMatchObject({
      id: account.id,
      reason: 'by-hand',
    });
    expect(await destination.findAccount('nobody')).toBeUndefined();
  });
});

describe('invoices', () => {
  it('D2 the lines of a draft are replaced in one call, discounts included', async () => {
    const invoice = await copy(
      { post: false },
      invoiceOf('USD', [{ unitPrice: '100' }, { unitPrice: '5' }], '10'),
    );
    const { itemIds } = await destination.readInvoiceParts(invoice);
    expect(itemIds).toHaveLength(2);
    const next = invoiceOf('USD', [{ quantity: '2.5', unitPrice: '10' }, { unitPrice: '7' }], '50');
    const { breakdown } = createInvoice(next);
    const step: Step = {
      kind: 'replace-lines',
      invoice,
      from: next,
      breakdown,
      externalKey: KEY,
      itemIds,
      bookedOn: next.issuedOn,
    };
    await once(step);
    const state = await destination.readBack('invoice', invoice);
    expect(state).toMatchObject({ amount: next.total, balance: next.total, stage: 'draft' });
    await expect(send(step)).rejects.toMatchObject({ kind: 'rejected' });
  });

  it('E3 M8 taxed lines are replaced as ordinary lines without Taxation, and are a problem with it', async () => {
    const taxed = invoiceOf('USD', [{ unitPrice: '10', taxes: [{ name: 'GST', ratePercent: '5' }] }]);
    const invoice = await copy({ post: false });
    const { itemIds } = await destination.readInvoiceParts(invoice);
    const { breakdown } = createInvoice(taxed);
    const step: Step = {
      kind: 'replace-lines',
      invoice,
      from: taxed,
      breakdown,
      externalKey: KEY,
      itemIds,
      bookedOn: taxed.issuedOn,
    };
    expect((await destination.facts()).taxedLinesReplaceable).toBe(false);
    expect(destination.toRequest(step)).toMatchObject({ ok: false, problems: [{ field: 'lines.taxes' }] });
    ({ destination } = await tenant.connect({ taxation: 'off' }));
    expect((await destination.facts()).taxedLinesReplaceable).toBe(true);
    await once(step);
    expect((await destination.readBack('invoice', invoice)).amount).toEqual(taxed.total);
  });

  it('E1 E2 dates and texts of a draft follow, each in a call of its own', async () => {
    const invoice = await copy({ post: false });
    await once({ kind: 'change-due-date', invoice, externalKey: KEY, dueOn: '2026-05-01' });
    await once({ kind: 'change-invoice-date', invoice, externalKey: KEY, bookedOn: '2026-03-05' });
    const from = { ...untaxed(), poNumber: 'P7', notes: 'Thank you 🙏', terms: 'x'.repeat(300) };
    await once({ kind: 'change-texts', invoice, externalKey: KEY, from });
    const state = await destination.readBack('invoice', invoice);
    expect(state).toMatchObject({ date: '2026-05-01', issuedOn: '2026-03-05' });
    expect(state.comment).toMatch(/^FB-ACM123-invoice-1 \| PO P7 \| Thank you \| x+$/);
    expect(state.comment).toHaveLength(255);
    expect(tenant.ledger().invoices).toMatchObject([{ reference: KEY }]);
    expect(await destination.find(createInvoice(untaxed(), { account }))).toBeDefined();
  });

  it('E1 texts of a posted invoice are updated in place; its dates are refused', async () => {
    const invoice = await copy();
    await once({ kind: 'change-texts', invoice, externalKey: KEY, from: { ...untaxed(), notes: 'late' } });
    const step: Step = { kind: 'change-due-date', invoice, externalKey: KEY, dueOn: '2026-06-01' };
    await expect(destination.find(step)).rejects.toMatchObject({ kind: 'conflict' });
    await expect(send(step)).rejects.toMatchObject({ kind: 'conflict' });
  });

  it('E3 an unpaid invoice goes back to draft and is posted again under its number', async () => {
    const invoice = await copy();
    await once({ kind: 'unpost-invoice', invoice, externalKey: KEY });
    expect((await destination.readBack('invoice', invoice)).stage).toBe('draft');
    await once({ kind: 'post-invoice', invoice, externalKey: KEY });
    await pay(invoice, '1');
    await expect(send({ kind: 'unpost-invoice', invoice, externalKey: KEY })).rejects.toMatchObject({
      kind: 'rejected',
    });
  });

  it('E3 a tenant that forbids unposting is remembered, and the plan is made again', async () => {
    await tenant.order('features', { unposting: 'forbidden' });
    const invoice = await copy();
    const step: Step = { kind: 'unpost-invoice', invoice, externalKey: KEY };
    expect((await destination.facts()).unposting).toBe(true);
    await expect(send(step)).rejects.toMatchObject({ kind: 'conflict', code: 'unposting-off' });
    expect(context.remembered.unposting).toBe('off');
    expect((await destination.facts()).unposting).toBe(false);
    ({ destination } = await tenant.connect({ unposting: 'on' }));
    await expect(send(step)).rejects.toMatchObject({ kind: 'rejected', code: 'unposting-off' });
  });

  it('E3 a business rule against unposting is a refusal of this invoice only', async () => {
    await tenant.order('features', { unposting: 'latest-only' });
    const invoice = await copy();
    await copy({ number: 'later', externalKey: 'later', bookedOn: '2026-03-09' });
    await expect(send({ kind: 'unpost-invoice', invoice, externalKey: KEY })).rejects.toMatchObject({
      kind: 'rejected',
    });
    expect(context.remembered.unposting).toBeUndefined();
  });

  it('X2 X5 a reversed invoice is told from a paid one, keeps its number, and is issued anew with a suffix', async () => {
    const invoice = await copy();
    await once({ kind: 'reverse-invoice', invoice, externalKey: KEY, on: ON });
    expect(await destination.readBack('invoice', invoice)).toMatchObject({
      stage: 'reversed',
      balance: usd('0'),
    });
    await expect(destination.find(createInvoice(untaxed(), { account }))).rejects.toMatchObject({
      code: 'duplicate',
    });
    const number = destination.toInvoiceNumber({ number: '0000001', externalKey: KEY, generation: 1 });
    const again = await copy({ number, generation: 1 });
    expect(again.number).toBe('0000001-R1');
    await pay(again, '100');
    expect((await destination.readBack('invoice', again)).stage).toBe('posted');
    expect(tenant.ledger().invoices.map(({ state }) => state)).toEqual(['reversed', 'posted']);
  });

  it('X2 a settled invoice is not reversed, and a reversal where a draft is is a conflict', async () => {
    const invoice = await copy();
    await pay(invoice, '5');
    const step: Step = { kind: 'reverse-invoice', invoice, externalKey: KEY, on: ON };
    await expect(send(step)).rejects.toMatchObject({ kind: 'rejected' });
    const draft = await copy({ number: 'draft', externalKey: 'draft', post: false });
    await expect(destination.find({ ...step, invoice: draft })).rejects.toMatchObject({ kind: 'conflict' });
  });

  it('X1 a deleted draft is gone and its number is free', async () => {
    const invoice = await copy({ post: false });
    const step: Step = { kind: 'delete-invoice', invoice, externalKey: KEY };
    await once(step);
    await expect(destination.readBack('invoice', invoice)).rejects.toMatchObject({ kind: 'conflict' });
    expect(await destination.findInvoice('0000001')).toBeUndefined();
    const again = await copy({});
    expect(again.number).toBe('0000001');
    expect(await destination.findInvoice('0000001')).toMatchObject({
      counterpart: again,
      accountId: account.id,
    });
    await expect(send({ ...step, invoice: again })).rejects.toMatchObject({ kind: 'rejected' });
  });

  it('X1 a draft that the tenant does not let be deleted is cancelled first', async () => {
    tenant.simulator.tenant.features.deleteDraftInvoices = false;
    const invoice = await copy({ post: false });
    const gone: Step = { kind: 'delete-invoice', invoice, externalKey: KEY };
    await expect(send(gone)).rejects.toMatchObject({ kind: 'rejected' });
    const cancel: Step = { kind: 'cancel-invoice', invoice, externalKey: KEY };
    await once(cancel);
    expect(await destination.readBack('invoice', invoice)).toMatchObject({ stage: 'cancelled' });
    await once(gone);
    const posted = await copy({});
    await expect(send({ ...cancel, invoice: posted })).rejects.toMatchObject({ kind: 'conflict' });
    tenant.simulator.tenant.features.deleteDraftInvoices = true;
  });

  it('E11 a difference is a memo found by its mark: a credit settles the invoice, a debit is owed beside it', async () => {
    const invoice = await copy({}, invoiceOf('USD', [{ unitPrice: '60' }, { unitPrice: '40' }]));
    const { items } = await destination.readInvoiceParts(invoice);
    const base = { kind: 'adjust-invoice', invoice, externalKey: KEY, items, on: ON } as const;
    const credit = await once({ ...base, direction: 'credit', amount: usd('75'), mark: `${KEY}-memo-1` });
    await once({ ...base, direction: 'debit', amount: usd('5'), mark: `${KEY}-memo-2` });
    expect((await destination.readBack('invoice', invoice)).balance).toEqual(usd('25'));
    expect((await destination.readInvoiceParts(invoice)).settledBy).toEqual([
      { kind: 'credit', counterpart: credit, amount: usd('75'), date: ON, mark: `${KEY}-memo-1` },
    ]);
    expect(tenant.ledger()).toMatchObject({
      credits: [{ reference: `${KEY}-memo-1`, amount: '75.00', applied: '75.00' }],
      debits: [{ reference: `${KEY}-memo-2`, amount: '5.00', outstanding: '5.00' }],
    });
    const left = (await destination.readInvoiceParts(invoice)).items.map(({ amount }) => amount);
    expect(left).toEqual([usd('0'), usd('25')]);
  });

  it('D9 C3 a closed period is told by its code, and read beforehand', async () => {
    await tenant.order('closed-periods', { periods: ['2026-03'] });
    await expect(copy()).rejects.toMatchObject({ kind: 'rejected', code: 'closed-period' });
    expect(await destination.facts()).toMatchObject({
      today: '2026-11-10',
      closedPeriods: [{ from: '2026-03-01', to: '2026-03-31' }],
      credits: true,
      paymentTerms: [
        { name: 'Due Upon Receipt', days: 0 },
        { name: 'Net 30', days: 30 },
        { days: 60 },
        { days: 90 },
      ],
    });
  });

  it('D9 what nobody may read is unknown and no error', async () => {
    await tenant.order('features', { deniedPaths: ['/v1/accounting-periods', '/settings'] });
    ({ destination } = await tenant.connect({ timeZone: 'Asia/Tokyo', creditChargeId: '' }));
    expect(await destination.facts()).toMatchObject({
      today: '2026-11-11',
      closedPeriods: [],
      paymentTerms: [],
      credits: false,
    });
    ({ destination } = await tenant.connect({ timeZone: 'Mars' }));
    await expect(destination.facts()).rejects.toMatchObject({ kind: 'rejected', field: 'timeZone' });
  });
});

describe('payments', () => {
  it('P5 P12 cash that is not applied stays on the payment, and is applied and unapplied later', async () => {
    const invoice = await copy();
    const other = await copy({ number: 'other', externalKey: 'other' });
    const payment = (await send({ ...createPayment('150', 'check', { account, invoice }), apply: [] }))
      .counterpart;
    expect(await destination.readBack('payment', payment)).toMatchObject({
      balance: usd('150'),
      applied: [],
    });
    await once({ kind: 'apply-payment', payment, invoice, amount: usd('100'), on: ON });
    await once({ kind: 'apply-payment', payment, invoice: other, amount: usd('20'), on: ON });
    const more: Step = {
      kind: 'apply-payment',
      payment,
      invoice: other,
      amount: usd('30'),
      after: usd('50'),
      on: ON,
    };
    await once(more);
    await once({
      kind: 'unapply-payment',
      payment,
      invoice: other,
      amount: usd('10'),
      after: usd('40'),
      on: ON,
    });
    await expect(destination.find(more)).rejects.toMatchObject({ kind: 'conflict' });
    await once({ kind: 'unapply-payment', payment, invoice, amount: usd('100'), on: ON });
    expect((await destination.readInvoiceParts(other)).settledBy).toEqual([
      expect.objectContaining({ kind: 'payment', counterpart: payment, amount: usd('40') }),
    ]);
    const tooMuch: Step = { kind: 'apply-payment', payment, invoice, amount: usd('111'), on: ON };
    await expect(send(tooMuch)).rejects.toMatchObject({ kind: 'rejected' });
  });

  it('P8 P10 a payment is cancelled once nothing is applied, and its key is free for another', async () => {
    const invoice = await copy();
    const payment = await pay(invoice, '40');
    const cancel: Step = { kind: 'cancel-payment', payment };
    await expect(send(cancel)).rejects.toMatchObject({ kind: 'rejected' });
    await send({ kind: 'unapply-payment', payment, invoice, amount: usd('40'), on: ON });
    await once(cancel);
    expect(await destination.readBack('payment', payment)).toMatchObject({
      stage: 'cancelled',
      balance: usd('0'),
    });
    expect(await destination.find(createPayment('40', 'cash', { account, invoice }))).toBeUndefined();
    await expect(
      destination.find({ kind: 'transfer-payment', payment, account: { id: 'x', number: 'x' }, on: ON }),
    ).rejects.toMatchObject({ kind: 'conflict' });
    expect(await once(createPayment('41', 'cash', { account, invoice }))).not.toEqual(payment);
  });

  it('P9 a note is the comment', async () => {
    const invoice = await copy();
    const { payment: from, ...step } = createPayment('40', 'cash', { account, invoice });
    const payment = (await send({ ...step, payment: from })).counterpart;
    await once({
      kind: 'update-payment',
      payment,
      externalKey: step.externalKey,
      from: { ...from, note: 'changed' },
    });
    expect((await destination.readBack('payment', payment)).comment).toBe('Cash: changed');
  });

  it('E6 an unapplied payment moves to another account', async () => {
    const target = (await send({ ...createAccount(client({})), accountNumber: 'FB-other' })).counterpart;
    const invoice = await copy();
    const payment = await pay(invoice, '40');
    const step: Step = { kind: 'transfer-payment', payment, account: target, on: ON };
    await expect(send(step)).rejects.toMatchObject({ kind: 'rejected' });
    await send({ kind: 'unapply-payment', payment, invoice, amount: usd('40'), on: ON });
    await once(step);
    expect((await destination.readBack('payment', payment)).accountId).toBe(target.id);
  });

  it('P11 P16 a refund comes out of the unapplied part, is found by its mark after a lost answer, and can be cancelled', async () => {
    const invoice = await copy();
    const payment = (await send({ ...createPayment('150', 'check', { account, invoice }), apply: [] }))
      .counterpart;
    const refundOf = (amount: string, mark: string): Step => {
      return { kind: 'refund-payment', payment, amount: usd(amount), method: 'check', mark, on: ON };
    };
    await expect(send(refundOf('151', 'r0'))).rejects.toMatchObject({ kind: 'rejected' });
    await once(refundOf('30', 'r1'));
    await tenant.order('faults', { loseAnswerAfter: [{ match: 'POST refund' }] });
    await expect(send(refundOf('20', 'r2'))).rejects.toMatchObject({ kind: 'ambiguous' });
    const refund = (await destination.find(refundOf('20', 'r2')))?.counterpart ?? { id: '', number: '' };
    expect((await destination.listRefunds(payment)).map(({ amount }) => amount)).toEqual([
      usd('20'),
      usd('30'),
    ]);
    expect(await destination.readBack('payment', payment)).toMatchObject({
      refunded: usd('50'),
      balance: usd('100'),
    });
    await once({ kind: 'cancel-refund', payment, refund });
    expect(await destination.listRefunds(payment)).toHaveLength(1);
    expect(await destination.find(refundOf('20', 'r2'))).toBeUndefined();
  });
});

describe('credits', () => {
  it('C1 C3 C4 a credit is posted, applied, unapplied, unposted and cancelled', async () => {
    const invoice = await copy();
    const create = createCredit('30', { account });
    const credit = await once(create);
    expect(credit.number).toBe('CN-1');
    await once({ kind: 'apply-credit', credit, invoice, amount: usd('25'), on: ON });
    expect(await destination.readBack('credit', credit)).toMatchObject({
      stage: 'posted',
      amount: usd('30'),
      balance: usd('5'),
      comment: `${create.externalKey} | for the trouble`,
      applied: [{ invoiceId: invoice.id, amount: usd('25') }],
    });
    const unpost: Step = { kind: 'unpost-credit', credit };
    await expect(send(unpost)).rejects.toMatchObject({ kind: 'rejected' });
    await once({ kind: 'unapply-credit', credit, invoice, amount: usd('25'), on: ON });
    await expect(destination.find({ kind: 'cancel-credit', credit })).rejects.toMatchObject({
      kind: 'conflict',
    });
    await once(unpost);
    await once({ kind: 'cancel-credit', credit });
    expect((await destination.readBack('credit', credit)).stage).toBe('cancelled');
    await expect(destination.find(create)).rejects.toMatchObject({ code: 'duplicate' });
    await once({
      ...create,
      number: destination.toCreditNumber({ number: 'CN-1', externalKey: create.externalKey, generation: 1 }),
    });
  });

  it('C2 without a charge a credit is a problem that names the setting', async () => {
    ({ destination } = await tenant.connect({ creditChargeId: '' }));
    expect(destination.toRequest(createCredit('30', { account }))).toMatchObject({
      ok: false,
      problems: [{ field: 'creditChargeId' }],
    });
  });

  it('C1 a number that somebody else took is a duplicate', async () => {
    await send(createCredit('30', { account, externalKey: 'by hand' }));
    const ours = createCredit('30', { account });
    await expect(send(ours)).rejects.toMatchObject({ kind: 'rejected', code: 'duplicate' });
    await expect(destination.find(ours)).rejects.toMatchObject({ kind: 'rejected', code: 'duplicate' });
  });
});

describe('people at work in the tenant', () => {
  it('E12 what somebody did by hand shows when the copy is read back', async () => {
    const invoice = await copy();
    const payment = await pay(invoice, '40');
    await tenant.byHand('PUT', `/v1/payments/${payment.id}/unapply`);
    await tenant.byHand('PUT', `/v1/invoices/${invoice.id}/unpost`);
    expect(await destination.readBack('invoice', invoice)).toMatchObject({
      stage: 'draft',
      balance: usd('100'),
    });
    expect((await destination.readBack('payment', payment)).applied).toEqual([]);
  });
});
