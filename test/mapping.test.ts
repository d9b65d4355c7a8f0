/** docs/mapping.md against the code: every field that is read, every field that is written, every step, and nothing that is not there. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import {
  clientSchema,
  creditNoteSchema,
  invoiceSchema,
  lineSchema,
  paymentSchema,
} from '../src/connectors/freshbooks/wire.ts';
import { toRequest } from '../src/connectors/zuora/from-canonical.ts';
import {
  client,
  createAccount,
  createCredit,
  createInvoice,
  createPayment,
  invoiceOf,
} from '../src/connectors/zuora/test-documents.ts';
import { STEP_KINDS, type Step } from '../src/core/steps.ts';

const page = readFileSync(fileURLToPath(new URL('../docs/mapping.md', import.meta.url)), 'utf8');
const cited = new Set(
  [...page.matchAll(/`([^`\n]+)`/g)].flatMap(([, text = '']) => text.split(/[^A-Za-z0-9_-]+/)),
);
// "taxName1/2" stands for both.
for (const [, stem = ''] of page.matchAll(/`(\w+)1\/2`/g)) for (const n of [1, 2]) cited.add(`${stem}${n}`);

test('every field that is read from FreshBooks is told', () => {
  const schemas = { clientSchema, invoiceSchema, lineSchema, paymentSchema, creditNoteSchema };
  const read = Object.entries(schemas).flatMap(([schema, { shape }]) =>
    Object.keys(shape).map((field) => ({ schema, field })),
  );
  expect(read.length).toBeGreaterThan(60);
  expect(read.filter(({ field }) => !cited.has(field) && !NAMED_IN_WORDS.has(field))).toEqual([]);
});

/** Ids and containers, which the page tells in words. */
const NAMED_IN_WORDS = new Set([
  'id',
  'userid',
  'customerid',
  'invoiceid',
  'clientid',
  'logid',
  'creditid',
  'lines',
]);

const address = { line1: 'a', line2: 'b', city: 'c', region: 'CA', postalCode: 'd', country: 'US' };
const GST = { name: 'GST', ratePercent: '5', number: 'n' };
const FULL_STEPS: readonly Step[] = [
  {
    ...createAccount(client({ organization: 'x', email: 'a@b.co', phone: '1', vatNumber: 'v', address })),
    paymentTerm: 'Net 30',
  },
  createInvoice({ ...invoiceOf('USD', [{ taxes: [GST], quantity: '2' }], '10', 1n), notes: 'n' }),
  createPayment('10', 'cash'),
  createCredit('5'),
];

test('every field that is written to Zuora is told', () => {
  const written = new Set<string>();
  for (const step of FULL_STEPS) {
    const request = toRequest(step, { taxation: 'on', settings: { creditChargeId: 'c' } });
    if (!request.ok) throw new Error(`${step.kind}: ${JSON.stringify(request.problems)}`);
    for (const field of fieldsOf(request.value.body)) written.add(field);
  }
  expect(written.size).toBeGreaterThan(30);
  expect([...written].filter((field) => !cited.has(field) && !WRITTEN_IN_WORDS.has(field))).toEqual([]);
});

/** Parts of what the page tells as a whole. */
const WRITTEN_IN_WORDS = new Set([
  'billToContact',
  'firstName',
  'lastName',
  'accountId',
  'invoiceItems',
  'invoiceId',
  'serviceStartDate',
  'productRatePlanChargeId',
  'taxCode',
  'taxCodeDescription',
  'taxRate',
  'taxRateType',
  'taxAmount',
  'taxDate',
  'taxMode',
]);

function fieldsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(fieldsOf);
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...fieldsOf(inner)]);
}

test('every step is told, and no other', () => {
  const kinds = Object.keys(STEP_KINDS);
  const inCreation = new Set(['create-account', 'create-invoice', 'create-payment', 'create-credit']);
  const listed = [...page.matchAll(/^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \|/gm)]
    .flatMap(([, cell = '']) => [...cell.matchAll(/`([a-z]+-[a-z-]+)`/g)].map(([, kind = '']) => kind))
    .toSorted();
  expect(listed).toEqual(kinds.filter((kind) => !inCreation.has(kind)).toSorted());
});
