/** Guarantee: connector and simulator keep to the official OpenAPI core, where it is at hand. */
import { expect, test } from 'vitest';
import { exercise } from './exercise.ts';
import { findOpenApi } from './find-document.ts';
import { loadJudge } from './openapi.ts';
import { createTally } from './tally.ts';

const path = findOpenApi();
if (path === undefined) console.warn('contract: skipped, no OpenAPI core at hand (ZUORA_OPENAPI)');

test.skipIf(path === undefined)(
  'every operation that the connector uses is called, and every request and answer validates',
  async () => {
    const tally = createTally(loadJudge(path ?? ''));
    await exercise(tally.see);
    const { violationsFound, uncovered, requestsChecked, answersChecked } = tally.figures();
    expect(violationsFound).toEqual([]);
    expect(uncovered).toEqual([]);
    expect(requestsChecked).toBeGreaterThan(50);
    expect(answersChecked).toBeGreaterThan(50);
  },
);

test.skipIf(path === undefined)(
  'a misspelt member, a wrong type and an unknown parameter are violations',
  () => {
    const judge = loadJudge(path ?? '');
    const body = JSON.stringify({ invoiceDate: 'today', invoiceNumbr: 'X', invoiceItems: [{ amount: '1' }] });
    const exchange = {
      method: 'POST',
      path: '/v1/invoices',
      query: 'force=1',
      headers: {},
      body,
      answer: undefined,
    };
    const found = judge.judge(exchange).violations.map(({ at }) => at);
    expect(found).toEqual(expect.arrayContaining(['query force', '/invoiceNumbr', '/invoiceDate']));
    expect(found).toEqual(expect.arrayContaining(['/invoiceItems/0', '/invoiceItems/0/amount']));
  },
);
