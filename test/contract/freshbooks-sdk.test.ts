/** The official client of FreshBooks as an independent witness: the simulator answers what it expects. */
import * as FreshBooks from '@freshbooks/api';
import { IncludesQueryBuilder } from '@freshbooks/api/dist/models/builders/IncludesQueryBuilder.js';
import { PaginationQueryBuilder } from '@freshbooks/api/dist/models/builders/PaginationQueryBuilder.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type RunningSimulator,
  startFreshBooksSimulator,
} from '../../src/connectors/freshbooks/simulator/server.ts';

const REDIRECT_URI = 'https://localhost/callback';
/** It would log every request to the console. */
const silent = { debug() {}, info() {}, warn() {}, error() {}, log() {} } as unknown as ConstructorParameters<
  typeof FreshBooks.Client
>[2];

let simulator: RunningSimulator;
let client: FreshBooks.Client;
let account: string;

beforeAll(async () => {
  simulator = await startFreshBooksSimulator({ seed: 11 });
  const { accountId, clientId, clientSecret } = simulator.simulator.identity;
  account = accountId;
  client = new FreshBooks.Client(
    clientId,
    { clientSecret, redirectUri: REDIRECT_URI, apiUrl: simulator.url },
    silent,
  );
  const { code } = await control('grant', { redirectUri: REDIRECT_URI });
  const tokens = await client.getAccessToken(String(code));
  if (!tokens) throw new Error('no tokens for the code');
  expect(tokens.accessTokenExpiresAt.getTime()).toBeGreaterThan(Date.now());
});
afterAll(() => simulator.close());

async function control(path: string, body: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(`${simulator.url}/_control/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as Record<string, unknown>;
}

/** The data of an answer that the client calls good, and that hides no errors. */
function good<T>(result: { ok: boolean; data?: T; error?: unknown }): T {
  expect(result.error).toBeUndefined();
  expect(result.ok).toBe(true);
  expect(result.data).toBeDefined();
  expect(result.data).not.toHaveProperty('errors');
  return result.data as T;
}

test('a refresh gives a new pair, which works, and the used token is refused', async () => {
  const used = client.refreshToken;
  const renewed = await client.refreshAccessToken();
  expect(renewed?.refreshToken).not.toBe(used);
  expect(good(await client.users.me()).id).toBe(String(simulator.simulator.identity.identityId));
  await expect(client.refreshAccessToken(used)).rejects.toThrow();
});

test('users.me names the account and the role', async () => {
  const me = good(await client.users.me());
  expect(me.businessMemberships?.[0]?.business.accountId).toBe(account);
});

test('clients are made, read, changed and listed', async () => {
  const made = good(
    await client.clients.create({ organization: 'Maple Ltd', email: 'ada@maple.example' }, account),
  );
  const id = String(made.id);
  expect(good(await client.clients.single(account, id)).organization).toBe('Maple Ltd');
  const changed = good(await client.clients.update({ organization: 'Maple & Co' }, account, id));
  expect(changed.organization).toBe('Maple & Co');
  const { clients, pages } = good(await client.clients.list(account));
  expect(clients.map((one) => String(one.id))).toContain(id);
  expect(pages.total).toBe(clients.length);
});

test('invoices are made with lines, listed with lines, paged, and deleted', async () => {
  const invoice = await makeInvoice();
  const withLines = new IncludesQueryBuilder().includes('lines');
  const single = good(await client.invoices.single(account, String(invoice.id), [withLines]));
  expect(single.lines?.[0]).toMatchObject({ name: 'Work', amount: { code: 'USD' } });
  expect(String(single.amount?.amount)).toMatch(/^226(\.00)?$/);
  const page = new PaginationQueryBuilder().page(1).perPage(1);
  const { invoices, pages } = good(await client.invoices.list(account, [withLines, page]));
  expect(invoices).toHaveLength(1);
  expect(invoices[0]?.lines).toHaveLength(1);
  expect(pages.size).toBe(1);
  expect(good(await client.invoices.delete(account, String(invoice.id))).visState).toBe(1);
});

test('payments are made, read, listed and deleted', async () => {
  const invoice = await makeInvoice();
  await control(`invoices/${invoice.id}/send`, {});
  const payment = {
    invoiceId: String(invoice.id),
    amount: { amount: '100.00', code: 'USD' },
    date: new Date(),
    type: 'Check',
  };
  const made = good(await client.payments.create(account, payment));
  const id = String(made.id);
  expect(good(await client.payments.single(account, id)).invoiceId).toBe(invoice.id);
  const { payments } = good(await client.payments.list(account));
  expect(payments.map((one) => String(one.id))).toContain(id);
  expect(good(await client.payments.delete(account, id)).visState).toBe(1);
});

test('credit notes are made with lines or without, read, changed and listed, and say that they are funded', async () => {
  const customer = good(await client.clients.create({ organization: 'Buyer', currencyCode: 'USD' }, account));
  const clientId = String(customer.id);
  const line = { name: 'Broken loaf', qty: 2, unitCost: { amount: '12.50', code: 'USD' } };
  const note = { clientId, creditType: 'goodwill', currencyCode: 'USD', createDate: new Date() };
  const made = good(
    await client.creditNotes.create(
      { ...note, lines: [line] } as Parameters<typeof client.creditNotes.create>[0],
      account,
    ),
  );
  const id = String(made.creditId);
  expect(Number(made.amount?.amount)).toBe(25);
  expect(Number(made.paid?.amount)).toBe(25);
  expect(made.paymentStatus).toBe('paid');
  const changed = good(await client.creditNotes.update({ notes: 'agreed' }, account, id));
  expect(changed.notes).toBe('agreed');
  expect(Number(good(await client.creditNotes.single(account, id)).amount?.amount)).toBe(25);
  expect(good(await client.creditNotes.list(account)).creditNotes.map((one) => String(one.id))).toContain(id);
  expect(good(await client.creditNotes.delete(account, id)).visState).toBe(1);
});

test('a callback that is changed has to be verified anew', async () => {
  const made = good(
    await client.callbacks.create({ event: 'invoice', uri: 'https://nowhere.invalid/a' }, account),
  );
  const id = String(made.callbackId);
  const verifier = () => simulator.simulator.callbacks.find(Number(id))?.verifier ?? '';
  expect(good(await client.callbacks.verify(account, id, verifier())).verified).toBe(true);
  const moved = good(
    await client.callbacks.update({ event: 'payment', uri: 'https://nowhere.invalid/b' }, account, id),
  );
  expect(moved).toMatchObject({ event: 'payment', uri: 'https://nowhere.invalid/b', verified: false });
  expect(good(await client.callbacks.verify(account, id, verifier())).verified).toBe(true);
  expect((await client.callbacks.delete(account, id)).ok).toBe(true);
});

test('callbacks are made, read, verified, asked for again, listed and removed', async () => {
  const uri = 'https://nowhere.invalid/hook';
  const made = good(await client.callbacks.create({ event: 'invoice', uri }, account));
  const id = String(made.callbackId);
  expect(made.verified).toBe(false);
  expect(good(await client.callbacks.single(account, id)).uri).toBe(uri);
  const verifier = simulator.simulator.callbacks.find(Number(id))?.verifier ?? '';
  expect(good(await client.callbacks.verify(account, id, verifier)).verified).toBe(true);
  good(await client.callbacks.resendVerification(account, id));
  const { callbacks } = good(await client.callbacks.list(account));
  expect(callbacks.map((one) => one.uri)).toEqual([uri]);
  expect((await client.callbacks.delete(account, id)).ok).toBe(true);
  expect(good(await client.callbacks.list(account)).callbacks).toEqual([]);
});

async function makeInvoice() {
  const customer = good(await client.clients.create({ organization: 'Buyer', currencyCode: 'USD' }, account));
  return good(
    await client.invoices.create(
      {
        customerId: Number(customer.id),
        createDate: new Date(),
        currencyCode: 'USD',
        lines: [
          {
            name: 'Work',
            qty: 2,
            unitCost: { amount: '100.00', code: 'USD' },
            taxName1: 'HST',
            taxAmount1: 13,
          },
        ],
      },
      account,
    ),
  );
}
