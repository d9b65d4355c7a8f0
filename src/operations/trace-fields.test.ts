/** Which value came from where and went where: as the mapping recorded it, never guessed, and as fast for many lines. */
import { expect, test } from 'vitest';
import { type Origin, packOrigins } from '../core/origins.ts';
import { traceFields } from './trace-fields.ts';

const source = {
  invoice_number: '0000025',
  amount: { amount: '110.00', code: 'USD' },
  po_number: '0000025',
  lines: [{ name: 'Work', qty: '1' }, { name: 'Travel' }],
};
const canonical = {
  number: '0000025',
  total: { amountMinor: '11000', currency: 'USD' },
  lines: [
    { name: 'Work', quantity: '1' },
    { name: 'Travel', quantity: '1' },
  ],
  notes: '',
};
const destination = {
  invoiceNumber: '0000025',
  invoiceItems: [{ chargeName: 'Old' }, { chargeName: 'Work' }, {}],
};
const packed = (...origins: Origin[]) => packOrigins(origins);
const ALL = { from: 0, most: 100_000 };
const forms = {
  source: {
    record: source,
    origins: packed(
      ['number', 'invoice_number'],
      ['total', 'amount.amount'],
      ['lines[0].name', 'lines[0].name'],
    ),
  },
  canonical,
  destination: {
    record: destination,
    origins: packed(
      ['lines[0].name', 'invoiceItems[1].chargeName'],
      ['lines[1].name', 'invoiceItems[2].chargeName'],
    ),
  },
};
const { fields: traced } = traceFields(forms, ALL);
const find = (field: string) => traced.find((one) => one.field === field);

test('a value is shown with its places as they were recorded, in its own words on each side', () => {
  expect(find('total')).toEqual({
    field: 'total',
    value: '110.00',
    source: { path: 'amount.amount', value: '110.00' },
    destination: null,
  });
  expect(find('lines[0].name')).toMatchObject({
    source: { path: 'lines[0].name', value: 'Work' },
    destination: { path: 'invoiceItems[1].chargeName', value: 'Work' },
  });
});

test('an equal value elsewhere is no place: what was not recorded is not guessed', () => {
  expect(find('number')?.destination).toBeNull();
  expect(find('lines[1].quantity')?.source).toBeNull();
});

test('a place where nothing was sent is none', () => {
  expect(find('lines[1].name')?.destination).toBeNull();
});

test('what is empty is left out, and nothing at all gives nothing', () => {
  expect(traced.map(({ field }) => field)).not.toContain('notes');
  const nothing = { record: undefined, origins: undefined };
  expect(traceFields({ source: nothing, canonical: undefined, destination: nothing }, ALL).fields).toEqual(
    [],
  );
});

test('pages together are all of it, and each says how many come after it', () => {
  const pages = [0, 2, 4, 6, 8].map((from) => traceFields(forms, { from, most: 2 }));
  expect(pages.flatMap(({ fields }) => fields)).toEqual(traced);
  expect(pages.map(({ left }) => left)).toEqual(
    [0, 2, 4, 6, 8].map((from) => Math.max(0, traced.length - from - 2)),
  );
});

test('five times the lines are at most six times the work', () => {
  expect(readsOf(5_000) / readsOf(1_000)).toBeLessThan(6);
});

/** How many members of the three forms are read. */
function readsOf(lines: number): number {
  let reads = 0;
  const counted = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, name) {
        reads += 1;
        const value: unknown = Reflect.get(object, name);
        return typeof value === 'object' && value !== null ? counted(value) : value;
      },
    });
  const list = (member: string) => Array.from({ length: lines }, (_, at) => ({ [member]: `Work ${at}` }));
  const origins = (to: string) =>
    packOrigins(
      Array.from({ length: lines }, (_, at): Origin => [`lines[${at}].name`, to.replace('#', String(at))]),
    );
  const several = {
    source: { record: counted({ lines: list('name') }), origins: origins('lines[#].name') },
    canonical: counted({ lines: list('name') }),
    destination: { record: counted({ items: list('chargeName') }), origins: origins('items[#].chargeName') },
  };
  const { fields } = traceFields(several, ALL);
  expect(fields).toHaveLength(lines);
  expect(fields.every(({ source: from, destination: to }) => from !== null && to !== null)).toBe(true);
  return reads;
}
