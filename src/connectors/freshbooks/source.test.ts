/** Guarantees of reading and listing, with scripted answers. */
import { expect, test } from 'vitest';
import { createSource, toUpdatedMin } from './source.ts';
import { createTestContext, json, type Scripted, script } from './test-context.ts';

const errors = (errno: number, field = 'invoiceid') => ({
  response: { errors: [{ errno, field, message: 'words', object: 'invoice', value: '1' }] },
});
const rpc = (code: number, reason: string) => ({
  code,
  message: 'Request failed',
  details: [
    {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason,
      metadata: { message: 'words', field: 'invoiceid' },
    },
  ],
});
const page = (rows: unknown[], pages: number, total: number) =>
  json({ response: { result: { payments: rows, page: 1, pages, per_page: 100, total } } });

test('only FreshBooks’ own word about the document makes it unknown', async () => {
  const read = (...answers: Scripted[]) =>
    createSource(createTestContext({ http: script(...answers) })).read('invoice', '1');
  expect(await read(json(errors(1012), 404))).toBeUndefined();
  expect(await read(json(rpc(5, '1012'), 404))).toBeUndefined();
  expect(await read(json(errors(1011)))).toBeUndefined();
  const html = { status: 404, body: '<html>' };
  await expect(read(html, html, html, html)).rejects.toMatchObject({ kind: 'transient' });
  await expect(read(json(errors(1012, 'accountid'), 404))).rejects.toMatchObject({ kind: 'rejected' });
  await expect(read(json(errors(1003)))).rejects.toMatchObject({ kind: 'rejected', code: '1003' });
});

test('a credit note is found under its plural', async () => {
  const credit = { creditid: 5, clientid: 9, credit_number: 'C-5' };
  const context = createTestContext({
    http: script(json({ response: { result: { credit_notes: credit } } })),
  });
  expect(await createSource(context).read('credit', '5')).toMatchObject({ clientId: '9', label: 'C-5' });
});

test('a payment without a client is put in its invoice’s lane with one more read', async () => {
  const rows = [{ id: 1, invoiceid: 7 }, { id: 2, invoiceid: 7, clientid: null }, { id: 3 }];
  const invoice = json({ response: { result: { invoice: { id: 7, customerid: 42 } } } });
  const context = createTestContext({ http: script(page(rows, 1, 3), invoice) });
  const list = { kind: 'payment', changedSince: undefined, deleted: false, cursor: undefined } as const;
  const { records } = await createSource(context).list(list);
  expect(records.map((record) => record.clientId)).toEqual(['42', '42', '']);
});

test('pages are read again when rows left the list in between', async () => {
  const row = [{ id: 1, clientid: 2 }];
  const http = script(
    page(row, 3, 250),
    page(row, 3, 249),
    page(row, 3, 249),
    page(row, 3, 249),
    page(row, 3, 249),
  );
  const source = createSource(createTestContext({ http }));
  const seen: Array<string | undefined> = [];
  let cursor: string | undefined;
  do {
    const { next } = await source.list({
      kind: 'payment',
      changedSince: undefined,
      deleted: false,
      cursor,
    });
    seen.push(next);
    cursor = next;
  } while (cursor !== undefined);
  expect(seen).toEqual(['2:250', '1:249', '2:249', '3:249', undefined]);
});

test('changes are asked for by whole Eastern days, at least one day early', () => {
  expect(toUpdatedMin(Date.parse('2026-06-29T03:59:59Z'))).toBe('2026-06-27');
  expect(toUpdatedMin(Date.parse('2026-06-29T04:00:00Z'))).toBe('2026-06-28');
  expect(toUpdatedMin(Date.parse('2026-11-01T06:30:00Z'))).toBe('2026-10-31');
});

test('without an account the identity is refused in words', () => {
  const source = createSource(createTestContext({ http: script(), settings: {} }));
  expect(() => source.identity).toThrow('no account is chosen');
});
