/** What is said of where values go is true: another value here is another value there, and every text that is sent is told. */
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../core/json.ts';
import { leavesOf, valueAt } from '../../core/origins.ts';
import type { Step, StepOf } from '../../core/steps.ts';
import { toRequest } from './from-canonical.ts';
import { originsOf } from './origins.ts';
import {
  client,
  createAccount,
  createCredit,
  createInvoice,
  createPayment,
  invoiceOf,
} from './test-documents.ts';

const SETTINGS = { creditChargeId: 'charge', customFields: 'poNumber = PoNumber__c\nsourceId = SourceId__c' };
const GST = { name: 'GST', ratePercent: '5', number: 'R-1' };
const PST = { name: 'PST', ratePercent: '7' };
const address = {
  line1: '1 King St',
  line2: 'Suite 2',
  city: 'Toronto',
  region: 'Ontario',
  postalCode: 'M5V 2T6',
  country: 'Canada',
};
const whole = client({ organization: 'Maple Ltd', phone: '555-0101', vatNumber: 'V1', address });
const LINES = [
  { quantity: '2', taxes: [GST, PST] },
  { unitPrice: '-3', quantity: '1' },
  { unitPrice: '20', taxes: [GST] },
];
const invoice = {
  ...invoiceOf('USD', LINES, '10'),
  notes: 'Thank you',
  terms: 'Net 30',
  poNumber: 'PO-7',
};
const named = invoice.lines.map((line, at) => ({ ...line, name: `Work ${at}`, description: `Done ${at}` }));
const create = createInvoice({ ...invoice, lines: named });
const replace: StepOf<'replace-lines'> = {
  kind: 'replace-lines',
  invoice: { id: 'inv', number: '1' },
  from: create.invoice,
  breakdown: create.breakdown,
  externalKey: create.externalKey,
  itemIds: ['old-1', 'old-2'],
  bookedOn: create.bookedOn,
};
const payment = createPayment('10', 'cash');
const paid = { ...payment, payment: { ...payment.payment, note: 'Thanks', methodLabel: 'Cash' } };
const credited = createCredit('5');

/** The step, the document in it, and what taxation makes of it. */
const STEPS: [name: string, step: Step, document: object, taxation: 'on' | 'off'][] = [
  ['a new account', createAccount(whole), whole, 'on'],
  ['an account of a person', createAccount(client({})), client({}), 'on'],
  ['a new invoice', create, create.invoice, 'on'],
  ['a new invoice without taxation', create, create.invoice, 'off'],
  ['new lines of a draft', replace, create.invoice, 'off'],
  ['a payment', paid, paid.payment, 'on'],
  ['a credit', credited, credited.credit, 'on'],
];

describe.each(STEPS)('%s', (_name, step, document, taxation) => {
  const request = toRequest(step, { taxation, settings: SETTINGS });
  if (!request.ok) throw new Error(JSON.stringify(request.problems));
  const { body } = request.value;
  const values = new Map(
    leavesOf(JSON.parse(canonicalJson(document))).map(({ path, value }) => [path, value]),
  );
  const origins = originsOf(step, { taxation, settings: SETTINGS });

  test('a value stands where it is said to stand, as it is or in the words of the destination', () => {
    const same = (field: string, there: string) => {
      const here = values.get(field) ?? '';
      return (
        there === here ||
        there.includes(here) ||
        Number(there) === Number(here) ||
        Number(there) * 100 === Number(here)
      );
    };
    const wrong = origins.flatMap(([field, path]) => {
      const there = valueAt(body, path);
      if (!values.has(field) || there === undefined || TRANSLATED.has(field) || same(field, there)) return [];
      return [`${field} = ${values.get(field)} is not ${path} = ${there}`];
    });
    expect(wrong).toEqual([]);
    expect(
      origins.filter(([field, path]) => values.has(field) && valueAt(body, path) !== undefined).length,
    ).toBeGreaterThan(2);
  });

  test('no text of the document is sent without being told', () => {
    const places = new Set(origins.map(([, path]) => path));
    const texts = new Set(
      [...values]
        .filter(([field, value]) => OWN_TEXTS.test(field) && value.length > 3)
        .map(([, value]) => value),
    );
    const sent = leavesOf(body).filter(({ path, value }) => texts.has(value) && !places.has(path));
    expect(sent).toEqual([]);
  });
});

/** Another word for the same thing. */
const TRANSLATED = new Set(['stage', 'method', 'address.country', 'address.region', 'invoiceId']);
/** Names and notes that stand nowhere else by chance. */
const OWN_TEXTS = /name|description|notes|terms|poNumber|line1|line2|city|email|phone/i;
