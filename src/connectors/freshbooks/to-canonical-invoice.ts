/** Pure mapping of a FreshBooks invoice and its lines to the canonical invoice. */
import type {
  BilledTo,
  CanonicalInvoice,
  CanonicalLine,
  CanonicalTax,
  DecimalText,
} from '../../core/canonical.ts';
import { type Money, parseExact } from '../../core/money.ts';
import type { SourceRecord } from '../../core/ports.ts';
import { type Findings, present } from './findings.ts';
import type { WireInvoice, WireLine } from './wire.ts';

/** `v3_status`, with "_" for "-" as one SDK spells the deposit words. Anything else is a problem, never a default. */
const STAGES: ReadonlyMap<string, CanonicalInvoice['stage']> = new Map<string, CanonicalInvoice['stage']>([
  ...['draft', 'created'].map((word) => [word, 'draft'] as const),
  ...[
    'sent',
    'viewed',
    'outstanding',
    'overdue',
    'partial',
    'paid',
    'autopaid',
    'auto-paid',
    'disputed',
    'resolved',
    'retry',
    'failed',
    'success',
    'pending',
    'declined',
    'deposit-partial',
    'deposit-paid',
  ].map((word) => [word, 'issued'] as const),
]);

export function toInvoice(wire: WireInvoice, record: SourceRecord, findings: Findings): CanonicalInvoice {
  const currency = findings.currency('currency_code', wire.currency_code);
  const lines = toLines(wire, currency, findings);
  return {
    kind: 'invoice',
    sourceId: record.sourceId,
    clientId: record.clientId,
    visibility: findings.visibility(wire.vis_state),
    number: findings.required('invoice_number', wire.invoice_number),
    currency,
    issuedOn: findings.date('create_date', wire.create_date),
    dueOn: findings.date('due_date', wire.due_date),
    stage: toStage(wire.v3_status, findings),
    sourceStatus: wire.v3_status ?? '',
    lines,
    ...toDiscount(wire, lines, currency, findings),
    total: findings.money('amount', wire.amount, currency),
    outstanding: findings.money('outstanding', wire.outstanding, currency),
    notes: wire.notes ?? '',
    terms: wire.terms ?? '',
    poNumber: wire.po_number ?? '',
    ...toBilledTo(wire),
  };
}

/** The client as it was when the invoice was made. */
function toBilledTo(wire: WireInvoice): { billedTo?: BilledTo } {
  const address = present({
    line1: wire.street,
    line2: wire.street2,
    city: wire.city,
    region: wire.province,
    postalCode: wire.code,
    country: wire.country,
  });
  const names = present({
    organization: wire.organization || wire.current_organization,
    firstName: wire.fname,
    lastName: wire.lname,
    email: wire.email,
    vatNumber: wire.vat_number,
  });
  return Object.keys(names).length === 0 ? {} : { billedTo: { ...names, address } };
}

function toStage(word: string | null | undefined, findings: Findings): CanonicalInvoice['stage'] {
  const stage = STAGES.get((word ?? '').replaceAll('_', '-'));
  if (stage) return stage;
  findings.add('v3_status', word, 'is not a status we know: nobody can say whether the invoice is owed');
  return 'draft';
}

function toDiscount(
  wire: WireInvoice,
  lines: readonly CanonicalLine[],
  currency: string,
  findings: Findings,
): { discountPercent: DecimalText; discountTotal: Money } {
  const discountPercent = wire.discount_value ? findings.decimal('discount_value', wire.discount_value) : '0';
  const none: Money = { amountMinor: 0n, currency };
  const discounted = !parseExact(discountPercent).isZero();
  const discountTotal =
    wire.discount_total || discounted
      ? findings.money('discount_total', wire.discount_total, currency)
      : none;
  // A percentage of a negative subtotal is a positive amount.
  const isNegative = lines.reduce((sum, { amount }) => sum + amount.amountMinor, 0n) < 0n;
  if (discountTotal.amountMinor > 0n && !isNegative) {
    findings.add('discount_total', wire.discount_total?.amount, 'must be zero or negative');
  }
  const type = wire.discount?.type;
  if (type && type !== 'percent' && discountTotal.amountMinor !== 0n) {
    findings.add('discount.type', type, 'only discounts in percent are known');
  }
  return { discountPercent, discountTotal };
}

function toLines(wire: WireInvoice, currency: string, findings: Findings): CanonicalLine[] {
  if (!wire.lines) {
    findings.add('lines', wire.lines, 'are required');
    return [];
  }
  return wire.lines.map((line, index) => toLine(line, `lines.${index}`, currency, findings));
}

function toLine(line: WireLine, at: string, currency: string, findings: Findings): CanonicalLine {
  const first = toTax(`${at}.taxAmount1`, line.taxName1, line.taxAmount1, line.taxNumber1, findings);
  const second = toTax(`${at}.taxAmount2`, line.taxName2, line.taxAmount2, line.taxNumber2, findings);
  return {
    name: line.name ?? '',
    description: line.description ?? '',
    quantity: findings.decimal(`${at}.qty`, line.qty),
    unitPrice: findings.price(`${at}.unit_cost`, line.unit_cost, currency),
    amount: findings.money(`${at}.amount`, line.amount, currency),
    taxes: [first, second].filter((tax) => tax !== undefined),
    compound: line.compounded_tax ?? false,
  };
}

/** null, "" and zero percent all mean no tax, whatever the name says: without an amount there is nothing to book. */
function toTax(
  field: string,
  name: string | null | undefined,
  percent: string | null | undefined,
  number: string | null | undefined,
  findings: Findings,
): CanonicalTax | undefined {
  if (!percent?.trim()) return undefined;
  const ratePercent = findings.decimal(field, percent);
  if (parseExact(ratePercent).isZero()) return undefined;
  if (!name?.trim())
    findings.add(field.replace('Amount', 'Name'), name, 'a tax that has a rate needs a name');
  return { name: name?.trim() ?? '', ratePercent, ...(number ? { number } : {}) };
}
