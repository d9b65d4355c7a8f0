/** For tests: random answers of the API, of a gateway and of the edge, each with what is known of it by its making. */
import fc from 'fast-check';
import type { HttpAnswer } from '../../core/ports.ts';
import type { CallKind } from './errors.ts';

export type RandomAnswer = {
  answer: HttpAnswer;
  /** The same without what stands beside the error text. */
  withoutNoise: HttpAnswer;
  kind: CallKind;
  /** Made in a shape of the API's own. */
  isOwn: boolean;
  code: string | undefined;
  message: string;
  isFinal: boolean;
};

const CALLS: readonly CallKind[] = [
  { call: 'GET invoice', write: false, creates: false },
  { call: 'GET object-query invoices', write: false, creates: false },
  { call: 'POST invoice', write: true, creates: true },
  { call: 'POST account', write: true, creates: true },
  { call: 'POST payment', write: true, creates: false },
  { call: 'PUT payment unapply', write: true, creates: false },
  { call: 'DELETE invoice', write: true, creates: false },
];
const FINAL = [
  'Transaction declined.generic_decline',
  'There is an invoice pending tax',
  'The Zuora GetTax call to Avalara returned the following error(s): Company not found.',
];
const MESSAGES = [
  ...FINAL,
  'request exceeded limit',
  'API Rate limit exceeded for the hour, retry after 60 seconds',
  'The total number of concurrent requests has exceeded the limit allowed by the system.',
  'unexpected error',
  'No bearer token',
  'no Route matched with those values',
  'The endpoint v1/invoices/x/post does not exist, check the URL',
  "Cannot find entity by key: 'x'.",
  'Cannot find a Invoice instance with id 1.',
  'No account is found with accountId x',
  "The invoice number 'X' already exists.",
  'Only invoices with Draft status can be posted.',
  'Another transaction has already been entered for this transaction.',
  'You do not have permission.',
  'The Taxation feature is not enabled.',
  "The text 'invoice not found, request exceeded limit' is too long.",
  'Not Found',
  '',
];
const PREFIXES = ['500000', '531000', '538400', '584900', '660000', '900000'];
const CATEGORIES = ['10', '11', '20', '21', '22', '30', '40', '45', '50', '60', '61', '70', '90', '99'];
const NAMES = [
  'UNEXPECTED_ERROR',
  'SERVICE_UNAVAILABLE',
  'GATEWAY_TIMEOUT',
  'RATE_LIMIT_EXCEEDED',
  'INVALID_VALUE',
  'DUPLICATE_VALUE',
  'NO_PERMISSION',
  'LOCK_COMPETITION',
  'INVALID_SESSION',
  'ClientError',
  'STRANGE_WORD',
];
const NOISE = {
  data: [{ comments: 'invoice not found; request exceeded limit; unexpected error' }],
  note: 'No account is found with accountId x; already exists; no Route matched with those values',
  retry: 'retry after 600 seconds',
};

const code = fc.oneof(
  fc.tuple(fc.constantFrom(...PREFIXES), fc.constantFrom(...CATEGORIES)).map(([a, b]) => `${a}${b}`),
  fc.constantFrom(...NAMES, '66000030', '90000020', '50000040', '70'),
);

type Body = { text: string; isOwn: boolean; isExplicit: boolean; code?: string; message: string };
type Shape = { of: (code: string, message: string) => unknown; isOwn: boolean; isExplicit?: boolean };

const number = (text: string) => (/^\d+$/.test(text) ? Number(text) : text);
const SHAPES: readonly Shape[] = [
  {
    of: (c, message) => ({ success: false, processId: 'A1', reasons: [{ code: number(c), message }] }),
    isOwn: true,
    isExplicit: true,
  },
  {
    of: (c, message) => ({ reasons: [{ code: number(c), message }], requestId: '1' }),
    isOwn: true,
    isExplicit: true,
  },
  { of: (c, Message) => ({ Success: false, Errors: [{ Code: c, Message }] }), isOwn: true, isExplicit: true },
  { of: (c, FaultMessage) => ({ FaultCode: c, FaultMessage }), isOwn: true, isExplicit: true },
  { of: (c, message) => ({ code: c, message }), isOwn: true },
  { of: (_, errorMessage) => ({ errorMessage }), isOwn: true },
  { of: (c, message) => ({ error: { code: c, message } }), isOwn: true },
  { of: () => ({ success: false }), isOwn: true, isExplicit: true },
  { of: (_, message) => ({ message }), isOwn: false },
  {
    of: (_, message) => ({ timestamp: '2026', status: 404, error: 'Not Found', message, path: '/v1/x' }),
    isOwn: false,
  },
  { of: () => ({}), isOwn: false },
];
const WITHOUT_CODE = new Set([5, 7, 8, 9, 10]);

const jsonBody = fc
  .tuple(fc.nat(SHAPES.length - 1), code, fc.constantFrom(...MESSAGES))
  .map(([at, c, message]): Body => {
    const shape = SHAPES[at] ?? { of: () => ({}), isOwn: false };
    const said = shape.of(c, message);
    const isSilent = at === 7 || at === 10;
    return {
      text: JSON.stringify(said),
      isOwn: shape.isOwn,
      isExplicit: shape.isExplicit ?? false,
      ...(WITHOUT_CODE.has(at) ? {} : { code: c }),
      message: isSilent ? '' : message,
    };
  });
const page = (words: string) => `<html><head><title>Error</title></head><body><p>${words}</p></body></html>`;
const RAW = ['', 'Forbidden', '{"success":false,"reas', '[]', '404', '"request exceeded limit"'];
const raw = (text: string): Body => ({ text, isOwn: false, isExplicit: false, message: '' });

export const randomAnswer: fc.Arbitrary<RandomAnswer> = fc
  .tuple(
    fc.constantFrom(200, 200, 400, 401, 403, 404, 405, 408, 409, 415, 418, 422, 429, 500, 502, 503, 504),
    fc.constantFrom(...CALLS),
    fc.oneof(
      { weight: 8, arbitrary: jsonBody },
      { weight: 1, arbitrary: fc.constant({ ...raw(page('')), isPage: true }) },
      { weight: 1, arbitrary: fc.constantFrom(...RAW).map(raw) },
    ),
    fc.constantFrom<Record<string, string>>({}, { 'retry-after': '9' }, { server: 'AkamaiGHost' }),
    fc.boolean(),
  )
  .map(([status, kind, body, more, isNoisy]) => {
    const isPage = 'isPage' in body;
    const headers = { ...more, ...(isPage ? { 'content-type': 'text/html' } : {}) };
    const bare = { status, headers, body: body.text };
    const isObject = body.text.startsWith('{') && body.text.endsWith('}');
    // Under a status that says "good" other members may be the document that was asked for.
    const mayBeNoisy = isPage || (isObject && (status >= 300 || body.isExplicit));
    const noisy = isPage
      ? page('request exceeded limit; Cannot find entity by key')
      : JSON.stringify({ ...NOISE, ...(isObject ? (JSON.parse(body.text) as object) : {}) });
    return {
      answer: isNoisy && mayBeNoisy ? { ...bare, body: noisy } : bare,
      withoutNoise: bare,
      kind,
      isOwn: body.isOwn,
      code: body.code,
      message: body.message,
      isFinal: body.isOwn && /(60|99)$/.test(body.code ?? '') && FINAL.includes(body.message),
    };
  });
