/** Guarantee: what any test sent to Zuora is judged at the end of the run, each shape once, and a wrong one is seen. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Exchange, WRONG_ON_PURPOSE } from '../../src/connectors/zuora/simulator/exchange.ts';
import { findOpenApi } from './find-document.ts';
import { judgeFolder } from './judge-folder.ts';
import { shapeOf } from './shape.ts';

const openApi = findOpenApi();
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ml-connector-judge-'));
});
afterEach(() => rm(folder, { recursive: true }));

const apply = (id: string, body: object, headers = {}): Exchange => ({
  method: 'PUT',
  path: `/v1/payments/${id}/apply`,
  query: '',
  headers,
  body: JSON.stringify(body),
  answer: { status: 200, headers: {}, body: '{"success":true}' },
});

const record = (name: string, exchanges: readonly Exchange[]) =>
  writeFile(join(folder, name), exchanges.map((one) => `${JSON.stringify(one)}\n`).join(''));

test.skipIf(openApi === undefined)('processes are judged together, each shape once', async () => {
  const good = { invoices: [{ invoiceId: '1', amount: 1.5 }] };
  await record('1.jsonl', [apply('p1', good), apply('p2', good)]);
  await record('2.jsonl', [apply('p3', good), apply('p3', { invoices: [{ invoiceld: '1', amount: 1.5 }] })]);
  const { requestsChecked, violationsFound } = await judgeFolder(openApi ?? '', folder);
  expect(requestsChecked).toBe(2);
  expect(violationsFound).toMatchObject([{ part: 'request', at: '/invoices/0/invoiceld' }]);
});

test.skipIf(openApi === undefined)('a request made wrong on purpose counts unless it was taken', async () => {
  const wrong = apply('p1', { nonsense: 1 }, { [WRONG_ON_PURPOSE]: 'yes' });
  const refused = { status: 400, headers: {}, body: '{"success":false}' };
  await record('1.jsonl', [{ ...wrong, answer: refused }]);
  expect((await judgeFolder(openApi ?? '', folder)).violations).toBe(0);
  await record('2.jsonl', [wrong]);
  expect((await judgeFolder(openApi ?? '', folder)).violations).toBe(1);
});

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
