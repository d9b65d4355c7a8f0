/** Reads single wire values strictly and collects every problem on the way, so that a mapper can list all at once. */
import { Temporal } from 'temporal-polyfill';
import type { z } from 'zod';
import type { DecimalText, Mapped, PlainDate, Problem, Visibility } from '../../core/canonical.ts';
import { isKnownCurrency, type Money, MoneyError, parseExact, parseMoney } from '../../core/money.ts';
import type { WireAmount } from './wire.ts';

type Maybe<T> = T | null | undefined;

/** Each reader gives a stand-in after adding a problem; `result` never lets a stand-in out. */
export type Findings = {
  add(field: string, value: unknown, rule: string): void;
  currency(field: string, code: Maybe<string>): string;
  /** `currency` '' = already found wrong: the amount is not judged then. */
  money(field: string, value: Maybe<WireAmount>, currency: string): Money;
  /** The amount's own text, in the right currency, with any number of decimals. */
  price(field: string, value: Maybe<WireAmount>, currency: string): DecimalText;
  decimal(field: string, text: Maybe<string>): DecimalText;
  date(field: string, text: Maybe<string>): PlainDate;
  required(field: string, text: Maybe<string>): string;
  visibility(value: Maybe<number>): Visibility;
  result<T>(value: T): Mapped<T>;
};

/** The same currency in lower case has been seen; undefined where there is none of that name. */
export function toCurrency(code: Maybe<string>): string | undefined {
  const upper = code?.trim().toUpperCase() ?? '';
  return isKnownCurrency(upper) ? upper : undefined;
}

const VISIBILITY: readonly Visibility[] = ['active', 'deleted', 'archived'];

/** Leaves out what is missing or blank. */
export function present<K extends string>(
  members: Record<K, string | null | undefined>,
): Partial<Record<K, string>> {
  const kept: Partial<Record<K, string>> = {};
  for (const key in members) {
    const text = members[key]?.trim();
    if (text) kept[key] = text;
  }
  return kept;
}

export function toVisibility(value: Maybe<number>): Visibility | undefined {
  return VISIBILITY[value ?? -1];
}

export function createFindings(): Findings {
  const problems: Problem[] = [];

  const add: Findings['add'] = (field, value, rule) => {
    problems.push({ field, value: toText(value), rule });
  };

  const currency: Findings['currency'] = (field, code) => {
    const known = toCurrency(code);
    if (known) return known;
    add(field, code, 'must be an ISO 4217 currency');
    return '';
  };

  function sameCurrency(field: string, code: string, wanted: string): boolean {
    if (toCurrency(code) === wanted) return true;
    add(`${field}.code`, code, `must be in the document's currency ${wanted}`);
    return false;
  }

  const money: Findings['money'] = (field, value, wanted) => {
    const standIn = { amountMinor: 0n, currency: wanted };
    if (!value) add(field, value, 'is required');
    if (!value || wanted === '' || !sameCurrency(field, value.code, wanted)) return standIn;
    try {
      return parseMoney(value.amount, wanted);
    } catch (error) {
      if (!(error instanceof MoneyError)) throw error;
      add(field, value.amount, error.message);
      return standIn;
    }
  };

  const decimal: Findings['decimal'] = (field, text) => {
    try {
      parseExact(text ?? '');
      return text ?? '';
    } catch (error) {
      if (!(error instanceof MoneyError)) throw error;
      add(field, text, 'must be a decimal number');
      return '0';
    }
  };

  const price: Findings['price'] = (field, value, wanted) => {
    if (!value) add(field, value, 'is required');
    if (!value || wanted === '' || !sameCurrency(field, value.code, wanted)) return '0';
    return decimal(field, value.amount);
  };

  const date: Findings['date'] = (field, text) => {
    if (!isDate(text ?? '')) add(field, text, 'must be a calendar date, yyyy-mm-dd');
    return text ?? '';
  };

  const required: Findings['required'] = (field, text) => {
    if (!text) add(field, text, 'is required');
    return text ?? '';
  };

  const visibility: Findings['visibility'] = (value) => {
    const word = toVisibility(value);
    if (word === undefined) add('vis_state', value, 'must be 0 (active), 1 (deleted) or 2 (archived)');
    return word ?? 'active';
  };

  const result = <T>(value: T): Mapped<T> =>
    problems.length > 0 ? { ok: false, problems } : { ok: true, value };

  return { add, currency, money, price, decimal, date, required, visibility, result };
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  try {
    Temporal.PlainDate.from(text);
    return true;
  } catch {
    return false;
  }
}

/** Where a document has not even the wire's form, that is what the problems say. */
export function toFormProblems(error: z.ZodError): Problem[] {
  return error.issues.map((issue) => ({
    field: issue.path.join('.') || 'document',
    value: '',
    rule: issue.message,
  }));
}

function toText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
