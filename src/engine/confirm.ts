/** Confirmation: what was read back must equal what the source says, to the minor unit (I4). Pure. */
import type { CanonicalInvoice, CanonicalPayment } from '../core/canonical.ts';
import { equalMoney, formatMoney, type Money } from '../core/money.ts';
import type { CopyState } from '../core/ports.ts';
import type { Confirmed } from '../store/links.ts';

export type Figure = { name: string; source: string; destination: string };

/** Figures that differ between an invoice and its copy; `settled` is what confirmed payments have paid of it so far. */
export function differencesOfInvoice(invoice: CanonicalInvoice, copy: CopyState, settled: Money): Figure[] {
  const balance: Money = {
    amountMinor: invoice.total.amountMinor - settled.amountMinor,
    currency: invoice.currency,
  };
  return [
    ...money('total', invoice.total, copy.amount),
    ...text('due date', invoice.dueOn, copy.date),
    ...text('stage', invoice.stage === 'draft' ? 'draft' : 'posted', copy.stage),
    ...(copy.stage === 'posted' ? money('balance', balance, copy.balance) : []),
  ];
}

export function differencesOfPayment(
  payment: CanonicalPayment,
  copy: CopyState,
  invoiceId: string,
): Figure[] {
  const applied = copy.applied.find((part) => part.invoiceId === invoiceId)?.amount;
  const nothing: Money = { amountMinor: 0n, currency: payment.amount.currency };
  return [
    ...money('amount', payment.amount, copy.amount),
    ...text('date', payment.paidOn, copy.date),
    ...text('stage', 'posted', copy.stage),
    ...money('applied to the invoice', payment.amount, applied ?? nothing),
    ...money('not applied', nothing, copy.balance),
  ];
}

export function toConfirmed(copy: CopyState): Confirmed {
  return {
    amountMinor: copy.amount.amountMinor.toString(),
    balanceMinor: copy.balance.amountMinor.toString(),
    date: copy.date,
    stage: copy.stage,
  };
}

function money(name: string, source: Money, destination: Money): Figure[] {
  if (equalMoney(source, destination)) return [];
  const show = (amount: Money) => `${formatMoney(amount)} ${amount.currency}`;
  return [{ name, source: show(source), destination: show(destination) }];
}

function text(name: string, source: string, destination: string): Figure[] {
  return source === destination ? [] : [{ name, source, destination }];
}
