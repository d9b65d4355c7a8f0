/** Which member of a FreshBooks record each canonical value is read from; follows the to-canonical files line by line. */
import type { CanonicalDocument, DocumentKind } from '../../core/canonical.ts';
import { parseExact } from '../../core/money.ts';
import type { Origin } from '../../core/origins.ts';
import type { SourceRecord } from '../../core/ports.ts';
import { RESOURCES } from './resources.ts';

/** Several members where the first that is filled counts. */
type Members = Readonly<Record<string, string | readonly string[]>>;

const MONEY = (member: string) => `${member}.amount`;

const OF_KIND: Readonly<Record<DocumentKind, Members>> = {
  client: {
    visibility: 'vis_state',
    organization: 'organization',
    firstName: 'fname',
    lastName: 'lname',
    email: 'email',
    phone: ['bus_phone', 'mob_phone', 'home_phone'],
    vatNumber: 'vat_number',
    'address.line1': 'p_street',
    'address.line2': 'p_street2',
    'address.city': 'p_city',
    'address.region': 'p_province',
    'address.postalCode': 'p_code',
    'address.country': 'p_country',
  },
  invoice: {
    visibility: 'vis_state',
    number: 'invoice_number',
    currency: 'currency_code',
    issuedOn: 'create_date',
    dueOn: 'due_date',
    stage: 'v3_status',
    sourceStatus: 'v3_status',
    discountPercent: 'discount_value',
    discountTotal: MONEY('discount_total'),
    total: MONEY('amount'),
    outstanding: MONEY('outstanding'),
    notes: 'notes',
    terms: 'terms',
    poNumber: 'po_number',
    'billedTo.organization': ['organization', 'current_organization'],
    'billedTo.firstName': 'fname',
    'billedTo.lastName': 'lname',
    'billedTo.email': 'email',
    'billedTo.vatNumber': 'vat_number',
    'billedTo.address.line1': 'street',
    'billedTo.address.line2': 'street2',
    'billedTo.address.city': 'city',
    'billedTo.address.region': 'province',
    'billedTo.address.postalCode': 'code',
    'billedTo.address.country': 'country',
  },
  payment: {
    visibility: 'vis_state',
    invoiceId: 'invoiceid',
    amount: MONEY('amount'),
    paidOn: 'date',
    method: 'type',
    methodLabel: 'type',
    note: 'note',
    fromCredit: ['from_credit', 'type'],
    creditId: 'creditid',
    overpaymentId: 'overpaymentid',
    bulkId: 'bulk_paymentid',
  },
  credit: {
    visibility: 'vis_state',
    number: 'credit_number',
    amount: MONEY('amount'),
    issuedOn: 'create_date',
    creditType: 'credit_type',
    notes: 'notes',
    paid: MONEY('paid'),
    outstanding: MONEY('outstanding'),
  },
};

export function originsOf({ kind, raw }: SourceRecord, document: CanonicalDocument): Origin[] {
  const { idKeys, clientKey } = RESOURCES[kind];
  const ids = { sourceId: idKeys, clientId: kind === 'client' ? idKeys : clientKey };
  const own = Object.entries({ ...ids, ...OF_KIND[kind] }).flatMap(([field, members]): Origin[] => {
    const filled = [members].flat().find((member) => isFilled(raw[member.split('.')[0] ?? '']));
    return filled === undefined ? [] : [[field, filled]];
  });
  return [...own, ...linesOf(raw, document)];
}

function isFilled(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function linesOf(raw: SourceRecord['raw'], document: CanonicalDocument): Origin[] {
  const lines = raw['lines'];
  if (!Array.isArray(lines) || !('lines' in document)) return [];
  return (document.lines ?? []).flatMap((line, index): Origin[] => {
    const at = `lines[${index}]`;
    const same = (field: string, member: string): Origin => [`${at}.${field}`, `${at}.${member}`];
    const texts = [same('name', 'name'), same('description', 'description'), same('amount', 'amount.amount')];
    if (!('taxes' in line)) return texts;
    const sold = [
      same('quantity', 'qty'),
      same('unitPrice', 'unit_cost.amount'),
      same('compound', 'compounded_tax'),
    ];
    return [...texts, ...sold, ...taxesOf(at, line.taxes.length, lines[index])];
  });
}

/** A line with its second tax only has that one as its first. */
function taxesOf(at: string, count: number, raw: unknown): Origin[] {
  const line = raw as Readonly<Record<string, unknown>>;
  const places = count === 2 ? [1, 2] : [isZero(line['taxAmount1']) ? 2 : 1];
  return places.slice(0, count).flatMap((place, index): Origin[] => [
    [`${at}.taxes[${index}].name`, `${at}.taxName${place}`],
    [`${at}.taxes[${index}].ratePercent`, `${at}.taxAmount${place}`],
    [`${at}.taxes[${index}].number`, `${at}.taxNumber${place}`],
  ]);
}

/** As in `toTax`: null, "" and zero percent all mean no tax. */
function isZero(percent: unknown): boolean {
  const text = isFilled(percent) ? String(percent).trim() : '';
  return text === '' || parseExact(text).isZero();
}
