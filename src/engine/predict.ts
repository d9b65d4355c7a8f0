/** A destination that is only thought of: writes are noted instead of sent, and what is read afterwards is as they would have left it. */

import { OperatingError } from '../core/errors.ts';
import { canonicalJson, type JsonValue } from '../core/json.ts';
import { addMoney, type Money, subtractMoney, zeroMoney } from '../core/money.ts';
import type {
  AccountCandidate,
  CopyKind,
  CopyState,
  Destination,
  DestinationRequest,
  InvoiceParts,
  StepResult,
} from '../core/ports.ts';
import type { Counterpart, Step, StepKind } from '../core/steps.ts';

export type PredictedCall = { step: StepKind; request: DestinationRequest };

/** `calls` grows with each write that would be sent. */
export function predicting(real: Destination, calls: PredictedCall[]): Destination {
  const copies = new Map<string, CopyState>();
  const parts = new Map<string, InvoiceParts>();
  const made = new Map<string, StepResult>();
  const accounts: AccountCandidate[] = [];

  async function copyOf(kind: CopyKind, counterpart: Counterpart): Promise<CopyState> {
    return copies.get(counterpart.id) ?? (await real.readBack(kind, counterpart));
  }
  async function partsOf(invoice: Counterpart): Promise<InvoiceParts> {
    return (
      parts.get(invoice.id) ??
      (copies.has(invoice.id) && isNew(invoice) ? NO_PARTS : real.readInvoiceParts(invoice))
    );
  }
  async function isTaken(number: string): Promise<boolean> {
    const holder = await real.findInvoice(number);
    return holder !== undefined && !isDead(copies.get(holder.counterpart.id));
  }
  async function change(
    kind: CopyKind,
    counterpart: Counterpart,
    changes: (copy: CopyState) => Partial<CopyState>,
  ) {
    const copy = await copyOf(kind, counterpart);
    copies.set(counterpart.id, { ...copy, ...changes(copy) });
  }
  async function settle(
    kind: 'payment' | 'credit',
    holder: Counterpart,
    invoice: Counterpart,
    amount: Money,
    sign: 1n | -1n,
  ): Promise<void> {
    const by = { currency: amount.currency, amountMinor: sign * amount.amountMinor };
    const { date } = await copyOf(kind, holder);
    await change(kind, holder, (copy) => ({
      balance: subtractMoney(copy.balance, by),
      applied: moved(copy.applied, invoice.id, by),
    }));
    const { settledBy, ...others } = await partsOf(invoice);
    const now = settledBy.find((part) => part.counterpart.id === holder.id);
    const rest = settledBy.filter((part) => part !== now);
    const sum = now ? addMoney(now.amount, by) : by;
    const after = sum.amountMinor > 0n ? [...rest, { kind, counterpart: holder, amount: sum, date }] : rest;
    parts.set(invoice.id, { ...others, settledBy: after });
    await change('invoice', invoice, (copy) => ({ balance: subtractMoney(copy.balance, by) }));
  }

  async function take(step: Step, counterpart: Counterpart): Promise<void> {
    switch (step.kind) {
      case 'create-account': {
        const { currency, accountNumber } = step;
        accounts.push({ ...counterpart, name: accountNumber, currency, reason: 'external-id' });
        return;
      }
      case 'update-account':
      case 'update-payment':
        return;
      case 'create-invoice': {
        const { total } = step.breakdown;
        const date = step.invoice.dueOn > step.bookedOn ? step.invoice.dueOn : step.bookedOn;
        const stage = step.post ? 'posted' : 'draft';
        const copy = { ...blank(counterpart, total), stage, accountId: step.account.id, date } as const;
        copies.set(counterpart.id, { ...copy, issuedOn: step.bookedOn });
        return;
      }
      case 'replace-lines':
        return change('invoice', step.invoice, () => ({
          amount: step.breakdown.total,
          balance: step.breakdown.total,
        }));
      case 'change-invoice-date':
        return change('invoice', step.invoice, () => ({ issuedOn: step.bookedOn }));
      case 'change-due-date':
        return change('invoice', step.invoice, () => ({ date: step.dueOn }));
      case 'change-texts':
        return change('invoice', step.invoice, () => ({}));
      case 'post-invoice':
        return change('invoice', step.invoice, () => ({ stage: 'posted' }));
      case 'unpost-invoice':
        return change('invoice', step.invoice, () => ({ stage: 'draft' }));
      case 'reverse-invoice':
        return change('invoice', step.invoice, ({ amount }) => ({
          stage: 'reversed',
          balance: zeroOf(amount),
        }));
      case 'cancel-invoice':
        return change('invoice', step.invoice, () => ({ stage: 'cancelled' }));
      case 'delete-invoice':
        return change('invoice', step.invoice, () => ({ stage: 'deleted' }));
      case 'adjust-invoice':
        copies.set(counterpart.id, blank(counterpart, step.amount));
        if (step.direction === 'credit') await settle('credit', counterpart, step.invoice, step.amount, 1n);
        return;
      case 'create-payment':
        copies.set(counterpart.id, {
          ...blank(counterpart, step.amount),
          accountId: step.account.id,
          date: step.bookedOn,
        });
        for (const { invoice, amount } of step.apply)
          await settle('payment', counterpart, invoice, amount, 1n);
        return;
      case 'apply-payment':
        return settle('payment', step.payment, step.invoice, step.amount, 1n);
      case 'unapply-payment':
        return settle('payment', step.payment, step.invoice, step.amount, -1n);
      case 'cancel-payment':
        return change('payment', step.payment, () => ({ stage: 'cancelled' }));
      case 'transfer-payment':
        return change('payment', step.payment, () => ({ accountId: step.account.id }));
      case 'refund-payment':
        return change('payment', step.payment, ({ refunded, balance }) => ({
          refunded: addMoney(refunded, step.amount),
          balance: subtractMoney(balance, step.amount),
        }));
      case 'cancel-refund':
        return change('payment', step.payment, ({ refunded, balance }) => ({
          refunded: zeroOf(refunded),
          balance: addMoney(balance, refunded),
        }));
      case 'create-credit':
        copies.set(counterpart.id, {
          ...blank(counterpart, step.credit.amount),
          accountId: step.account.id,
          date: step.bookedOn,
        });
        return;
      case 'apply-credit':
        return settle('credit', step.credit, step.invoice, step.amount, 1n);
      case 'unapply-credit':
        return settle('credit', step.credit, step.invoice, step.amount, -1n);
      case 'unpost-credit':
        return change('credit', step.credit, () => ({ stage: 'draft' }));
      case 'cancel-credit':
        return change('credit', step.credit, () => ({ stage: 'cancelled' }));
    }
  }

  return {
    ...real,
    async send(step, request) {
      calls.push({ step: step.kind, request });
      if (step.kind === 'create-invoice' && (await isTaken(step.number)))
        throw new OperatingError('rejected', `invoice ${step.number} exists already`, { code: 'duplicate' });
      const counterpart = counterpartOf(step, calls.length);
      await take(step, counterpart);
      const result = { counterpart, raw: PREDICTED };
      made.set(markOf(step), result);
      return result;
    },
    async find(step, sent) {
      const predicted = made.get(markOf(step));
      if (predicted || refersToNew(step)) return predicted;
      const found = await real.find(step, sent);
      // What would be cancelled by then is not what is looked for.
      return found && isDead(copies.get(found.counterpart.id)) ? undefined : found;
    },
    findAccount: async (key) =>
      accounts.find(({ id, number }) => id === key || number === key) ?? (await real.findAccount(key)),
    readBack: copyOf,
    readInvoiceParts: partsOf,
    async listRefunds(payment) {
      return isNew(payment) ? [] : real.listRefunds(payment);
    },
  };
}

const PREDICTED: JsonValue = { predicted: true };
const NO_PARTS: InvoiceParts = { items: [], itemIds: [], settledBy: [] };
/** Stands where the destination's own id will stand. */
const NEW = '(new)';

function isDead(copy: CopyState | undefined): boolean {
  return copy !== undefined && copy.stage !== 'draft' && copy.stage !== 'posted';
}

function isNew({ id }: Counterpart): boolean {
  return id.startsWith(NEW);
}

function refersToNew(step: Step): boolean {
  return markOf(step).includes(`"${NEW}`);
}

function markOf(step: Step): string {
  return canonicalJson(step);
}

function counterpartOf(step: Step, position: number): Counterpart {
  const id = `${NEW} ${position}`;
  switch (step.kind) {
    case 'create-account':
      return { id, number: step.accountNumber };
    case 'create-invoice':
    case 'create-credit':
      return { id, number: step.number };
    case 'create-payment':
    case 'adjust-invoice':
    case 'refund-payment':
      return { id, number: NEW };
    case 'update-account':
      return step.account;
    case 'cancel-refund':
      return step.refund;
    case 'apply-credit':
    case 'unapply-credit':
    case 'unpost-credit':
    case 'cancel-credit':
      return step.credit;
    case 'update-payment':
    case 'apply-payment':
    case 'unapply-payment':
    case 'cancel-payment':
    case 'transfer-payment':
      return step.payment;
    default:
      return step.invoice;
  }
}

function blank(counterpart: Counterpart, amount: Money): CopyState {
  return {
    counterpart,
    accountId: '',
    stage: 'posted',
    amount,
    balance: amount,
    refunded: zeroOf(amount),
    date: '',
    comment: '',
    applied: [],
    raw: PREDICTED,
  };
}

function zeroOf({ currency }: Money): Money {
  return zeroMoney(currency);
}

function moved(applied: CopyState['applied'], invoiceId: string, by: Money): CopyState['applied'] {
  const now = applied.find((part) => part.invoiceId === invoiceId);
  const rest = applied.filter((part) => part !== now);
  const amount = now ? addMoney(now.amount, by) : by;
  return amount.amountMinor > 0n ? [...rest, { invoiceId, amount }] : rest;
}
