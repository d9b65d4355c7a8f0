/** What of an exchange a schema can tell apart: two exchanges of one shape are both right or both wrong. */
import type { Exchange } from '../../src/connectors/zuora/simulator/exchange.ts';

/** Of the others it only matters whether they are there. */
const TOLD_HEADERS = /^(zuora|x-|content-type$|idempotency-key$)/;

export function shapeOf({ method, path, query, headers, body, answer }: Exchange): string {
  return JSON.stringify([
    method,
    path.split('/').map((part) => (/\d/.test(part) && !/^v\d$/.test(part) ? '*' : part)),
    [...new URLSearchParams(query)].map(([name, value]) => [
      name,
      /^\d{1,4}$/.test(value) ? value : textShape(value),
    ]),
    Object.entries(headers).map(([name, value]) => [name, TOLD_HEADERS.test(name) ? textShape(value) : '']),
    shapeOfText(body),
    answer?.status,
    answer?.headers['Content-Type'],
    shapeOfText(answer?.body ?? ''),
  ]);
}

function shapeOfText(text: string): unknown {
  try {
    return valueShape(JSON.parse(text));
  } catch {
    return textShape(text);
  }
}

function valueShape(value: unknown): unknown {
  if (Array.isArray(value)) return [...new Set(value.map((member) => JSON.stringify(valueShape(member))))];
  if (typeof value === 'string') return textShape(value);
  if (value === null || typeof value !== 'object')
    return typeof value === 'number' ? `${Number.isInteger(value)} ${Math.sign(value)}` : value;
  return Object.entries(value).map(([name, member]) => [name, valueShape(member)]);
}

/** Limits of length that the documents set. */
const LENGTHS = [
  0, 16, 20, 25, 32, 36, 40, 42, 50, 60, 64, 70, 80, 100, 255, 500, 1000, 2000, 4096, 10_000, 65_535,
];
const ID = /^[0-9a-f]{32}$/;

/** Words stay, because a list of allowed values may ask for them; of the rest the kinds of characters and the size. */
function textShape(text: string): string {
  if (/^[A-Za-z]{1,24}$/.test(text)) return text;
  if (ID.test(text)) return 'id';
  const length = LENGTHS.find((limit) => text.length <= limit) ?? 'long';
  const digits = text.slice(0, 64).replaceAll(/\d/g, '9');
  // Dates and times keep their pattern.
  if (digits.startsWith('9999-99-99')) return digits.replaceAll(/[A-Za-z]+/g, 'a');
  const kinds = new Set(digits.replaceAll(/[A-Za-z]/g, 'a'));
  return `${[...kinds].sort().join('')} ${length}`;
}
