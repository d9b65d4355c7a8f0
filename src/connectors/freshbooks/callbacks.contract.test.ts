/** Guarantees of callbacks and ping, over HTTP against the simulator. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WebhookMessage } from '../../core/ports.ts';
import { freshbooks } from './index.ts';
import { openSandbox, type Sandbox } from './test-sandbox.ts';

let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await openSandbox();
});
afterEach(() => sandbox.close());

describe('callbacks', () => {
  let server: Server;
  const received: Array<{
    raw: Buffer;
    headers: Record<string, string>;
    message: WebhookMessage | undefined;
  }> = [];

  beforeEach(async () => {
    received.length = 0;
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const raw = Buffer.concat(chunks);
      const headers = Object.fromEntries(Object.entries(request.headers).map(([k, v]) => [k, String(v)]));
      received.push({ raw, headers, message: freshbooks.webhooks.parse(raw) });
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => void server.close());

  const next = async (count: number) => {
    await expect.poll(() => received.length, { timeout: 5000 }).toBeGreaterThanOrEqual(count);
    return received[count - 1];
  };

  test('after the handshake signed events arrive, and only the right verifier opens them', async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    const callback = await sandbox.source.callbacks.register('invoice', url);
    expect(callback).toMatchObject({ topic: 'invoice', url, verified: false });
    const handshake = (await next(1))?.message;
    if (handshake?.type !== 'handshake') throw new Error('no handshake came');
    expect(handshake.remoteId).toBe(callback.remoteId);
    await sandbox.source.callbacks.confirm(callback.remoteId, handshake.verifier);
    expect(await sandbox.source.callbacks.list()).toEqual([{ ...callback, verified: true }]);

    const invoiceId = await sandbox.makeInvoice(await sandbox.makeClient());
    const event = await next(2);
    if (!event) throw new Error('no event came');
    const { account } = sandbox.source.identity;
    expect(event.message).toMatchObject({ type: 'event', kind: 'invoice', sourceId: invoiceId, account });
    expect(freshbooks.webhooks.verify(event.raw, event.headers, handshake.verifier)).toBe(true);
    expect(freshbooks.webhooks.verify(event.raw, event.headers, `${handshake.verifier}x`)).toBe(false);
    expect(event.headers['content-type']).toContain(freshbooks.webhooks.contentType);
  });

  test('registering twice makes one callback and a second handshake; removing twice is no error', async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    const first = await sandbox.source.callbacks.register('payment', url);
    await next(1);
    const second = await sandbox.source.callbacks.register('payment', url);
    expect(second.remoteId).toBe(first.remoteId);
    expect((await next(2))?.message).toMatchObject({ type: 'handshake', remoteId: first.remoteId });
    await sandbox.source.callbacks.remove(first.remoteId);
    await sandbox.source.callbacks.remove(first.remoteId);
    expect(await sandbox.source.callbacks.list()).toEqual([]);
  });

  test('a callback whose creation got no answer is found, not made twice', async () => {
    await sandbox.faults({ loseAnswer: { match: 'POST callback', times: 1 } });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    await sandbox.source.callbacks.register('client', url);
    expect(await sandbox.source.callbacks.list()).toHaveLength(1);
  });

  test('a wrong verifier is rejected in the newer error shape', async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    const { remoteId } = await sandbox.source.callbacks.register('invoice', url);
    const wrong = sandbox.source.callbacks.confirm(remoteId, 'wrong');
    await expect(wrong).rejects.toMatchObject({ kind: 'rejected', field: 'verifier' });
  });
});

describe('ping', () => {
  test('a healthy connection passes every check', async () => {
    const checks = await sandbox.source.ping();
    expect(checks.filter((check) => !check.ok)).toEqual([]);
    expect(checks.map((check) => check.name)).toEqual(
      expect.arrayContaining(['token', 'app', 'account', 'clock', 'rate budget', 'read invoices']),
    );
  });

  test('every failing check says what to do', async () => {
    sandbox.context.clock.nowMs += 600_000;
    const failing = (await sandbox.source.ping()).filter((check) => !check.ok);
    expect(failing.map((check) => check.name)).toEqual(['clock']);
    expect(failing.every((check) => check.fix)).toBe(true);
  });

  test('an account that was never chosen is found and remembered', async () => {
    const { accountId, ...settings } = sandbox.context.settings;
    await freshbooks.create({ ...sandbox.context, settings }).ping();
    expect(sandbox.context.remembered).toEqual({ accountId });
  });
});
