/** Guarantee: what any test sent to Zuora is judged at the end of the run, each shape once, and a wrong one is seen. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Exchange, WRONG_ON_PURPOSE } from '../../src/connectors/zuora/simulator/exchange.ts';
import { findOfficial, OURS } from './documents.ts';
import { judgeFolder } from './judge-folder.ts';
import { shapeOf } from './shape.ts';

const official = findOfficial();
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ml-connector-judge-'));
});
afterEach(() => rm(folder, { recursive: true }));

const HEADERS = {
  'zuora-version': '2025-08-12',
  'zuora-track-id': 'a-1',
  'content-type': 'application/json',
};
const INVOICE = '8ad0'.repeat(8);
const GOOD = { effectiveDate: '2026-01-02', invoices: [{ invoiceId: INVOICE, amount: 1.5 }] };
const REFUSED = {
  status: 400,
  headers: { 'Content-Type': 'application/json' },
  body: '{"success":false,"reasons":[{"code":53810030,"message":"no"}]}',
};

/** Answered by something that is no payment. */
const apply = (key: string, body: object, headers = {}): Exchange => ({
  method: 'PUT',
  path: `/v1/payments/${key}/apply`,
  query: '',
  headers: { ...HEADERS, ...headers },
  body: JSON.stringify(body),
  answer: REFUSED,
});

const record = (name: string, exchanges: readonly Exchange[]) =>
  writeFile(join(folder, name), exchanges.map((one) => `${JSON.stringify(one)}\n`).join(''));

test('processes are judged together, each shape once', async () => {
  await record('1.jsonl', [apply('p1', GOOD), apply('p2', GOOD)]);
  const misspelt = { ...GOOD, invoices: [{ ...GOOD.invoices[0], invoiceld: INVOICE }] };
  await record('2.jsonl', [apply('p3', GOOD), apply('p3', misspelt)]);
  const [figures] = await judgeFolder([OURS], folder);
  expect(figures).toMatchObject({ document: 'ours', requestsChecked: 2, answersChecked: 2, violations: 1 });
  expect(figures?.violationsFound).toMatchObject([{ part: 'request', at: '/invoices/0/invoiceld' }]);
});

test('what a simulator is asked wrong on purpose is not held against the connector, what it answers is', async () => {
  const wrong = apply('p1', { nonsense: 1 }, { [WRONG_ON_PURPOSE]: 'yes' });
  await record('1.jsonl', [
    wrong,
    { ...wrong, answer: { ...REFUSED, status: 200, body: '{"success":true}' } },
  ]);
  const [figures] = await judgeFolder([OURS], folder);
  expect(figures?.violationsFound.map(({ part }) => part)).toContain('answer');
  expect(figures?.violationsFound.filter(({ part }) => part === 'request')).toEqual([]);
});

test('a call that no document describes is a violation, unless a simulator is asked on purpose', async () => {
  const strange = { ...apply('p1', GOOD), path: '/v1/payments/p1/split' };
  await record('1.jsonl', [strange, { ...strange, headers: { [WRONG_ON_PURPOSE]: 'yes' } }]);
  const [figures] = await judgeFolder([OURS], folder);
  expect(figures?.violationsFound).toMatchObject([{ message: 'is no operation of the document' }]);
});

test.skipIf(official === undefined)(
  'the official document counts a request made wrong on purpose if it was taken',
  async () => {
    const documents = official === undefined ? [] : [official];
    const wrong = apply('p1', { nonsense: 1 }, { [WRONG_ON_PURPOSE]: 'yes' });
    const taken = { ...wrong, answer: { ...REFUSED, status: 200, body: '{"success":true}' } };
    const requests = async () => {
      const [figures] = await judgeFolder(documents, folder);
      return figures?.violationsFound.filter(({ part }) => part === 'request').length;
    };
    await record('1.jsonl', [wrong]);
    expect(await requests()).toBe(0);
    await record('2.jsonl', [taken]);
    expect(await requests()).toBe(1);
  },
);

test('ids and figures share a shape; members, types, lengths and words do not', () => {
  const shape = (body: object) => shapeOf(apply('p1', body));
  expect(shape({ id: 'a1'.repeat(16), at: '2026-01-02' })).toBe(
    shape({ id: 'b2'.repeat(16), at: '2025-11-30' }),
  );
  const shapes = [
    { a: 1.5 },
    { a: '1.5' },
    { b: 1.5 },
    { a: 'Posted' },
    { a: 'Draft' },
    { a: 'x y' },
    { a: 'x '.repeat(150) },
  ];
  expect(new Set(shapes.map(shape)).size).toBe(shapes.length);
});
