/** Which value came from where: found where it can be told, and left open where it cannot. */
import { expect, test } from 'vitest';
import { traceFields } from './trace-fields.ts';

const source = {
  invoice_number: '0000025',
  currency_code: 'USD',
  create_date: '2026-02-01',
  due_date: '2026-03-03',
  amount: { amount: '110.00', code: 'USD' },
  outstanding: { amount: '110.00', code: 'USD' },
  lines: [
    { name: 'Work', unit_cost: { amount: '100.00', code: 'USD' }, qty: '1' },
    { name: 'Travel', unit_cost: { amount: '10.00', code: 'USD' }, qty: '1' },
  ],
  late: true,
};
const canonical = {
  number: '0000025',
  currency: 'USD',
  issuedOn: '2026-02-01',
  dueOn: '2026-03-03',
  total: { amountMinor: '11000', currency: 'USD' },
  outstanding: { amountMinor: '11000', currency: 'USD' },
  lines: [
    { name: 'Work', quantity: '1', unitPrice: '100.00' },
    { name: 'Travel', quantity: '1', unitPrice: '10.00' },
  ],
  compound: true,
  notes: '',
};
const destination = {
  invoiceNumber: '0000025',
  invoiceDate: '2026-02-01',
  dueDate: '2026-03-03',
  currency: 'USD',
  invoiceItems: [
    { chargeName: 'Work', amount: 100, quantity: 1 },
    { chargeName: 'Travel', amount: 10, quantity: 1 },
  ],
};
const traced = traceFields({ source, canonical, destination }, ({ amountMinor, currency }) => {
  expect(currency).toBe('USD');
  return `${amountMinor.slice(0, -2)}.${amountMinor.slice(-2)}`;
});
const pathsOf = (field: string) => {
  const found = traced.find((one) => one.field === field);
  return [found?.source?.path, found?.destination?.path];
};

test.each([
  ['number', 'invoice_number', 'invoiceNumber'],
  ['currency', 'currency_code', 'currency'],
  ['issuedOn', 'create_date', 'invoiceDate'],
  ['dueOn', 'due_date', 'dueDate'],
  ['lines[0].name', 'lines[0].name', 'invoiceItems[0].chargeName'],
  ['lines[1].name', 'lines[1].name', 'invoiceItems[1].chargeName'],
])('%s is found under its own name on both sides', (field, from, to) => {
  expect(pathsOf(field)).toEqual([from, to]);
});

test('an amount is found whatever its decimals, and shown as a person writes it', () => {
  expect(traced.find(({ field }) => field === 'total')).toMatchObject({
    value: '110.00',
    source: { path: 'amount.amount', value: '110.00' },
    destination: null,
  });
  expect(pathsOf('outstanding')).toEqual(['outstanding.amount', undefined]);
  expect(pathsOf('lines[0].unitPrice')).toEqual(['lines[0].unit_cost.amount', 'invoiceItems[0].amount']);
  expect(pathsOf('lines[1].unitPrice')).toEqual(['lines[1].unit_cost.amount', 'invoiceItems[1].amount']);
});

test('a value that stands in many places is not said to come from one with another name', () => {
  expect(pathsOf('compound')).toEqual([undefined, undefined]);
});

test('what is empty is left out, and nothing at all gives nothing', () => {
  expect(traced.map(({ field }) => field)).not.toContain('notes');
  const nothing = { source: undefined, canonical: undefined, destination: undefined };
  expect(traceFields(nothing, () => '')).toEqual([]);
});
