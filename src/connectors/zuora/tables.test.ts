/** Guarantees of the mapping tables in requests; without tables requests are as the other tests have them. */
import { expect, it } from 'vitest';
import { parseMoney } from '../../core/money.ts';
import type { Step } from '../../core/steps.ts';
import { toRequest } from './from-canonical.ts';
import { createInvoice, createPayment, invoiceOf } from './test-documents.ts';

const request = (step: Step, settings: Record<string, string>) => {
  const mapped = toRequest(step, { taxation: 'on', settings });
  if (!mapped.ok) throw new Error(JSON.stringify(mapped.problems));
  return mapped.value;
};
const there = { id: 'there', number: '1' };
const taxed = () => ({
  ...invoiceOf('USD', [
    {
      taxes: [
        { name: 'GST', ratePercent: '5' },
        { name: 'PST', ratePercent: '7' },
      ],
    },
  ]),
  poNumber: 'PO-4711',
  notes: '',
  terms: 'x'.repeat(300),
});

it('a mapped method changes the type of payments and refunds, others keep theirs', () => {
  const settings = { paymentMethods: 'cash=Other' };
  expect(request(createPayment('10', 'cash'), settings).body).toMatchObject({ paymentMethodType: 'Other' });
  expect(request(createPayment('10', 'ach'), settings).body).toMatchObject({ paymentMethodType: 'ACH' });
  const refund = {
    kind: 'refund-payment',
    payment: there,
    amount: parseMoney('5', 'USD'),
    method: 'cash',
    mark: 'm',
    on: '2026-11-10',
  } as const;
  expect(request(refund, settings).body).toMatchObject({ methodType: 'Other' });
});

it('a mapped tax has its code, another its name, and both their own names', () => {
  const [item] = request(createInvoice(taxed()), { taxCodes: 'GST=CA-GST' }).body.invoiceItems as object[];
  expect(item).toMatchObject({
    taxItems: [
      { name: 'GST', taxCode: 'CA-GST' },
      { name: 'PST', taxCode: 'PST' },
    ],
  });
});

it('a new invoice has the mapped texts it has, and what was cut is noted', () => {
  const customFields = 'poNumber=PoNumber__c, notes=Notes__c, terms=Terms__c, sourceId=SourceId__c';
  const { body, notes } = request(createInvoice(taxed()), { customFields });
  expect(body).toMatchObject({
    PoNumber__c: 'PO-4711',
    Terms__c: 'x'.repeat(255),
    SourceId__c: taxed().sourceId,
  });
  expect(body).not.toHaveProperty('Notes__c');
  expect(notes).toEqual(['Not copied as it is: Terms__c cut to 255 characters.']);
});

it('a change of texts brings all mapped ones, and empties what is gone', () => {
  const from = { ...taxed(), poNumber: '' };
  const step = { kind: 'change-texts', invoice: there, externalKey: 'FB-x', from } as const;
  const { body } = request(step, { customFields: 'poNumber=PoNumber__c, sourceId=SourceId__c' });
  expect(Object.keys(body)).toEqual(['comments', 'PoNumber__c', 'SourceId__c']);
  expect(body.PoNumber__c).toBe('');
});

it('a table that cannot be read parks what needs it, with the pair and the rule', () => {
  const mapped = toRequest(createPayment('10', 'cash'), {
    taxation: 'on',
    settings: { paymentMethods: 'cash=Coins' },
  });
  expect(mapped).toMatchObject({ ok: false, problems: [{ field: 'paymentMethods', value: 'cash=Coins' }] });
});
