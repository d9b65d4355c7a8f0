/** Origins are packed without losing one, and grow with the kinds of fields only. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Origin, originFinder, packOrigins } from './origins.ts';

const name = fc.constantFrom('name', 'amount', 'taxes[0].name', 'taxes[1].name');
const index = fc.nat({ max: 40 });
const origin = fc.oneof(
  fc
    .tuple(name, index, index)
    .map(([field, at, there]): Origin => [`lines[${at}].${field}`, `items[${there}].${field}`]),
  fc.constantFrom<Origin>(
    ['number', 'invoice_number'],
    ['total', 'amount.amount'],
    ['notes', 'lines[0].notes'],
  ),
);

test('what is packed is found again under its field, and nothing else is', () => {
  fc.assert(
    fc.property(fc.uniqueArray(origin, { selector: ([field]) => field }), origin, (origins, [other]) => {
      const pathOf = originFinder(packOrigins(origins));
      const paths = new Map(origins);
      expect(origins.map(([field]) => pathOf(field))).toEqual([...paths.values()]);
      expect(pathOf(other)).toBe(paths.get(other));
    }),
  );
});

test('the last that was said of a field counts', () => {
  const pathOf = originFinder(
    packOrigins([
      ['name', 'old'],
      ['name', 'new'],
    ]),
  );
  expect(pathOf('name')).toBe('new');
});

test('five thousand lines take no more room than two', () => {
  const linesOf = (count: number) =>
    Array.from({ length: count }, (_, at): Origin => [`lines[${at}].name`, `items[${at + 3}].chargeName`]);
  expect(packOrigins(linesOf(5_000))).toEqual([
    { field: 'lines[#].name', path: 'items[#].chargeName', runs: [[0, 3, 5_000]] },
  ]);
});
