/** Guarantee: what connector and simulator say to each other keeps to our own document, and to the official one where it is at hand. */
import { beforeAll, describe, expect, test } from 'vitest';
import { OPERATIONS } from '../../src/connectors/zuora/operations.ts';
import type { Exchange } from '../../src/connectors/zuora/simulator/exchange.ts';
import { alterationsOf } from './alterations.ts';
import { contradictionsOf } from './contradictions.ts';
import { findOfficial, OURS } from './documents.ts';
import { exercise } from './exercise.ts';
import { createJudge, type Judge } from './openapi.ts';
import { shapeOf } from './shape.ts';
import { type ContractFigures, createTally } from './tally.ts';

const official = findOfficial();

/** All exchanges of the exercise, and the figures of each document at hand. */
let exchanges: Exchange[];
let figures: { ours: ContractFigures; official: ContractFigures | undefined };
beforeAll(async () => {
  const tallies = { ours: createTally(OURS), official: official && createTally(official) };
  const shapes = new Map<string, Exchange>();
  await exercise((exchange) => {
    tallies.ours.see(exchange);
    tallies.official?.see(exchange);
    shapes.set(shapeOf(exchange), exchange);
  });
  exchanges = [...shapes.values()];
  figures = { ours: tallies.ours.figures(), official: tallies.official?.figures() };
}, 60_000);

function expectKept(figure: ContractFigures | undefined, operations: number): void {
  expect(figure).toMatchObject({ violationsFound: [], uncovered: [], operationsUsed: operations });
  expect(figure?.requestsChecked).toBeGreaterThan(50);
  expect(figure?.answersChecked).toBeGreaterThan(50);
}

const misspelt: Exchange = {
  method: 'POST',
  path: '/v1/invoices',
  query: 'force=1',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ invoiceDate: 'today', invoiceNumbr: 'X', invoiceItems: [{ amount: '1' }] }),
  answer: undefined,
};

function expectMisspeltIsFound(judge: Judge): void {
  const found = judge.judge(misspelt).violations.map(({ at }) => at);
  expect(found).toEqual(expect.arrayContaining(['query force', '/invoiceNumbr', '/invoiceDate']));
  expect(found).toEqual(expect.arrayContaining(['/invoiceItems/0', '/invoiceItems/0/amount']));
}

describe('our own document', () => {
  test('describes every operation that the connector uses, and no other', () => {
    const described = Object.entries(OURS.openApi.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).toEqual([...new Set<string>(Object.values(OPERATIONS))].sort());
  });

  test('finds every operation called, and every request and answer in order', () => {
    expectKept(figures.ours, Object.keys(OPERATIONS).length);
    expect(figures.ours).toMatchObject({ outsideTheDocument: [], deviations: {} });
  });

  test('finds a misspelt member, a wrong type, an unknown parameter and missing headers', () => {
    expectMisspeltIsFound(createJudge(OURS));
    const found = createJudge(OURS)
      .judge(misspelt)
      .violations.map(({ at }) => at);
    expect(found).toEqual(expect.arrayContaining(['header Zuora-Version', 'header Idempotency-Key']));
  });

  test('finds a call that it does not describe', () => {
    const tally = createTally(OURS);
    tally.see({ ...misspelt, method: 'DELETE', path: '/v1/accounts/FB-1', query: '', body: '' });
    expect(tally.figures().violationsFound).toMatchObject([{ message: 'is no operation of the document' }]);
  });

  test('finds every single alteration of what was said: a member too many, another type, a member left out', () => {
    const judge = createJudge(OURS);
    const { unnoticed, tried } = alter(exchanges, (exchange) => judge.judge(exchange).violations.length > 0);
    expect(tried).toBeGreaterThan(5_000);
    expect(unnoticed.filter((one) => !MAY_BE_LEFT_OUT.some((pattern) => pattern.test(one)))).toEqual([]);
  }, 60_000);
});

describe.skipIf(official === undefined)('the official document', () => {
  test('finds every operation of its own that the connector uses called, and every request and answer in order', () => {
    expectKept(figures.official, 47);
  });

  test('finds a misspelt member, a wrong type and an unknown parameter', () => {
    expectMisspeltIsFound(createJudge(official ?? OURS));
  });

  test('finds no alteration that our own does not find', () => {
    const [ours, theirs] = [createJudge(OURS), createJudge(official ?? OURS)];
    const { unnoticed } = alter(
      exchanges,
      (exchange) =>
        ours.judge(exchange).violations.length > 0 || theirs.judge(exchange).violations.length === 0,
    );
    expect(unnoticed).toEqual([]);
  }, 60_000);

  test('names every member, type and word of our own, besides what is known', () => {
    const found = contradictionsOf(OURS.openApi, official?.openApi ?? OURS.openApi);
    // A changed invoice shows a boolean in the samples; a pending payment is told of in words only; what was not posted
    // says why, as the page of batches shows (sections 6 and 7).
    const known =
      /\/transferredToAccounting: |\/status: unknown words Pending$|bulk-post answer .*\/(reasons|processId) is not named$/;
    expect(found.filter((one) => !known.test(one))).toEqual([]);
    expect(found.length).toBeLessThanOrEqual(12);
  });
});

test('a document that allows more than another one contradicts it', () => {
  const documentOf = (properties: object) =>
    ({
      paths: {
        '/a': {
          post: {
            requestBody: { content: { 'application/json': { schema: { type: 'object', ...properties } } } },
            responses: {},
          },
        },
      },
      components: { schemas: {}, parameters: {} },
    }) as const;
  const narrow = { a: { type: 'string', enum: ['x', 'y'] }, b: { type: 'number' }, c: { type: 'string' } };
  const wide = { a: { type: 'string', enum: ['x'] }, b: { type: 'string' }, d: { type: 'string' } };
  expect(
    contradictionsOf(documentOf({ properties: narrow }), documentOf({ properties: wide, required: ['a'] })),
  ).toEqual([
    'POST /a request /a may be missing',
    'POST /a request /a: unknown words y',
    'POST /a request /b: number instead of string',
    'POST /a request /c is not named',
  ]);
});

/** What may be absent, in requests and answers: of a person's address, of lines, and what only some states have. */
const MAY_BE_LEFT_OUT = [
  /^missing .*\/(billToContact|soldToContact|shipToContact|data\/\d+)\/(address[12]|city|state|zipCode|postalCode|country|workEmail|workPhone)$/,
  /^missing .*\/(notes|nextPage|comment|\w+__c)$/,
  /^missing POST \/v1\/payments request \/invoices$/,
  /^missing .* request \/invoiceItems\/\d+\/(description|discountItems|taxItems|taxItems\/\d+\/taxCodeDescription)$/,
  /^missing .* answer 200 \/invoiceItems\/\d+\/(availableToCreditAmount|appliedToItemId|unitPrice|taxationItems\/data\/\d+\/taxCodeDescription)$/,
  /^missing .* answer 200 .*\/(cancelledOn|postedBy|postedById|postedDate|postedOn)$/,
  /^missing (DELETE|PUT) .* answer 200 \/(id|creditMemo)$/,
  /^missing .* answer [45]\d\d \/(requestId|processId|timestamp)$/,
];

/** Each alteration that nobody finds, once, in words. */
function alter(
  all: readonly Exchange[],
  isFound: (exchange: Exchange) => boolean,
): { unnoticed: string[]; tried: number } {
  const judge = createJudge(OURS);
  const unnoticed = new Set<string>();
  let tried = 0;
  for (const exchange of all) {
    const { operation } = judge.judge(exchange);
    for (const [part, text] of [
      ['request', exchange.body],
      [`answer ${exchange.answer?.status}`, exchange.answer?.body ?? ''],
    ] as const) {
      for (const { kind, at, value } of isJson(text) ? alterationsOf(JSON.parse(text)) : []) {
        const body = JSON.stringify(value);
        const answer = exchange.answer && { ...exchange.answer, body };
        tried += 1;
        if (!isFound(part === 'request' ? { ...exchange, body } : { ...exchange, answer }))
          unnoticed.add(`${kind} ${operation} ${part} ${at}`);
      }
    }
  }
  return { unnoticed: [...unnoticed], tried };
}

function isJson(text: string): boolean {
  return /^[[{]/.test(text);
}
