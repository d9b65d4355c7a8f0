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
  await expect(read(json(errors(1003)))).rejects.toMatchObject({ kind: 'rejected', code: 'not-permitted' });
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

test('a cursor keeps the page size it began with', async () => {
  const row = [{ id: 1, clientid: 2 }];
  const context = createTestContext({ http: script(page(row, 3, 50), page(row, 3, 50), page(row, 3, 50)) });
  const source = createSource(context);
  const list = { kind: 'payment', changedSince: undefined, deleted: false } as const;
  const first = await source.list({ ...list, cursor: undefined, pageSize: 20 });
  expect(first.next).toBe('2:50:20');
  expect((await source.list({ ...list, cursor: first.next })).next).toBe('3:50:20');
  await source.list({ ...list, cursor: '2:50', pageSize: 20 });
  const sizes = context.requests.map(({ url }) => new URL(url).searchParams.get('per_page'));
  expect(sizes).toEqual(['20', '20', '100']);
});

test('on both nights of a clock change the day asked for is early enough', () => {
  // 2026-03-08, 02:00 EST becomes 03:00 EDT; 2026-11-01, 02:00 EDT becomes 01:00 EST.
  for (const [night, before] of [
    ['2026-03-08', '2026-03-07'],
    ['2026-11-01', '2026-10-31'],
  ] as const) {
    for (let quarter = 0; quarter < 30 * 4; quarter += 1) {
      const at = Date.parse(`${night}T00:00:00Z`) + quarter * 900_000;
      const eastern = new Intl.DateTimeFormat('en-CA', { timeZone: 'America/New_York' }).format(at);
      const asked = toUpdatedMin(at);
      expect(asked < eastern).toBe(true);
      // Nothing that changed in the 24 hours before may lie before the day asked for.
      const dayBefore = new Intl.DateTimeFormat('en-CA', { timeZone: 'America/New_York' }).format(
        at - 23 * 3_600_000,
      );
      expect(asked <= dayBefore).toBe(true);
    }
    expect(toUpdatedMin(Date.parse(`${night}T12:00:00Z`))).toBe(before);
  }
});
