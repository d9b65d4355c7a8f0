/** Pure mapping of FreshBooks' clients, payments and credit notes to canonical documents (invoices: their own file). */
import type {
  CanonicalClient,
  CanonicalCredit,
  CanonicalDocument,
  CanonicalPayment,
  Mapped,
  PaymentMethod,
  PostalAddress,
} from '../../core/canonical.ts';
import { CREDIT_TYPES } from '../../core/canonical.ts';
import type { SourceRecord } from '../../core/ports.ts';
import { createFindings, type Findings, present, toFormProblems, toVisibility } from './findings.ts';
import { toInvoice } from './to-canonical-invoice.ts';
import {
  clientSchema,
  creditNoteSchema,
  invoiceSchema,
  paymentSchema,
  type WireClient,
  type WireCreditNote,
  type WirePayment,
} from './wire.ts';

/** The document, or every problem at once: of form (wrong JSON types) first, of meaning once the form is right. */
export function toCanonical(record: SourceRecord): Mapped<CanonicalDocument> {
  switch (record.kind) {
    case 'client':
      return map(record, clientSchema, toClient);
    case 'invoice':
      return map(record, invoiceSchema, toInvoice);
    case 'payment':
      return map(record, paymentSchema, toPayment);
    case 'credit':
      return map(record, creditNoteSchema, toCredit);
  }
}

type Parser<W> = {
  safeParse(
    raw: unknown,
  ): { success: true; data: W } | { success: false; error: Parameters<typeof toFormProblems>[0] };
};

function map<W, T extends CanonicalDocument>(
  record: SourceRecord,
  schema: Parser<W>,
  toDocument: (wire: W, record: SourceRecord, findings: Findings) => T,
): Mapped<T> {
  const parsed = schema.safeParse(record.raw);
  if (!parsed.success) return { ok: false, problems: toFormProblems(parsed.error) };
  const findings = createFindings();
  if (record.clientId === '') findings.add('client', '', 'the document names no client');
  return findings.result(toDocument(parsed.data, record, findings));
}

/** Leaves out what is missing, blank or 0: all three mean none. */
function presentIds<K extends string>(ids: Record<K, string | null | undefined>): Partial<Record<K, string>> {
  const kept: Partial<Record<K, string>> = {};
  for (const key in ids) if (ids[key] && ids[key] !== '0') kept[key] = ids[key];
  return kept;
}

/** What an account is not made of is not judged: a client must not hold up its invoices for it. */
function toClient(wire: WireClient, record: SourceRecord): CanonicalClient {
  const address: PostalAddress = present({
    line1: wire.p_street,
    line2: wire.p_street2,
    city: wire.p_city,
    region: wire.p_province,
    postalCode: wire.p_code,
    country: wire.p_country,
  });
  return {
    kind: 'client',
    sourceId: record.sourceId,
    clientId: record.clientId,
    // Nothing of it is written: a state that is not known hides nobody.
    visibility: toVisibility(wire.vis_state) ?? 'active',
    ...present({
      organization: wire.organization,
      firstName: wire.fname,
      lastName: wire.lname,
      email: wire.email,
      phone: wire.bus_phone || wire.mob_phone || wire.home_phone,
      vatNumber: wire.vat_number,
    }),
    address,
  };
}

const CARDS = [
  'credit card',
  'visa',
  'mastercard',
  'discover',
  'amex',
  'diners',
  'diners club',
  'jcb',
  'nova',
  'eurocard',
] as const;

/** By FreshBooks' word in lower case; an unknown word is `other` and stays readable as `methodLabel`. */
const METHODS: ReadonlyMap<string, PaymentMethod> = new Map<string, PaymentMethod>([
  ['ach', 'ach'],
  ['bank transfer', 'bank_transfer'],
  ['cash', 'cash'],
  ['check', 'check'],
  ['debit', 'debit_card'],
  ['paypal', 'paypal'],
  ...CARDS.map((card) => [card, 'credit_card'] as const),
]);

const CREDIT_TYPE = 'credit';

function toPayment(wire: WirePayment, record: SourceRecord, findings: Findings): CanonicalPayment {
  const type = (wire.type ?? '').trim();
  const invoiceId = wire.invoiceid === '0' ? '' : wire.invoiceid;
  const currency = wire.amount ? findings.currency('amount.code', wire.amount.code) : '';
  const fromCredit = wire.from_credit ?? type.toLowerCase() === CREDIT_TYPE;
  if (!fromCredit && type.toLowerCase() === CREDIT_TYPE) {
    findings.add('from_credit', wire.from_credit, `contradicts type ${type}: is it new cash or not?`);
  }
  const links = presentIds({
    creditId: wire.creditid,
    overpaymentId: wire.overpaymentid,
    bulkId: wire.bulk_paymentid,
  });
  if (links.creditId !== undefined && !fromCredit) {
    findings.add('creditid', wire.creditid, 'a payment that names a credit must be from credit');
  }
  return {
    kind: 'payment',
    sourceId: record.sourceId,
    clientId: record.clientId,
    visibility: findings.visibility(wire.vis_state),
    invoiceId: findings.required('invoiceid', invoiceId),
    amount: findings.money('amount', wire.amount, currency),
    paidOn: findings.date('date', wire.date),
    method: METHODS.get(type.toLowerCase()) ?? 'other',
    methodLabel: type,
    note: wire.note ?? '',
    fromCredit,
    ...links,
  };
}

function toCredit(wire: WireCreditNote, record: SourceRecord, findings: Findings): CanonicalCredit {
  const currency = findings.currency('currency_code', wire.currency_code ?? wire.amount?.code);
  const toCreditLine = (line: NonNullable<WireCreditNote['lines']>[number], index: number) => ({
    name: line.name ?? '',
    description: line.description ?? '',
    amount: findings.money(`lines.${index}.amount`, line.amount, currency),
  });
  return {
    kind: 'credit',
    sourceId: record.sourceId,
    clientId: record.clientId,
    visibility: findings.visibility(wire.vis_state),
    number: findings.required('credit_number', wire.credit_number),
    amount: findings.money('amount', wire.amount, currency),
    issuedOn: findings.date('create_date', wire.create_date),
    creditType: toCreditType(wire.credit_type, findings),
    notes: wire.notes ?? '',
    ...(wire.lines ? { lines: wire.lines.map((line, index) => toCreditLine(line, index)) } : {}),
    ...(wire.paid ? { paid: findings.money('paid', wire.paid, currency) } : {}),
    ...(wire.outstanding ? { outstanding: findings.money('outstanding', wire.outstanding, currency) } : {}),
  };
}

function toCreditType(word: string | null | undefined, findings: Findings): CanonicalCredit['creditType'] {
  const creditType = CREDIT_TYPES.find((known) => known === word);
  if (creditType) return creditType;
  findings.add('credit_type', word, `must be ${CREDIT_TYPES.join(', ')}`);
  return 'goodwill';
}
