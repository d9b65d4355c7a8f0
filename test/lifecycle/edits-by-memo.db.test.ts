/** E11: with `edits: memo` a posted invoice stays, and memos carry the difference. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createLifecycleWorld, type LifecycleWorld } from '../kit/lifecycle.ts';

let world: LifecycleWorld;
let client: number;
beforeAll(async () => {
  world = await createLifecycleWorld({ policies: { edits: 'memo' } });
  await world.user('faults', { allowBelowPaid: 'negative' }, 'PUT');
});
afterAll(() => world.close());
beforeEach(async () => void (client = await world.makeClient()));

async function settled<T>(act: Promise<T>): Promise<T> {
  const result = await act;
  await world.settle();
  return result;
}

test('E11 lowered: a credit memo for the difference, applied to the invoice', async () => {
  const invoice = await settled(world.makeInvoice(client, '100'));
  await settled(world.reprice(invoice, '80'));
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 80.00']);
  expect(await world.adjustments(invoice)).toEqual([`credit 20.00: 20.00 on ${invoice}`]);
  const writes = await world.writes();
  await world.replay('invoice', invoice);
  expect(await world.writes()).toBe(writes);
  const payment = await settled(world.pay(invoice, '80'));
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 0.00']);
  expect(await world.payment(payment)).toEqual([`live 80.00: 80.00 on ${invoice}`]);
});

test('E11 raised: a debit memo for the difference; payments settle invoice and memo', async () => {
  const invoice = await settled(world.makeInvoice(client, '100'));
  await settled(world.reprice(invoice, '130'));
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
  expect(await world.adjustments(invoice)).toEqual(['debit 30.00 owes 30.00']);
  const part = await settled(world.pay(invoice, '110'));
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 0.00']);
  expect(await world.adjustments(invoice)).toEqual(['debit 30.00 owes 20.00']);
  expect(await world.payment(part)).toEqual([`live 110.00: 100.00 on ${invoice}, 10.00 on debit memo`]);
  const rest = await settled(world.pay(invoice, '20'));
  expect(await world.adjustments(invoice)).toEqual(['debit 30.00 owes 0.00']);
  expect(await world.payment(rest)).toEqual(['live 20.00: 20.00 on debit memo']);
  await settled(world.remove('payments', part));
  expect(await world.payment(part)).toEqual(['cancelled 110.00']);
  // The invoice is settled before its memo.
  expect(await world.payment(rest)).toEqual([`live 20.00: 20.00 on ${invoice}`]);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 80.00']);
  expect(await world.adjustments(invoice)).toEqual(['debit 30.00 owes 30.00']);
});

test('E11 paid, then raised, lowered, lowered below what was paid, and raised again', async () => {
  const invoice = await world.makeInvoice(client, '100');
  const payment = await settled(world.pay(invoice, '100'));
  await settled(world.reprice(invoice, '150'));
  expect(await world.adjustments(invoice)).toEqual(['debit 50.00 owes 50.00']);
  await settled(world.reprice(invoice, '120'));
  expect(await owedOn(invoice)).toBe('20.00');
  await settled(world.reprice(invoice, '70'));
  expect(await owedOn(invoice)).toBe('0.00');
  expect((await world.payment(payment)).join()).toContain('30.00 free');
  await settled(world.reprice(invoice, '110'));
  expect(await owedOn(invoice)).toBe('10.00');
  expect((await world.payment(payment)).join()).not.toContain('free');
  await settled(world.remove('payments', payment));
  expect(await owedOn(invoice)).toBe('110.00');
});

/** Of the invoice and of its memos together. */
async function owedOn(invoice: number): Promise<string> {
  expect(await world.stateOf('invoice', invoice)).toBe('synced');
  const [copy, other] = await world.copiesOf(invoice);
  expect(other).toBeUndefined();
  const { debits = [], credits = [] } = await world.ledger();
  const cents = (text = '0') => Math.round(parseFloat(text) * 100);
  const debit = debits.filter(
    ({ invoiceNumber, state }) => invoiceNumber === copy?.number && state === 'live',
  );
  const free = credits.filter(
    ({ invoiceNumber, state }) => invoiceNumber === copy?.number && state === 'live',
  );
  const owed =
    cents(copy?.outstanding) +
    debit.reduce((sum, memo) => sum + cents(memo.outstanding), 0) -
    free.reduce((sum, memo) => sum + cents(memo.unapplied), 0);
  return (owed / 100).toFixed(2);
}

test.each(['loseAnswerAfter', 'loseRequestBefore'])('E11 the memo meets %s: one memo', async (fault) => {
  const invoice = await settled(world.makeInvoice(client, '100'));
  await world.tenant('faults', { [fault]: [{ match: 'POST invoice credit-memo', times: 1 }] });
  await settled(world.reprice(invoice, '80'));
  expect(await world.adjustments(invoice)).toEqual([`credit 20.00: 20.00 on ${invoice}`]);
  await world.tenant('faults', { [fault]: [{ match: 'POST invoice debit-memo', times: 1 }] });
  await settled(world.reprice(invoice, '105'));
  expect(await world.adjustments(invoice)).toEqual([
    `credit 20.00: 20.00 on ${invoice}`,
    'debit 25.00 owes 25.00',
  ]);
});

test('E11 a draft is edited as ever', async () => {
  const draft = await settled(world.makeInvoice(client, '100', { send: false }));
  await settled(world.reprice(draft, '130'));
  expect(await world.invoice(draft)).toEqual(['draft 130.00']);
  expect(await world.adjustments(draft)).toEqual([]);
});

test.each(['deleted', 'moved'])(
  'E11 then %s: memos stand in the way, so a person is asked before anything is done',
  async (act) => {
    const invoice = await world.makeInvoice(client, '100');
    const payment = await settled(world.pay(invoice, '60'));
    await settled(world.reprice(invoice, '130'));
    await settled(world.reprice(invoice, '90'));
    const before = await world.invoice(invoice);
    const writes = await world.writes();
    if (act === 'deleted') await settled(world.remove('invoices', invoice));
    else await settled(world.editInvoice(invoice, { clientId: await world.makeClient({ email: '' }) }));
    expect(await world.invoice(invoice)).toEqual([...before, 'parked memos-in-the-way']);
    // The other client's account is all that was made.
    expect(await world.writes()).toBe(act === 'moved' ? writes + 1 : writes);
    const reason = await world.reasonOf('invoice', invoice);
    expect(reason?.message).toMatch(/DM\d+.*CM\d+/);
    expect(reason?.wayOut).toMatch(/cancel/i);
    expect((await world.payment(payment)).join()).toContain('live 60.00');
  },
);
