/** Confirmation: what was read back must equal what the source says, to the minor unit (I4). Pure. */
import type { CanonicalCredit, CanonicalInvoice } from '../core/canonical.ts';
import { equalMoney, type Money } from '../core/money.ts';
import type { CopyState } from '../core/ports.ts';
import type { Figures } from '../store/documents.ts';
import type { Link } from '../store/links.ts';
import { adjustedOf, dueDate } from './plan/invoice.ts';
import { cashOf, least, type PaymentSituation, wantedOf } from './plan/payment.ts';
import { isLiving, show } from './plan/plan.ts';

/** `settled` is what copies of ours have settled of it, in minor units. */
export function differencesOfInvoice(
  invoice: CanonicalInvoice,
  link: Link,
  copy: CopyState,
  settled: bigint,
): Figures {
  const { currency } = invoice;
  const total: Money = { currency, amountMinor: copy.amount.amountMinor + adjustedOf(link) };
  const balance: Money = { currency, amountMinor: copy.amount.amountMinor - settled };
  return [
    ...money('total', invoice.total, total),
    ...text('due date', dueDate(invoice, copy.issuedOn), copy.date),
    ...text('stage', invoice.stage === 'draft' ? 'draft' : 'posted', copy.stage),
    ...(copy.stage === 'posted' ? money('balance', balance, copy.balance) : []),
  ];
}

export function differencesOfPayment(situation: PaymentSituation, link: Link, copy: CopyState): Figures {
  if (!isLiving(link)) return text('stage', link.stage, copy.stage);
  const { payment, invoice, debits } = situation;
  const { currency } = payment.amount;
  const cash = cashOf(situation);
  const wants = wantedOf(situation);
  const own = new Set((invoice ? [invoice, ...debits] : []).map(({ counterpart }) => counterpart.id));
  // What is paid out of its rest elsewhere is confirmed with the payments that say so.
  const elsewhere = copy.applied
    .filter(({ invoiceId }) => !own.has(invoiceId))
    .reduce((sum, { invoiceId, amount }) => sum + least(amount.amountMinor, wants.get(invoiceId) ?? 0n), 0n);
  const wanted = [...own].reduce((sum, id) => sum + (wants.get(id) ?? 0n), elsewhere);
  const applied = copy.applied.reduce((sum, { amount }) => sum + amount.amountMinor, 0n);
  const received = { currency, amountMinor: copy.amount.amountMinor - copy.refunded.amountMinor };
  return [
    ...money('amount', cash, received),
    ...text('date', link.copied.bookedOn ?? payment.paidOn, copy.date),
    ...text('stage', 'posted', copy.stage),
    ...money('applied', { currency, amountMinor: wanted }, { currency, amountMinor: applied }),
    ...money('not applied', { currency, amountMinor: cash.amountMinor - wanted }, copy.balance),
  ];
}

export function differencesOfCredit(
  credit: CanonicalCredit,
  link: Link,
  copy: CopyState | undefined,
): Figures {
  if (!copy) return [{ name: 'copy', source: 'there', destination: 'gone' }];
  return [
    ...money('amount', credit.amount, copy.amount),
    ...text('date', link.copied.bookedOn ?? credit.issuedOn, copy.date),
    ...text('stage', 'posted', copy.stage),
  ];
}

function money(name: string, source: Money, destination: Money): Figures {
  if (equalMoney(source, destination)) return [];
  return [{ name, source: show(source), destination: show(destination) }];
}

function text(name: string, source: string, destination: string): Figures {
  return source === destination ? [] : [{ name, source, destination }];
}
