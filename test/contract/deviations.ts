/** Where the official document and the wire are known to disagree (facts/zuora.md, sections 4, 8 and 11): a closed list, counted apart. */
import type { Exchange } from '../../src/connectors/zuora/simulator/exchange.ts';
import type { Violation } from './openapi.ts';

type Deviation = { name: string; holds: (violation: Violation, exchange: Exchange) => boolean };

const LIST: readonly Deviation[] = [
  {
    name: 'error codes are numbers on the wire and texts in the document',
    holds: ({ part, at, message }) =>
      part === 'answer' && /\/reasons\/\d+\/code$/.test(at) && message.startsWith('must be string'),
  },
  {
    name: 'transferredToAccounting is false in the samples of a changed invoice, and a word in the document',
    holds: ({ operation, part, at }) =>
      operation === 'PUT /v1/invoices/{invoiceKey}' && part === 'answer' && at === '/transferredToAccounting',
  },
  {
    name: 'ids have 32 hexadecimal digits, and the document calls those of application parts uuid',
    holds: ({ operation, part, message }) =>
      operation.endsWith('/application-parts') &&
      part === 'answer' &&
      message.startsWith('must match format "uuid"'),
  },
  {
    name: 'a key on a PUT, one in use and one used elsewhere are answered by a bare message (facts/zuora.md, section 2)',
    holds: ({ part, at }, { headers, answer }) =>
      part === 'answer' &&
      at === '/message' &&
      'idempotency-key' in headers &&
      [400, 409, 422].includes(answer?.status ?? 0),
  },
  {
    name: 'failed members of a batch say why, as the page of that call shows (facts/zuora.md, section 6)',
    holds: ({ operation, part, at }) =>
      /\/(batch|bulk-post)$/.test(operation) &&
      part === 'answer' &&
      /^\/invoices\/\d+\/(objectIndex|processId|reasons)$/.test(at),
  },
  {
    name: 'the last accounting period is open and has no end, as the sample of that call shows (facts/zuora.md, section 12)',
    holds: ({ operation, part, at }) =>
      operation === 'GET /v1/accounting-periods' && part === 'answer' && at.endsWith('/endDate'),
  },
  {
    name: 'a contact has an id, which the document leaves out of its answers',
    holds: ({ operation, part, at }) =>
      / \/v1\/contacts/.test(operation) && part === 'answer' && at === '/id',
  },
  {
    name: 'application parts name a next page whose parameters the document does not list',
    holds: ({ operation, part, at }) =>
      operation.endsWith('/application-parts') && part === 'request' && /^query page(Size)?$/.test(at),
  },
  {
    name: 'a PUT without anything to say carries an empty object, or is answered 415 (facts/zuora.md, section 2)',
    holds: ({ part, message }, { method, body }) =>
      part === 'request' && method === 'PUT' && body === '{}' && message === 'a body is not documented',
  },
];

export type Deviations = {
  nameOf(violation: Violation, exchange: Exchange): string | undefined;
  isUndocumentedStatus(exchange: Exchange): boolean;
};

export const OFFICIAL_DEVIATIONS: Deviations = {
  nameOf: (violation, exchange) => LIST.find(({ holds }) => holds(violation, exchange))?.name,
  /** The token endpoint documents 200 and 429 only; its refusals are known from Zuora's own Ruby client. */
  isUndocumentedStatus: ({ path, answer }) =>
    path === '/oauth/token' && answer !== undefined && [400, 401, 403, 415].includes(answer.status),
};

/** Our own document is corrected instead. */
export const NO_DEVIATIONS: Deviations = { nameOf: () => undefined, isUndocumentedStatus: () => false };
