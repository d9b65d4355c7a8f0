/** Lists as FreshBooks gives them: known filters act, unknown ones are ignored, pages are capped without a word. */
import { isPlainDate } from './eastern.ts';
import { ERRNO, Refusal } from './refusal.ts';

export type Query = Readonly<Record<string, string | string[] | undefined>>;
export type Filter<Row> = (row: Row, value: string) => boolean;
export type Sorter<Row> = (a: Row, b: Row) => number;

export type ListRules<Row> = {
  object: string;
  /** By the name inside `search[…]`. */
  filters: Readonly<Record<string, Filter<Row>>>;
  /** By the key before `_asc` or `_desc`. */
  sorters: Readonly<Record<string, Sorter<Row>>>;
  /** Known filters that do nothing all the same; `vis_state` among them brings rows of every state. */
  ignored?: ReadonlySet<string>;
};

export type Page<Row> = { rows: Row[]; page: number; pages: number; perPage: number; total: number };

const DEFAULT_PER_PAGE = 15;
const MAX_PER_PAGE = 100;

export function listRows<Row extends { id: number; visState: number }>(
  rows: readonly Row[],
  query: Query,
  rules: ListRules<Row>,
): Page<Row> {
  const perPage = readPerPage(query, rules.object);
  const page = Math.max(1, readInteger(query, 'page', ERRNO.badPage, rules.object) ?? 1);
  const tests = readFilters(query, rules);
  const found = rows.filter((row) => tests.every((test) => test(row)));
  const sorted = sortRows(found, lastOf(query.sort), rules.sorters);
  return {
    rows: sorted.slice((page - 1) * perPage, page * perPage),
    page,
    pages: Math.ceil(found.length / perPage),
    perPage,
    total: found.length,
  };
}

export function readIncludes(query: Query): ReadonlySet<string> {
  return new Set([...valuesOf(query['include[]']), ...valuesOf(query.include)]);
}

/** Ranges: `_min` is inclusive, `_max` exclusive; a time of day in an `updated_*` value is not looked at. */
export function dateRange<Row>(name: string, read: (row: Row) => string): Record<string, Filter<Row>> {
  return {
    [`${name}_min`]: (row, value) => read(row) >= value.slice(0, 10),
    [`${name}_max`]: (row, value) => read(row) < value.slice(0, 10),
  };
}

export function bySelf<Row>(read: (row: Row) => string | number): Filter<Row> {
  return (row, value) => String(read(row)) === value;
}

export function compareBy<Row>(read: (row: Row) => string | number): Sorter<Row> {
  return (a, b) => {
    const [x, y] = [read(a), read(b)];
    return x < y ? -1 : x > y ? 1 : 0;
  };
}

function readFilters<Row extends { visState: number }>(query: Query, rules: ListRules<Row>) {
  const tests: ((row: Row) => boolean)[] = [];
  let isVisStateAsked = false;
  for (const [key, raw] of Object.entries(query)) {
    const match = /^search\[([a-z0-9_]+)\](\[\])?$/.exec(key);
    const name = match?.[1];
    if (name === undefined) continue;
    const values = valuesOf(raw);
    if (name === 'vis_state') isVisStateAsked = true;
    if (rules.ignored?.has(name)) continue;
    if (name === 'vis_state') {
      tests.push((row) => values.includes(String(row.visState)));
      continue;
    }
    const filter = Object.hasOwn(rules.filters, name) ? rules.filters[name] : undefined;
    if (filter === undefined) continue;
    if (/(date|updated)_(min|max)$/.test(name)) checkDates(values, name, rules.object);
    tests.push((row) => values.some((value) => filter(row, value)));
  }
  if (!isVisStateAsked) tests.push((row) => row.visState !== 1);
  return tests;
}

function checkDates(values: readonly string[], field: string, object: string): void {
  for (const value of values) {
    if (isPlainDate(value.slice(0, 10))) continue;
    throw new Refusal(422, { errno: ERRNO.badDate, field, object, value, message: 'Invalid date.' });
  }
}

/** Rows come in by ascending id. A sort that is not understood still turns the default order round. */
function sortRows<Row>(
  rows: Row[],
  sort: string | undefined,
  sorters: Readonly<Record<string, Sorter<Row>>>,
): Row[] {
  if (sort === undefined) return rows.reverse();
  const match = /^(.+)_(asc|desc)$/.exec(sort);
  const key = match?.[1] ?? '';
  const sorter = Object.hasOwn(sorters, key) ? sorters[key] : undefined;
  if (sorter === undefined) return rows;
  rows.sort(sorter);
  return match?.[2] === 'desc' ? rows.reverse() : rows;
}

function readPerPage(query: Query, object: string): number {
  const asked = readInteger(query, 'per_page', ERRNO.badPerPage, object) ?? DEFAULT_PER_PAGE;
  return asked < 1 ? DEFAULT_PER_PAGE : Math.min(asked, MAX_PER_PAGE);
}

function readInteger(query: Query, field: string, errno: number, object: string): number | undefined {
  const value = lastOf(query[field]);
  if (value === undefined) return undefined;
  if (/^-?\d{1,9}$/.test(value)) return Number.parseInt(value, 10);
  throw new Refusal(422, { errno, field, object, value, message: 'Must be an integer.' });
}

function valuesOf(raw: string | string[] | undefined): string[] {
  return raw === undefined ? [] : Array.isArray(raw) ? raw : [raw];
}

function lastOf(raw: string | string[] | undefined): string | undefined {
  return valuesOf(raw).at(-1);
}
