/** Guarantees of the calls that change, undo and settle: their shape, and every problem at once. */
import { describe, expect, it } from 'vitest';
import { parseMoney } from '../../core/money.ts';
import type { Step } from '../../core/steps.ts';
import { toRequest } from './from-canonical.ts';
import { isMarked } from './marks.ts';
import { client, createCredit, createInvoice, createPayment, invoiceOf } from './test-documents.ts';
import { writeBody } from './wire.ts';

const settings = { creditChargeId: 'charge-1' };
const invoice = { id: 'inv/1', number: '0000001' };
const payment = { id: 'pay-1', number: 'P-1' };
const credit = { id: 'cm-1', number: 'CN-1' };
const account = { id: 'acc-1', number: 'FB-1' };
const externalKey = 'FB-ACM123-invoice-1';
const on = '2026-11-10';
const usd = (text: string) => parseMoney(text, 'USD');

function request(step: Step, taxation: 'on' | 'off' = 'on') {
  const mapped = toRequest(step, { taxation, settings });
  if (!mapped.ok) throw new Error(JSON.stringify(mapped.problems));
  return mapped.value;
}

function problems(step: Step, more: Record<string, string> = settings): string[] {
  const mapped = toRequest(step, { taxation: 'on', settings: more });
  return mapped.ok ? [] : mapped.problems.map(({ field }) => field);
}

const CHANGES: [Step, string, unknown][] = [
  [
    { kind: 'change-invoice-date', invoice, externalKey, bookedOn: on },
    'PUT /v1/invoices/inv%2F1',
    { invoiceDate: on },
  ],
  [{ kind: 'change-due-date', invoice, externalKey, dueOn: on }, 'PUT /v1/invoices/inv%2F1', { dueDate: on }],
  [
    { kind: 'post-invoice', invoice, externalKey },
    'POST /v1/invoices/bulk-post',
    { invoices: [{ id: 'inv/1' }] },
  ],
  [{ kind: 'unpost-invoice', invoice, externalKey }, 'PUT /v1/invoices/inv%2F1/unpost', {}],
  [
    { kind: 'reverse-invoice', invoice, externalKey, on },
    'PUT /v1/invoices/inv%2F1/reverse',
    { memoDate: on, applyEffectiveDate: on, comment: externalKey },
  ],
  [
    { kind: 'cancel-invoice', invoice, externalKey },
    'PUT /v1/object/invoice/inv%2F1',
    { Status: 'Canceled' },
  ],
  [{ kind: 'delete-invoice', invoice, externalKey }, 'DELETE /v1/invoices/inv%2F1', {}],
  [
    { kind: 'apply-payment', payment, invoice, amount: usd('5'), on },
    'PUT /v1/payments/pay-1/apply',
    { effectiveDate: on, invoices: [{ invoiceId: 'inv/1', amount: '5.00' }] },
  ],
  [
    { kind: 'unapply-payment', payment, invoice, amount: usd('5'), on },
    'PUT /v1/payments/pay-1/unapply',
    { effectiveDate: on, invoices: [{ invoiceId: 'inv/1', amount: '5.00' }] },
  ],
  [{ kind: 'cancel-payment', payment }, 'PUT /v1/payments/pay-1/cancel', {}],
  [
    { kind: 'transfer-payment', payment, account, on },
    'PUT /v1/payments/pay-1/transfer',
    { accountId: 'acc-1', effectiveDate: '2026-11-10 00:00:00' },
  ],
  [
    { kind: 'refund-payment', payment, amount: usd('5'), method: 'paypal', mark: 'm-1', on },
    'POST /v1/payments/pay-1/refunds',
    { type: 'External', methodType: 'PayPal', totalAmount: '5.00', refundDate: on, referenceId: 'm-1' },
  ],
  [
    { kind: 'cancel-refund', payment, refund: { id: 'r-1', number: 'R-1' } },
    'PUT /v1/refunds/r-1/cancel',
    {},
  ],
  [
    { kind: 'apply-credit', credit, invoice, amount: usd('5'), on },
    'PUT /v1/credit-memos/cm-1/apply',
    { effectiveDate: on, invoices: [{ invoiceId: 'inv/1', amount: '5.00' }] },
  ],
  [
    { kind: 'unapply-credit', credit, invoice, amount: usd('5'), on },
    'PUT /v1/credit-memos/cm-1/unapply',
    { effectiveDate: on, invoices: [{ invoiceId: 'inv/1', amount: '5.00' }] },
  ],
  [{ kind: 'unpost-credit', credit }, 'PUT /v1/credit-memos/cm-1/unpost', {}],
  [{ kind: 'cancel-credit', credit }, 'PUT /v1/credit-memos/cm-1/cancel', {}],
];

describe('calls', () => {
  it.each(CHANGES)('%o', (step, call, body) => {
    const { method, path, idempotent, body: sent } = request(step);
    expect([`${method} ${path}`, sent]).toEqual([call, body]);
    // A state that is changed decides by itself: a remembered answer would hide it.
    expect(idempotent).toBe(method === 'POST' && step.kind !== 'post-invoice');
  });
});

describe('accounts', () => {
  it('K7 one call brings name and contact, empties what is gone, and forbids e-mail in the same breath', () => {
    const { method, path, body } = request({
      kind: 'update-account',
      account,
      client: client({ email: 'a@b.co' }),
    });
    expect(`${method} ${path}`).toBe('PUT /v1/accounts/acc-1');
    expect(body).toMatchObject({ name: 'Ada Lovelace', invoiceDeliveryPrefsEmail: false });
    expect(body.billToContact).toMatchObject({
      workEmail: 'a@b.co',
      city: '',
      address1: '',
      state: '',
      country: '',
    });
    expect(body).not.toHaveProperty('notes');
    const lost = client({ address: { country: 'Atlantis' } });
    expect(problems({ kind: 'update-account', account, client: lost })).toEqual(['address.country']);
  });
});

describe('invoices', () => {
  const from = invoiceOf('USD', [{ quantity: '2.5', unitPrice: '10' }], '10');
  const { breakdown } = createInvoice(from);
  const lines = { kind: 'replace-lines', invoice, from, breakdown, externalKey, bookedOn: on } as const;

  it('E3 old items go and new ones come on the day of booking, in the types of that call', () => {
    const { call, body } = request({ ...lines, itemIds: ['a', 'b'] });
    const text = writeBody(body, call);
    expect(text).toContain('{"id":"a","delete":true},{"id":"b","delete":true}');
    expect(text).toContain('"amount":25.00,"quantity":"2.5","unitPrice":"10"');
    expect(text).toContain('"discountItems":[{"chargeName":"Discount 10%","amount":"-2.50"}]');
    expect(text).toContain(`"serviceStartDate":"${on}"`);
  });

  it('E3 D10 taxes, too many items and a negative total are told at once', () => {
    const taxed = invoiceOf('USD', [{ unitPrice: '-10', taxes: [{ name: 'GST', ratePercent: '5' }] }]);
    const itemIds = Array.from({ length: 1000 }, (_, index) => String(index));
    const step: Step = { ...lines, from: taxed, breakdown: createInvoice(taxed).breakdown, itemIds };
    expect(problems(step)).toEqual(['total', 'lines', 'lines.taxes']);
  });

  it('D9 a moved booking date moves invoice and service dates, and never passes the due date', () => {
    const { body } = request(createInvoice(from, { bookedOn: '2026-04-01' }));
    expect(body).toMatchObject({ invoiceDate: '2026-04-01', dueDate: '2026-04-01' });
    expect(body.invoiceItems).toMatchObject([{ serviceStartDate: '2026-04-01' }]);
  });

  it('E1 the mark comes first, then purchase order, notes and terms, cut to 255 without emoji', () => {
    const texts = { ...from, poNumber: ' 42 ', notes: 'Hi 🚀 there', terms: 'y'.repeat(400) };
    const { body } = request({ kind: 'change-texts', invoice, externalKey, from: texts });
    const comments = String(body.comments);
    expect(comments.startsWith(`${externalKey} | PO 42 | Hi there | yyy`)).toBe(true);
    expect(comments).toHaveLength(255);
    expect(request({ kind: 'change-texts', invoice, externalKey, from }).body).toEqual({
      comments: externalKey,
    });
  });

  it('D6 only the mark itself, alone or before the bar, makes a copy ours', () => {
    expect([externalKey, `${externalKey} | x`].every((text) => isMarked(text, externalKey))).toBe(true);
    const others = [`${externalKey}1`, `${externalKey} x`, '', null, undefined];
    expect(others.some((text) => isMarked(text, externalKey))).toBe(false);
  });

  const items = [
    { id: 'i1', name: 'Work', amount: usd('60') },
    { id: 'i2', name: 'Nothing', amount: usd('0') },
    { id: 'i3', name: 'More', amount: usd('40') },
  ];
  const adjust = { kind: 'adjust-invoice', invoice, externalKey, items, mark: 'mark-1', on } as const;

  it('E11 a credit takes from the items in order and settles at once; a debit goes on the first', () => {
    const credited = request({ ...adjust, direction: 'credit', amount: usd('75') });
    expect(`${credited.method} ${credited.path}`).toBe('POST /v1/credit-memos/invoice/inv%2F1');
    expect(credited.body).toMatchObject({
      invoiceId: 'inv/1',
      comment: 'mark-1',
      autoPost: true,
      autoApplyToInvoiceUponPosting: true,
      taxAutoCalculation: false,
      items: [
        { invoiceItemId: 'i1', skuName: 'Work', amount: '60.00' },
        { invoiceItemId: 'i3', skuName: 'More', amount: '15.00' },
      ],
    });
    const debited = request({ ...adjust, direction: 'debit', amount: usd('75') });
    expect(debited.path).toBe('/v1/debit-memos/invoice/inv%2F1');
    expect(debited.body.items).toEqual([{ invoiceItemId: 'i1', skuName: 'Work', amount: '75.00' }]);
    expect(debited.body).not.toHaveProperty('autoApplyToInvoiceUponPosting');
  });

  it('E11 a credit beyond what the items have is a problem', () => {
    expect(problems({ ...adjust, direction: 'credit', amount: usd('100.01') })).toEqual(['amount']);
    expect(problems({ ...adjust, direction: 'debit', amount: usd('0') })).toEqual(['amount']);
  });
});

describe('payments and credits', () => {
  it('P5 the cash is the amount; what is applied is a list of its own, left out where empty', () => {
    const step = createPayment('50', 'cash', { account, invoice, bookedOn: on });
    expect(request(step).body).toMatchObject({
      amount: '50.00',
      effectiveDate: on,
      invoices: [{ amount: '50.00' }],
    });
    expect(request({ ...step, apply: [] }).body).not.toHaveProperty('invoices');
    expect(problems({ ...step, amount: usd('49') })).toEqual(['amount']);
  });

  it('P9 a note that is gone empties the comment', () => {
    const { payment: from } = createPayment('50', 'cash');
    const body = (changes: Partial<typeof from>) =>
      request({ kind: 'update-payment', payment, externalKey, from: { ...from, ...changes } }).body;
    expect(body({ note: 'new' })).toEqual({ comment: 'Cash: new' });
    expect(body({ note: '', methodLabel: '' })).toEqual({ comment: '' });
  });

  it('C1 C2 a credit memo has its own number, its charge and no automatic use', () => {
    const { call, body } = request(createCredit('30', { account }));
    expect(body).toMatchObject({
      accountNumber: 'FB-1',
      number: 'CN-1',
      autoPost: true,
      excludeFromAutoApplyRules: true,
      charges: [{ productRatePlanChargeId: 'charge-1', amount: '30.00' }],
    });
    expect(writeBody(body, call)).toContain('"amount":30.00');
    expect(problems(createCredit('0', { number: 'no good' }), {})).toEqual([
      'creditChargeId',
      'number',
      'amount',
    ]);
  });

  it('P11 a refund is a number of its own kind on the wire', () => {
    const step: Step = { kind: 'refund-payment', payment, amount: usd('5'), method: 'cash', mark: 'm', on };
    const { call, body } = request(step);
    expect(writeBody(body, call)).toContain('"totalAmount":5.00');
    expect(problems({ ...step, amount: usd('-5'), mark: 'm'.repeat(61) })).toEqual(['amount', 'mark']);
  });
});
