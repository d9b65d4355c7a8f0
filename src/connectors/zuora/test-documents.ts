/** For tests: canonical documents and steps, by hand and at random. */
import fc from 'fast-check';
import { toBreakdown } from '../../core/breakdown.ts';
import type {
  CanonicalClient,
  CanonicalInvoice,
  CanonicalLine,
  CanonicalTax,
  PaymentMethod,
} from '../../core/canonical.ts';
import { Exact, parseExact, parseMoney, roundToMoney, sumMoney, toExact } from '../../core/money.ts';
import type { Counterpart, StepOf } from '../../core/steps.ts';

type LineInput = {
  quantity?: string;
  unitPrice?: string;
  taxes?: readonly CanonicalTax[];
  compound?: boolean;
};

const INVOICE = { id: 'inv-id', number: '0000001' };
const ACCOUNT = { id: 'acc-id', number: 'FB-ACM123-client-7-USD' };

export function client(changes: Partial<CanonicalClient>): CanonicalClient {
  return {
    kind: 'client',
    sourceId: '7',
    clientId: '7',
    visibility: 'active',
    firstName: 'Ada',
    lastName: 'Lovelace',
    email: 'ada@example.com',
    address: {},
    ...changes,
  };
}

export function createAccount(one: CanonicalClient, currency = 'USD'): StepOf<'create-account'> {
  return { kind: 'create-account', client: one, currency, accountNumber: `FB-ACM123-client-7-${currency}` };
}

export function invoiceOf(
  currency: string,
  lines: readonly LineInput[],
  discountPercent = '0',
  residueMinor = 0n,
): CanonicalInvoice {
  const whole = lines.map(
    ({ quantity = '1', unitPrice = '10', taxes = [], compound = false }): CanonicalLine => {
      const amount = roundToMoney(parseExact(quantity).times(parseExact(unitPrice)), currency, 'half-up');
      return { name: 'Work', description: '', quantity, unitPrice, amount, taxes, compound };
    },
  );
  const subtotal = sumMoney(
    whole.map((line) => line.amount),
    currency,
  );
  const share = parseExact(discountPercent).dividedBy(100).negated();
  const discountTotal = roundToMoney(
    new Exact(subtotal.amountMinor.toString())
      .times(share)
      .dividedBy(new Exact(10).pow(minorPower(currency))),
    currency,
    'half-up',
  );
  const zero = parseMoney('0', currency);
  const draft: CanonicalInvoice = {
    kind: 'invoice',
    sourceId: '1',
    clientId: '7',
    visibility: 'active',
    number: '0000001',
    currency,
    issuedOn: '2026-03-01',
    dueOn: '2026-03-31',
    stage: 'issued',
    sourceStatus: 'sent',
    lines: whole,
    discountPercent,
    discountTotal,
    total: zero,
    outstanding: zero,
    notes: '',
    terms: '',
    poNumber: '',
  };
  const total = { currency, amountMinor: totalMinor(draft) + residueMinor };
  return { ...draft, total, outstanding: total };
}

function minorPower(currency: string): number {
  return currency === 'JPY' ? 0 : currency === 'KWD' ? 3 : 2;
}

/** Net lines, the discount and the taxes on each discounted line, computed as the source does. */
function totalMinor({ lines, discountPercent, discountTotal, currency }: CanonicalInvoice): bigint {
  const kept = new Exact(1).minus(parseExact(discountPercent).dividedBy(100));
  let total = discountTotal.amountMinor;
  for (const line of lines) {
    let taxable = toExact(line.amount).times(kept);
    total += line.amount.amountMinor;
    for (const { ratePercent } of line.taxes) {
      const tax = roundToMoney(taxable.times(parseExact(ratePercent)).dividedBy(100), currency, 'half-up');
      if (line.compound) taxable = taxable.plus(toExact(tax));
      total += tax.amountMinor;
    }
  }
  return total;
}

export function createInvoice(invoice: CanonicalInvoice, changes: Partial<StepOf<'create-invoice'>> = {}) {
  const split = toBreakdown(invoice);
  if (!split.ok) throw new Error(JSON.stringify(split.problems));
  const step: StepOf<'create-invoice'> = {
    kind: 'create-invoice',
    invoice,
    breakdown: split.value,
    account: ACCOUNT,
    number: invoice.number,
    externalKey: 'FB-ACM123-invoice-1',
    generation: 0,
    post: true,
    bookedOn: invoice.issuedOn,
    ...changes,
  };
  return step;
}

export function createPayment(
  amount: string,
  method: PaymentMethod,
  { invoice = INVOICE, ...changes }: Partial<StepOf<'create-payment'>> & { invoice?: Counterpart } = {},
): StepOf<'create-payment'> {
  const cash = parseMoney(amount, 'USD');
  return {
    kind: 'create-payment',
    payment: {
      kind: 'payment',
      sourceId: '9',
      clientId: '7',
      visibility: 'active',
      invoiceId: '1',
      amount: cash,
      paidOn: '2026-03-02',
      method,
      methodLabel: 'Cash',
      note: 'thanks',
      fromCredit: false,
    },
    account: ACCOUNT,
    amount: cash,
    apply: [{ invoice, amount: cash }],
    bookedOn: '2026-03-02',
    externalKey: 'FB-ACM123-payment-9',
    ...changes,
  };
}

export function createCredit(
  amount: string,
  changes: Partial<StepOf<'create-credit'>> = {},
): StepOf<'create-credit'> {
  return {
    kind: 'create-credit',
    credit: {
      kind: 'credit',
      sourceId: '5',
      clientId: '7',
      visibility: 'active',
      number: 'CN-1',
      amount: parseMoney(amount, 'USD'),
      issuedOn: '2026-03-03',
      creditType: 'goodwill',
      notes: 'for the trouble',
    },
    account: ACCOUNT,
    number: 'CN-1',
    externalKey: 'FB-ACM123-credit-5',
    generation: 0,
    bookedOn: '2026-03-03',
    ...changes,
  };
}

const decimalText = (maximum: number, decimals: number) =>
  fc
    .tuple(fc.integer({ min: 0, max: maximum }), fc.integer({ min: 0, max: decimals }))
    .map(([digits, shift]) => new Exact(digits).dividedBy(new Exact(10).pow(shift)).toString());

const anyTax = fc.record({
  name: fc.constantFrom('GST', 'PST', 'VAT 🧾', ''),
  ratePercent: fc.constantFrom('0', '5', '7', '9.975', '19', '20.5'),
});

const anyLine = fc.record({
  quantity: decimalText(5000, 3),
  unitPrice: fc
    .tuple(fc.boolean(), decimalText(100_000, 4))
    .map(([minus, text]) => (minus ? `-${text}` : text)),
  taxes: fc.array(anyTax, { maxLength: 2 }),
  compound: fc.boolean(),
});

/** 0, 2 and 3 decimals; discounts, up to two taxes a line, negative lines, a residue of at most one minor unit. */
export const anyInvoice: fc.Arbitrary<CanonicalInvoice> = fc
  .tuple(
    fc.constantFrom('JPY', 'USD', 'KWD'),
    fc.array(anyLine, { minLength: 1, maxLength: 6 }),
    fc.constantFrom('0', '10', '33.3', '100'),
    fc.constantFrom(-1n, 0n, 1n),
  )
  .map(([currency, lines, discount, residue]) => invoiceOf(currency, lines, discount, residue))
  .filter((invoice) => invoice.total.amountMinor >= 0n && invoice.discountTotal.amountMinor <= 0n);
