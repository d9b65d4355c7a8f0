/** One `filter[]=field.OP:value` of Object Query as a predicate over a cell. */
import { Exact } from '../../../core/money.ts';
import { refuse } from './refusal.ts';

type Cell = string | boolean | Exact | null;
export type Filter = { field: string; matches: (cell: Cell) => boolean };

const FILTER = /^([A-Za-z_]+)\.(EQ|NE|LT|GT|LE|GE|SW|IN):(.*)$/s;

/** Throws a refusal of category 27 for anything not understood. Text compares without regard to case. */
export function parseFilter(text: string, known: readonly string[]): Filter {
  const match = FILTER.exec(text);
  const [, name = '', operator = '', value = ''] = match ?? [];
  const field = name.toLowerCase();
  if (match === null) throw refuse('objectQuery', 'badQuery', `The filter '${text}' is not valid.`);
  if (!known.includes(field))
    throw refuse('objectQuery', 'badQuery', `The field '${name}' is not filterable.`);
  if (operator === 'IN') {
    const list = /^\[(.*)\]$/s.exec(value);
    if (list === null) throw refuse('objectQuery', 'badQuery', 'IN needs a list in brackets.');
    const wanted = (list[1] ?? '').split(',').map((one) => one.trim());
    return { field, matches: (cell) => wanted.some((one) => compare(cell, one) === 0) };
  }
  if (value === 'null') {
    if (operator !== 'EQ' && operator !== 'NE')
      throw refuse('objectQuery', 'badQuery', 'null goes with EQ and NE only.');
    return { field, matches: (cell) => (cell === null) === (operator === 'EQ') };
  }
  if (operator === 'SW') {
    const start = value.toLowerCase();
    return { field, matches: (cell) => typeof cell === 'string' && cell.toLowerCase().startsWith(start) };
  }
  return { field, matches: (cell) => holds(operator, compare(cell, value)) };
}

function holds(operator: string, order: number | undefined): boolean {
  if (order === undefined) return operator === 'NE';
  switch (operator) {
    case 'EQ':
      return order === 0;
    case 'NE':
      return order !== 0;
    case 'LT':
      return order < 0;
    case 'GT':
      return order > 0;
    case 'LE':
      return order <= 0;
    default:
      return order >= 0;
  }
}

const TIMESTAMP = /^\d{4}-\d\d-\d\dT/;

/** Negative, zero or positive; undefined where the cell is empty. */
function compare(cell: Cell, value: string): number | undefined {
  if (cell === null) return undefined;
  if (typeof cell === 'boolean') return String(cell) === value.toLowerCase() ? 0 : 1;
  if (cell instanceof Exact) {
    if (!/^-?\d+(\.\d+)?$/.test(value))
      throw refuse('objectQuery', 'badQuery', `'${value}' is not a number.`);
    return cell.cmp(value);
  }
  if (cell[10] === 'T' && TIMESTAMP.test(cell)) {
    const wanted = Date.parse(value);
    if (Number.isNaN(wanted)) throw refuse('objectQuery', 'badQuery', `'${value}' is not a timestamp.`);
    return Date.parse(cell) - wanted;
  }
  const [a, b] = [cell.toLowerCase(), value.toLowerCase()];
  return a < b ? -1 : a > b ? 1 : 0;
}
