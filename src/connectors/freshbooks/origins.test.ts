/** What is said of where values were read from is true: a value changes with its own member, and with no other. */
import { describe, expect, test } from 'vitest';
import type { CanonicalDocument, DocumentKind } from '../../core/canonical.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '../../core/json.ts';
import { leavesOf } from '../../core/origins.ts';
import client from './fixtures/client.json' with { type: 'json' };
import creditNote from './fixtures/credit-note.json' with { type: 'json' };
import invoice from './fixtures/invoice.json' with { type: 'json' };
import payment from './fixtures/payment.json' with { type: 'json' };
import { originsOf } from './origins.ts';
import { toRecord } from './resources.ts';
import { toCanonical } from './to-canonical.ts';

const [first, second] = invoice.document.lines;
const TWO_TAXES = { taxName2: 'PST', taxAmount2: '7', taxNumber2: 'P-1', compounded_tax: true };
const SECOND_TAX_ONLY = { ...TWO_TAXES, taxName1: 'None', taxAmount1: '0' };
const lineOfCredit = { name: 'Back', description: 'Too much', amount: { amount: '12.50', code: 'USD' } };

const DOCUMENTS: [name: string, kind: DocumentKind, raw: JsonObject][] = [
  ['a client', 'client', { ...client.document, lname: 'Lovelace', vat_number: 'V1', p_street2: 'b' }],
  ['an invoice', 'invoice', { ...invoice.document, terms: 'Net 30' }],
  [
    'an invoice of many taxes',
    'invoice',
    {
      ...invoice.document,
      lines: [
        { ...first, ...TWO_TAXES },
        { ...second, ...SECOND_TAX_ONLY },
      ],
    },
  ],
  ['a payment', 'payment', { ...payment.document, note: 'Thanks' }],
  [
    'a payment out of a credit',
    'payment',
    { ...payment.document, type: 'Credit', from_credit: true, creditid: 5 },
  ],
  ['a credit', 'credit', { ...creditNote.document, notes: 'Sorry', lines: [lineOfCredit] }],
];
/** Known to us, not read from anywhere; a currency belongs to an amount. */
const NOT_READ = new Set(['kind']);

function map(kind: DocumentKind, raw: JsonObject): CanonicalDocument | undefined {
  const mapped = toCanonical(toRecord(kind, raw));
  return mapped.ok ? mapped.value : undefined;
}
const valuesOf = (document: CanonicalDocument) =>
  new Map(leavesOf(JSON.parse(canonicalJson(document))).map(({ path, value }) => [path, value]));

/** The same record with another value of the same form at that place. */
function changed(raw: JsonValue, path: string): JsonObject {
  const copy = structuredClone(raw);
  const steps = path.split(/[.[\]]+/).filter((step) => step !== '');
  let holder = copy;
  for (const step of steps.slice(0, -1)) holder = Reflect.get(holder as object, step) as JsonValue;
  const last = steps.at(-1) ?? '';
  const value = Reflect.get(holder as object, last) as JsonValue;
  Reflect.set(holder as object, last, OTHERS.get(last) ?? other(value));
  return copy as JsonObject;
}
const OTHERS = new Map<string, JsonValue>([
  ['vis_state', 1],
  ['v3_status', 'draft'],
  ['create_date', '2026-05-30'],
  ['due_date', '2026-08-01'],
  ['date', '2026-05-30'],
  ['type', 'Cash'],
  ['credit_type', 'goodwill'],
  ['currency_code', 'EUR'],
  ['p_country', 'France'],
]);
function other(value: JsonValue): JsonValue {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  const text = String(value);
  if (/^-\d/.test(text)) return text.replace(/\d+/, (digits) => `${digits}1`);
  return /^\d+(\.\d+)?$/.test(text) ? `1${text}` : `${text} too`;
}

describe.each(DOCUMENTS)('%s', (_name, kind, raw) => {
  const document = map(kind, raw);
  if (!document) throw new Error('the fixture cannot be mapped');
  const origins = originsOf(toRecord(kind, raw), document);
  const values = valuesOf(document);

  test('says of every value where it was read', () => {
    const told = new Set(origins.map(([field]) => field));
    expect([...values.keys()].filter((field) => !told.has(field) && !NOT_READ.has(field))).toEqual([]);
    expect(values.size).toBeGreaterThan(7);
  });

  test('says the truth: another value there is another value here, and everything else said stays', () => {
    const wrong = origins.flatMap(([field, path]) => {
      if (!values.has(field)) return [];
      const after = map(kind, changed(raw, path));
      // A currency that does not fit its amounts is a problem by itself, and names the same member.
      if (!after)
        return /currency|fromCredit|method/.test(field) ? [] : [`${field}: ${path} broke the mapping`];
      const now = valuesOf(after);
      const sameMember = new Set(origins.filter(([, from]) => from === path).map(([one]) => one));
      const others = [...values].filter(([one, value]) => !sameMember.has(one) && now.get(one) !== value);
      return [
        ...(now.get(field) === values.get(field) ? [`${field} is not read from ${path}`] : []),
        ...others.map(([one]) => `${one} is read from ${path}, too`),
      ];
    });
    expect(wrong).toEqual([]);
  });
});
