/** Guarantees of documents, tokens and faults, over HTTP against the simulator. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freshbooks } from './index.ts';
import { idOf, openSandbox, type Sandbox } from './test-sandbox.ts';

let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await openSandbox();
});
afterEach(() => sandbox.close());

describe('documents', () => {
  test('every kind is read, listed and mapped', async () => {
    const clientId = await sandbox.makeClient();
    const invoiceId = await sandbox.makeInvoice(clientId);
    const paymentId = await sandbox.makePayment(invoiceId, '10.00');
    const note = await sandbox.control('POST', 'credit-notes', { clientId, amount: '5.00', currency: 'USD' });
    const creditId = idOf(note, 'creditNote');
    const ids = { client: clientId, invoice: invoiceId, payment: paymentId, credit: creditId };
    for (const kind of sandbox.source.kinds) {
      const record = await sandbox.source.read(kind, ids[kind]);
      expect(record).toMatchObject({ kind, sourceId: ids[kind], clientId });
      expect((await sandbox.listAll(kind)).map((listed) => listed.sourceId)).toContain(ids[kind]);
      expect(record && sandbox.source.toCanonical(record)).toMatchObject({ ok: true });
      expect(record && sandbox.source.toRecord(kind, record.raw)).toEqual(record);
    }
    const invoice = await sandbox.source.read('invoice', invoiceId);
    expect(invoice && sandbox.source.toCanonical(invoice)).toMatchObject({
      value: {
        stage: 'issued',
        total: { amountMinor: 4194n, currency: 'USD' },
        outstanding: { amountMinor: 3194n, currency: 'USD' },
        discountTotal: { amountMinor: -440n },
        lines: [{ quantity: '2.5', taxes: [{ name: 'HST', ratePercent: '13' }] }, { taxes: [] }],
      },
    });
  });

  test('every document that a history leaves behind is listed and mapped', async () => {
    await sandbox.faults({ allowBelowPaid: 'negative' });
    const currencies = ['USD', 'JPY', 'KWD'];
    await sandbox.control('POST', 'histories', { seed: 12, acts: 400, clients: 5, currencies });
    const seen = new Set<string>();
    for (const kind of sandbox.source.kinds) {
      const records = [...(await sandbox.listAll(kind)), ...(await sandbox.listAll(kind, true))];
      for (const record of records) {
        const mapped = sandbox.source.toCanonical(record);
        expect(mapped, JSON.stringify(record.raw)).toMatchObject({ ok: true });
        if (mapped.ok) for (const member of Object.keys(mapped.value)) seen.add(`${kind} ${member}`);
      }
    }
    for (const member of ['creditId', 'bulkId', 'overpaymentId']) expect(seen).toContain(`payment ${member}`);
    for (const member of ['lines', 'paid']) expect(seen).toContain(`credit ${member}`);
  });

  test('a deleted invoice is read with its state, listed as deleted and not among the others', async () => {
    const invoiceId = await sandbox.makeInvoice(await sandbox.makeClient());
    await sandbox.control('POST', `invoices/${invoiceId}/delete`);
    const record = await sandbox.source.read('invoice', invoiceId);
    expect(record && sandbox.source.toCanonical(record)).toMatchObject({ value: { visibility: 'deleted' } });
    expect(await sandbox.listAll('invoice')).toEqual([]);
    const tomorrow = Date.now() + 86_400_000;
    expect((await sandbox.listAll('invoice', true, tomorrow)).map((deleted) => deleted.sourceId)).toEqual([
      invoiceId,
    ]);
  });

  test('an unknown id is undefined; a wrong account is an error, never an empty answer', async () => {
    for (const kind of sandbox.source.kinds)
      expect(await sandbox.source.read(kind, '999999999')).toBeUndefined();
    const settings = { ...sandbox.context.settings, accountId: 'wrong1' };
    const lost = freshbooks.create({ ...sandbox.context, settings });
    await expect(lost.read('invoice', '1')).rejects.toMatchObject({ kind: 'rejected' });
  });

  test('paging gives every invoice once, and changes of the last day are found again', async () => {
    const clientId = await sandbox.makeClient();
    const made: string[] = [];
    for (let count = 0; count < 205; count++) made.push(await sandbox.makeInvoice(clientId, false));
    const listed = (await sandbox.listAll('invoice')).map((record) => record.sourceId);
    expect(listed).toHaveLength(205);
    expect(new Set(listed)).toEqual(new Set(made));
    expect(await sandbox.listAll('invoice', false, Date.now())).toHaveLength(205);
    expect(await sandbox.listAll('invoice', false, Date.now() + 3 * 86_400_000)).toEqual([]);
  });
});

describe('tokens', () => {
  test('many calls with a dead token cost one refresh, and the new pair works again', async () => {
    const clientId = await sandbox.makeClient();
    for (let round = 0; round < 2; round++) {
      await sandbox.control('POST', 'tokens/expire');
      const read = await Promise.all(
        Array.from({ length: 6 }, () => sandbox.source.read('client', clientId)),
      );
      expect(read.every((record) => record?.sourceId === clientId)).toBe(true);
    }
    expect(sandbox.context.requests.filter((request) => request.call === 'POST token')).toHaveLength(2);
  });

  test('a lost refresh answer is not repeated and ends in a call for consent', async () => {
    await sandbox.control('POST', 'tokens/expire');
    await sandbox.faults({ loseAnswer: { match: 'POST token', times: 1 } });
    for (let round = 0; round < 2; round++) {
      await expect(sandbox.source.read('client', '1')).rejects.toMatchObject({
        kind: 'unauthorized',
        code: 'refresh_lost',
      });
    }
    expect(sandbox.context.requests.filter((request) => request.call === 'POST token')).toHaveLength(1);
  });

  test('consent through the page gives working tokens', async () => {
    const { settings, secrets } = {
      settings: sandbox.context.settings,
      secrets: await sandbox.context.credentials.load(),
    };
    const redirectUri = 'https://us.example/callback';
    const codeVerifier = 'v'.repeat(43);
    const request = { settings, secrets, redirectUri, codeVerifier };
    const page = await freshbooks.consent?.authorizeUrl({ ...request, state: 'st' });
    const answer = await fetch(`${page}&auto=1`, { redirect: 'manual' });
    const back = new URL(answer.headers.get('location') ?? '');
    expect(back.searchParams.get('state')).toBe('st');
    const code = back.searchParams.get('code') ?? '';
    const { accountId: _, ...open } = settings;
    const got = await freshbooks.consent?.exchange(sandbox.context, { ...request, settings: open, code });
    expect(got).toMatchObject({ settings: { accountId: settings['accountId'] } });
    expect(got?.secrets['accessToken']).toBeTruthy();
  });
});

describe('faults', () => {
  test('errors inside HTTP 200 are errors; a feature that the plan lacks is a kind that is not permitted', async () => {
    await sandbox.faults({ errorsWith200: { match: '*', times: 1 } });
    await expect(sandbox.listAll('invoice')).rejects.toMatchObject({
      kind: 'rejected',
      code: 'not-permitted',
      message: expect.stringContaining('(12001)'),
    });
  });

  test('gateway pages, cut bodies and lost answers of reads are tried again', async () => {
    await sandbox.faults({
      failNext: [{ match: '*', status: 502, times: 1 }],
      truncateBody: 1,
      loseAnswer: 1,
    });
    expect(await sandbox.listAll('client')).toEqual([]);
  });

  test('a short 429 is waited out, a long one is told with its end', async () => {
    await sandbox.faults({ failNext: [{ status: 429, retryAfter: 2 }] });
    expect(await sandbox.listAll('client')).toEqual([]);
    expect(sandbox.context.waits[0]).toBeGreaterThanOrEqual(2000);
    await sandbox.faults({ failNext: [{ status: 429, retryAfter: 50 }] });
    const until = sandbox.context.clock.nowMs + 50_000;
    await expect(sandbox.listAll('client')).rejects.toMatchObject({ kind: 'rate_limited', until });
  });
});
