/** Guarantees of the mapping from canonical steps to Zuora's calls. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equalMoney, formatMoney } from '../../core/money.ts';
import { toRequest } from './from-canonical.ts';
import {
  anyInvoice,
  client,
  createAccount,
  createInvoice,
  createPayment,
  invoiceOf,
} from './test-documents.ts';
import { requestTotal } from './test-totals.ts';
import { parseBody, writeBody } from './wire.ts';

const tenant = (taxation: 'on' | 'off' = 'on') => ({ taxation, settings: {} });
const body = (step: Parameters<typeof toRequest>[0], taxation: 'on' | 'off' = 'on') => {
  const mapped = toRequest(step, tenant(taxation));
  if (!mapped.ok) throw new Error(JSON.stringify(mapped.problems));
  return mapped.value.body;
};
const problems = (step: Parameters<typeof toRequest>[0]) => {
  const mapped = toRequest(step, tenant());
  return mapped.ok ? [] : mapped.problems.map((problem) => problem.field);
};

describe('invoices', () => {
  for (const taxation of ['on', 'off'] as const) {
    it(`M1 M2 M3 M4 M5 M6 M7 M8 items, discounts, taxes and rounding add up to the total, taxation ${taxation}`, () => {
      fc.assert(
        fc.property(anyInvoice, (invoice) => {
          const step = createInvoice(invoice);
          const total = requestTotal(body(step, taxation), invoice.currency);
          expect(formatMoney(total)).toBe(formatMoney(invoice.total));
          expect(equalMoney(total, step.breakdown.total)).toBe(true);
        }),
        { numRuns: 300 },
      );
    });
  }

  it('M12 amounts leave as exact JSON numbers and come back as the same digits', () => {
    const huge = {
      ...createInvoice(invoiceOf('USD', [{ quantity: '1', unitPrice: '90071992547409931.11' }])),
    };
    const text = writeBody(body(huge), 'POST invoice');
    expect(text).toContain('"amount":90071992547409931.11');
    expect(JSON.stringify(parseBody(text))).toContain('"amount":"90071992547409931.11"');
  });

  it('M5 quantity and price go along only where they multiply to the amount', () => {
    const [exact, rounded] = itemsOf(
      createInvoice(
        invoiceOf('USD', [
          { quantity: '2.5', unitPrice: '10.50' },
          { quantity: '0.333', unitPrice: '10.01' },
        ]),
      ),
    );
    expect(exact).toMatchObject({ quantity: '2.5', unitPrice: '10.5', amount: '26.25' });
    expect(rounded).toMatchObject({ quantity: '1', unitPrice: '3.33', amount: '3.33' });
    expect(rounded?.description).toContain('0.333 x 10.01');
  });

  it('D6 carries the external key as its mark', () => {
    expect(body(createInvoice(invoiceOf('USD', [{}]))).comments).toBe('FB-ACM123-invoice-1');
  });

  it('M10 a negative total, D10 too many lines and no lines are problems, all told at once', () => {
    expect(problems(createInvoice(invoiceOf('USD', [{ unitPrice: '-5' }])))).toEqual(['total']);
    const many = Array.from({ length: 1001 }, () => ({ unitPrice: '-1' }));
    expect(problems(createInvoice(invoiceOf('USD', many)))).toEqual(['total', 'lines']);
    expect(problems(createInvoice(invoiceOf('USD', [])))).toEqual(['lines']);
  });

  it('M9 a zero total is copied', () => {
    expect(problems(createInvoice(invoiceOf('USD', [{ unitPrice: '0' }])))).toEqual([]);
  });
});

describe('accounts', () => {
  it('K1 makes no customer e-mail possible', () => {
    expect(body(createAccount(client({})))).toMatchObject({
      invoiceDeliveryPrefsEmail: false,
      invoiceDeliveryPrefsPrint: false,
      autoPay: false,
    });
  });

  it('K8 an unmatched country is a problem, an unmatched province is left out and noted', () => {
    expect(problems(createAccount(client({ address: { country: 'Atlantis' } })))).toEqual([
      'address.country',
    ]);
    const account = body(createAccount(client({ address: { country: 'USA', region: 'Ontario' } })));
    expect(account.billToContact).not.toHaveProperty('state');
    expect(account.notes).toContain('Ontario');
  });

  it('K12 emoji, long names, only an organisation or only a last name make a valid account and are noted', () => {
    const long = body(createAccount(client({ organization: `Acme 🚀 ${'x'.repeat(300)}` })));
    expect(String(long.name)).toHaveLength(255);
    expect(long.name).not.toContain('🚀');
    expect(long.notes).toContain('name cut to 255');
    const { firstName, lastName, ...nobody } = client({ organization: 'Acme' });
    expect([firstName, lastName]).toEqual(['Ada', 'Lovelace']);
    expect(body(createAccount(nobody)).billToContact).toMatchObject({ firstName: '-', lastName: 'Acme' });
    expect(body(createAccount({ ...nobody, lastName: 'Roe' })).billToContact).toMatchObject({
      firstName: '-',
      lastName: 'Roe',
    });
    expect(body(createAccount(client({ organization: '🚀' }))).name).toBe('FB-ACM123-client-7-USD');
  });
});

describe('payments', () => {
  it('P1 is one external payment of the cash, applied to its invoice by id and marked by its reference', () => {
    expect(body(createPayment('10.00', 'cash'))).toEqual({
      type: 'External',
      accountNumber: 'FB-ACM123-client-7-USD',
      amount: '10.00',
      currency: 'USD',
      effectiveDate: '2026-03-02',
      paymentMethodType: 'Cash',
      referenceId: 'FB-ACM123-payment-9',
      comment: 'Cash: thanks',
      invoices: [{ invoiceId: 'inv-id', amount: '10.00' }],
    });
  });

  it('P18 nothing is booked for an amount of zero or less', () => {
    expect(problems(createPayment('0.00', 'other'))).toEqual(['amount']);
  });
});

function itemsOf(step: ReturnType<typeof createInvoice>): Record<string, unknown>[] {
  const items = body(step).invoiceItems;
  return Array.isArray(items) ? items.map((item) => ({ ...(item as Record<string, unknown>) })) : [];
}
