/** What cannot be mapped is parked with field, value and rule; what hangs on it waits, and goes on by itself. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { World } from '../../src/demo/world.ts';
import { command, expectEqual, startTestWorld, until } from './kit.ts';

const SEED = 81;
let world: World;
let clientId: number;

beforeAll(async () => {
  world = await startTestWorld({ seed: SEED });
  const { client } = (await world.askSource('POST', '/_control/clients', {
    organization: 'Many Lines Ltd',
    email: 'many@lines.example',
    currency: 'USD',
    country: 'Canada',
    province: 'Ontario',
  })) as { client: { id: number } };
  clientId = client.id;
});
afterAll(() => world?.close());

type Shown = {
  record: {
    id: string;
    state: string;
    reason: { code: string; message: string; problems?: Problem[]; wayOut?: string } | null;
  };
  timeline: { entry: string; summary: string }[];
};
type Problem = { field: string; value: unknown; rule: string };

async function show(record: string): Promise<Shown> {
  return until(
    `${record} has an end state`,
    async () => {
      const shown = await command(world, 'show', record);
      return shown.code === 0 ? (shown.json as Shown) : undefined;
    },
    (shown) => shown !== undefined && shown.record.state !== 'pending',
    90_000,
  ) as Promise<Shown>;
}

async function addInvoice(lines: unknown[], more: object = {}): Promise<{ id: string; amount: string }> {
  const { invoice } = (await world.askSource('POST', '/_control/invoices', {
    clientId,
    currency: 'USD',
    lines,
    send: true,
    ...more,
  })) as { invoice: { id: number; amount: { amount: string } } };
  return { id: String(invoice.id), amount: invoice.amount.amount };
}

test('D10 an invoice of 1,001 lines is parked with field, value and rule; its payment waits; mended, both go on', async () => {
  const lines = Array.from({ length: 1_001 }, (_, index) => ({ name: `Line ${index}`, unitCost: '1.00' }));
  const { id } = await addInvoice(lines);
  const { record } = await show(`invoice/${id}`);
  expect(record.state).toBe('parked');
  expect(record.reason?.problems).toHaveLength(1);
  expect(record.reason?.problems?.[0]).toMatchObject({
    field: expect.stringMatching(/lines|items/),
    rule: expect.stringMatching(/1,?000/),
  });
  expect(String(record.reason?.problems?.[0]?.value)).toContain('1001');
  expect(record.reason?.wayOut).toBeTruthy();

  const { payment } = (await world.askSource('POST', '/_control/payments', {
    invoiceId: id,
    amount: '10.00',
    type: 'Check',
  })) as { payment: { id: number } };
  const waiting = await show(`payment/${payment.id}`);
  expect(waiting.record.state).toBe('parked');
  expect(waiting.record.reason?.code).toBe('waits-for-invoice');

  await world.askSource('PUT', `/_control/invoices/${id}`, {
    lines: [{ name: 'All in one', unitCost: '1001.00' }],
  });
  await expectEqual(world, { seed: SEED, invoices: 1, payments: 1, timeoutMs: 90_000 });
});

test('M10 an invoice with a negative total is parked with the reason and the way out, and nothing is written', async () => {
  const { id } = await addInvoice([{ name: 'Return', unitCost: '-25.00' }]);
  const { record, timeline } = await show(`invoice/${id}`);
  expect(record).toMatchObject({ state: 'parked' });
  expect(record.reason?.message).toContain('-25.00');
  expect(record.reason?.wayOut).toBeTruthy();
  expect(timeline.map(({ entry }) => entry)).not.toContain('intent');
  const status = (await command(world, 'status')).json as { parkedByReason: { code: string }[] };
  expect(status.parkedByReason.map(({ code }) => code)).toContain(record.reason?.code);
});
