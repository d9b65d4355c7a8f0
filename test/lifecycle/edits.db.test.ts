/** E: edits after the first copy. */
import { afterEach, expect, test } from 'vitest';
import { createLifecycleWorld, type LifecycleWorld } from '../kit/lifecycle.ts';

let world: LifecycleWorld;
afterEach(() => world.close());

test('E3 lines of an unpaid posted invoice: same number, new total', async () => {
  world = await createLifecycleWorld();
  const { client } = (await world.user('clients', { organization: 'Acme', email: 'a@acme.test' })) as {
    client: { id: number };
  };
  const { invoice } = (await world.user('invoices', {
    clientId: client.id,
    send: true,
    lines: [{ name: 'Work', unitCost: '100' }],
  })) as { invoice: { id: number } };
  await world.settle();
  expect(await world.stateOf('invoice', invoice.id)).toBe('synced');
  const [before] = await world.copiesOf(invoice.id);
  await world.user(
    `invoices/${invoice.id}`,
    { lines: [{ name: 'Work', unitCost: '120.50', qty: '2' }] },
    'PUT',
  );
  await world.settle();
    (await world.document('invoice', invoice.id)).reason,
    (await world.timeline('invoice', invoice.id)).map((e) => e.data.summary),
  );
  expect(await world.stateOf('invoice', invoice.id)).toBe('synced');
  const copies = await world.copiesOf(invoice.id);
  expect(copies).toHaveLength(1);
  expect(copies[0]).toMatchObject({
    number: before?.number,
    total: '241.00',
    outstanding: '241.00',
    state: 'posted',
  });
});
