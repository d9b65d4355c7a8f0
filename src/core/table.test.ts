/** Guarantees of settings that are tables. */
import { describe, expect, it } from 'vitest';
import { parseTable, type TableSpec } from './table.ts';

const SPEC: TableSpec = {
  from: 'Method',
  to: 'Type',
  fromChoices: ['ach', 'cash'],
  toChoices: ['ACH', 'Cash'],
};
const OPEN: TableSpec = { from: 'Name', to: 'Code' };
const read = (text: string, spec: TableSpec = OPEN) => {
  const table = parseTable('taxCodes', spec, text);
  return table.ok ? Object.fromEntries(table.value) : table.problems;
};
const wrong = (value: string, rule: string) => [{ field: 'taxCodes', value, rule }];

describe('a table', () => {
  it('is read from commas and new lines alike, blanks around its words aside', () => {
    const pairs = { GST: 'CA-GST', 'VAT 19 %': 'DE' };
    expect(read('GST=CA-GST, VAT 19 %=DE')).toEqual(pairs);
    expect(read('\n GST = CA-GST \r\nVAT 19 % = DE\n,')).toEqual(pairs);
    expect(read('')).toEqual({});
  });

  it('may have a "=" on its left side', () => {
    expect(read('a=b=c')).toEqual({ 'a=b': 'c' });
  });

  it('names every wrong pair with its rule', () => {
    const table = parseTable('taxCodes', SPEC, 'cheque=Cash, ach=Ach, cash=Cash, cash=ACH, ach, =ACH');
    expect(table.ok ? [] : table.problems).toEqual([
      ...wrong('cheque=Cash', 'cheque is none of ach, cash'),
      ...wrong('ach=Ach', 'Ach is none of ACH, Cash'),
      ...wrong('cash=ACH', 'cash stands there twice'),
      ...wrong('ach=', 'is not of the form from=to'),
      ...wrong('=ACH', 'is not of the form from=to'),
    ]);
  });

  it('may ask for a form on its right side, and for each only once', () => {
    const spec: TableSpec = {
      ...OPEN,
      toForm: { pattern: /__c$/, rule: 'does not end in __c' },
      toOnce: true,
    };
    expect(read('a=X__c, b=Y__c', spec)).toEqual({ a: 'X__c', b: 'Y__c' });
    expect(read('a=X', spec)).toEqual(wrong('a=X', 'X does not end in __c'));
    expect(read('a=X__c, b=X__c', spec)).toEqual(wrong('b=X__c', 'X__c stands there twice'));
  });
});
