/**
 * The calls that the connector makes of Zuora, in the shape of an OpenAPI document: what it sends, and what it is
 * answered. Written by hand in our own words, from what connector and simulator do and from notes of public pages
 * (facts/zuora.md; sections are its). It is no copy of Zuora's own OpenAPI file and does not replace it: it says what we
 * send, which is less than what Zuora takes, and answers as the simulator gives them, which are assumptions where
 * the simulator's README says so. A new call, member or value goes in here first.
 */
import type { OpenApi, Operation, Parameter } from './parameters.ts';
import {
  accountKey,
  documentKey,
  either,
  id,
  list,
  matching,
  oneOf,
  partly,
  some,
  success,
  whole,
} from './schema-words.ts';
import type { Schema } from './unknown-members.ts';
import * as answers from './zuora-answers.ts';
import * as requests from './zuora-requests.ts';
import { QUERIED, type Queried, SETTINGS } from './zuora-tables.ts';

const OUR_VERSION = '2025-08-12';

const inHeader = (name: string, schema: Schema, required = true): Parameter => ({
  name,
  in: 'header',
  required,
  schema,
});
const inQuery = (name: string, schema: Schema, required = false): Parameter => ({
  name,
  in: 'query',
  required,
  schema,
});
const never: Schema = { not: {} };

const ENTITY = matching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
/** What every call says of itself (section 2). */
const COMMON = [
  inHeader('Zuora-Version', oneOf(OUR_VERSION)),
  inHeader('Zuora-Track-Id', matching(/^[!#-&(-9<-~]{1,64}$/)),
  inHeader('Zuora-Entity-Ids', ENTITY, false),
  inHeader('Zuora-Org-Ids', matching(/^[^\s,]+(,[^\s,]+)*$/), false),
];
/** A PUT with an idempotency key is refused, and a read needs none. */
const NO_KEY = inHeader('Idempotency-Key', never, false);
/** Without it a PUT is answered 415, even with an empty object as body. */
const JSON_BODY = inHeader('Content-Type', oneOf('application/json'));
const pagingOf = (most: number) => [
  inQuery('page', { type: 'integer', minimum: 1 }),
  inQuery('pageSize', { type: 'integer', minimum: 1, maximum: most }),
];
const PAGING = pagingOf(40);
/** Of accounting lists (section 8). */
const LONG_PAGING = pagingOf(300);

const KEYS: Readonly<Record<string, Schema>> = {
  'account-key': accountKey,
  id,
  object: oneOf('Invoice'),
};
function inPath(path: string): Parameter[] {
  return [...path.matchAll(/\{([^}]*)\}/g)].map(([, name = '']) => {
    return { name, in: 'path', required: true, schema: KEYS[name] ?? documentKey };
  });
}

const content = (schema: Schema, type = 'application/json') => ({ content: { [type]: { schema } } });
const LIMITED = content(either(answers.refusal, answers.rateRefusal));
const refusedWith = (refusal: Schema) => ({
  '429': LIMITED,
  '4XX': content(refusal),
  '500': content(refusal),
});
const REFUSED = refusedWith(answers.refusal);

type Call = readonly [operation: string, described: Operation];

function read(path: string, schema: Schema, asked: Parameter[] = []): Call {
  const parameters = [...COMMON, NO_KEY, ...inPath(path), ...asked];
  return [`GET ${path}`, { parameters, responses: { '200': content(schema), ...REFUSED } }];
}

/** What is wrong with an idempotency key is said without a code (section 2). */
const REFUSED_OR_OF_KEY = content(either(answers.refusal, answers.message));

function create(path: string, body: Schema, answer: Schema): Call {
  const described = {
    parameters: [...COMMON, JSON_BODY, inHeader('Idempotency-Key', some(255)), ...inPath(path)],
    requestBody: { required: true, ...content(body) },
    responses: {
      '200': content(answer),
      '400': REFUSED_OR_OF_KEY,
      '409': REFUSED_OR_OF_KEY,
      '422': content(answers.message),
      ...REFUSED,
    },
  };
  return [`POST ${path}`, described];
}

/** A POST that changes a state, and may be refused by it: without a key, whose stored answer would hide that. */
function act(path: string, body: Schema, answer: Schema): Call {
  const described = {
    parameters: [...COMMON, JSON_BODY, NO_KEY, ...inPath(path)],
    requestBody: { required: true, ...content(body) },
    responses: { '200': content(answer), ...REFUSED },
  };
  return [`POST ${path}`, described];
}

function change(path: string, body: Schema, answer: Schema, refused = REFUSED_OR_OF_KEY): Call {
  const described = {
    parameters: [...COMMON, JSON_BODY, NO_KEY, ...inPath(path)],
    requestBody: { required: true, ...content(body) },
    responses: { '200': content(answer), ...REFUSED, '400': refused },
  };
  return [`PUT ${path}`, described];
}

function remove(path: string, answer: Schema): Call {
  const parameters = [...COMMON, NO_KEY, ...inPath(path)];
  return [`DELETE ${path}`, { parameters, responses: { '200': content(answer), ...REFUSED } }];
}

/** One filter at most; empty hits are an empty list (section 8). */
function query(name: string, { row, filter }: Queried): Call {
  const filters = filter === undefined ? [] : [inQuery('filter[]', list(matching(filter), { maxItems: 1 }))];
  const described = {
    parameters: [
      ...COMMON,
      NO_KEY,
      ...filters,
      inQuery('pageSize', { type: 'integer', minimum: 1, maximum: 99 }, true),
      inQuery('cursor', some(1000)),
    ],
    responses: {
      '200': content(partly({ data: list(row) }, { nextPage: some(1000) })),
      ...refusedWith(answers.queryRefusal),
    },
  };
  return [`GET /object-query/${name}`, described];
}

function setting(name: string, schema: Schema): Call {
  const responses = { '200': content(schema), ...refusedWith(answers.settingsRefusal) };
  return [`GET /settings/${name}`, { parameters: [...COMMON, NO_KEY], responses }];
}

const SIGN_IN: Call = [
  'POST /oauth/token',
  {
    parameters: [
      inHeader('Content-Type', matching(/^application\/x-www-form-urlencoded(;|$)/)),
      inHeader('Zuora-Entity-Ids', ENTITY, false),
      NO_KEY,
    ],
    requestBody: {
      required: true,
      ...content(
        whole({ client_id: some(36), client_secret: some(42), grant_type: oneOf('client_credentials') }),
        'application/x-www-form-urlencoded',
      ),
    },
    responses: { '200': content(answers.token), '4XX': content(answers.tokenRefusal) },
  },
];

const INVOICE = '/v1/invoices/{invoiceKey}';
const CREDIT = '/v1/credit-memos/{creditMemoKey}';
const PAYMENT = '/v1/payments/{paymentKey}';

const CALLS: readonly Call[] = [
  SIGN_IN,
  create('/v1/accounts', requests.account, answers.createdAccount),
  read('/v1/accounts/{account-key}', answers.account),
  change('/v1/accounts/{account-key}', requests.accountChange, whole(success)),

  create('/v1/invoices', requests.invoice, answers.createdInvoice),
  read(INVOICE, answers.invoice),
  change(INVOICE, requests.invoiceChange, answers.changedInvoice),
  remove(INVOICE, answers.deletedInvoice),
  act('/v1/invoices/bulk-post', requests.bulkPost, answers.bulkPosted),
  // Undocumented: only where a tenant does not know the one before.
  change(`${INVOICE}/post`, requests.empty, answers.invoice),
  change(`${INVOICE}/unpost`, requests.empty, answers.invoice),
  change(`${INVOICE}/reverse`, requests.invoiceReverse, answers.reversedInvoice),
  // Of the older pages, which refuse in a shape of their own.
  change(
    '/v1/object/invoice/{id}',
    requests.invoiceCancel,
    answers.cancelledInvoice,
    content(answers.crudRefusal),
  ),
  read(`${INVOICE}/items`, answers.page('invoiceItems', answers.item), PAGING),
  read(`${INVOICE}/application-parts`, answers.page('applicationParts', answers.applicationPart), PAGING),
  create('/v1/credit-memos/invoice/{invoiceKey}', requests.creditOfInvoice, answers.creditMemo),
  create('/v1/debit-memos/invoice/{invoiceKey}', requests.debitOfInvoice, answers.debitMemo),
  read('/v1/debit-memos/{debitMemoKey}', answers.debitMemo),

  create('/v1/credit-memos', requests.credit, answers.creditMemo),
  read(CREDIT, answers.creditMemo),
  read(`${CREDIT}/parts`, answers.page('parts', answers.part), PAGING),
  change(`${CREDIT}/apply`, requests.application, answers.creditMemo),
  change(`${CREDIT}/unapply`, requests.application, answers.creditMemo),
  change(`${CREDIT}/unpost`, requests.empty, answers.creditMemo),
  change(`${CREDIT}/cancel`, requests.empty, answers.creditMemo),

  create('/v1/payments', requests.payment, answers.payment),
  read('/v1/payments', answers.page('payments', answers.paymentRow), PAGING),
  read(PAYMENT, answers.payment),
  read(`${PAYMENT}/parts`, answers.page('parts', answers.part), PAGING),
  change(PAYMENT, requests.paymentChange, answers.payment),
  change(`${PAYMENT}/apply`, requests.application, answers.payment),
  change(`${PAYMENT}/unapply`, requests.application, answers.payment),
  change(`${PAYMENT}/cancel`, requests.empty, answers.payment),
  change(`${PAYMENT}/transfer`, requests.transfer, answers.payment),
  create(`${PAYMENT}/refunds`, requests.refund, answers.refund),
  read('/v1/refunds/{refundKey}', answers.refund),
  read('/v1/refunds', answers.page('refunds', answers.refundRow), [
    inQuery('paymentId', id, true),
    ...PAGING,
  ]),
  change('/v1/refunds/{refundKey}/cancel', requests.empty, answers.refund),

  read('/v1/accounting-periods', answers.page('accountingPeriods', answers.period), LONG_PAGING),
  [
    'GET /v1/describe/{object}',
    {
      parameters: [...COMMON, NO_KEY, ...inPath('/v1/describe/{object}')],
      responses: { '200': content(matching(/^<\?xml /), 'text/xml'), ...REFUSED },
    },
  ],
  ...Object.entries(QUERIED).map(([name, queried]) => query(name, queried)),
  ...Object.entries(SETTINGS).map(([name, schema]) => setting(name, schema)),
];

function byPath(): OpenApi['paths'] {
  const paths: OpenApi['paths'] = {};
  for (const [operation, described] of CALLS) {
    const [method = '', path = ''] = operation.split(' ');
    paths[path] = { ...paths[path], [method.toLowerCase()]: described };
  }
  return paths;
}

export const ZUORA_CALLS: OpenApi = { paths: byPath(), components: { schemas: {}, parameters: {} } };
