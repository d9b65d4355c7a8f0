/** What each step does to the billing, and the states that refuse it. */
import { OperatingError } from '../../core/errors.ts';
import { addMoney, type Money, subtractMoney, sumMoney, zeroMoney } from '../../core/money.ts';
import type { Counterpart, Step, StepOf } from '../../core/steps.ts';
import type { Billing, BillingInvoice, BillingItem, BillingPayment } from './billing.ts';

export function effect(billing: Billing, step: Step): Counterpart {
  switch (step.kind) {
    case 'create-account': {
      const { accountNumber: number, client, currency } = step;
      refuse(
        billing.accounts.some((other) => other.number === number),
        `${number} is taken`,
        'duplicate',
      );
      const name = client.organization ?? '';
      const account = { id: billing.nextId('a'), number, name, email: client.email ?? '', currency };
      billing.accounts.push(account);
      return account;
    }
    case 'update-account': {
      const account = there(billing.accounts, step.account);
      return Object.assign(account, { name: step.client.organization ?? '', email: step.client.email ?? '' });
    }
    case 'create-invoice':
      return createInvoice(billing, step);
    case 'create-payment': {
      const { account, externalKey: reference, amount, bookedOn: date, apply } = step;
      const made = settlement(billing, 'p', { account: account.id, reference, amount, date });
      made.comment = step.payment.note;
      for (const { invoice, amount: part } of apply) applyTo(billing, made, invoice, part);
      billing.payments.push(made);
      return made;
    }
    case 'create-credit': {
      const { account, externalKey: reference, credit, bookedOn: date, number } = step;
      refuse(
        billing.credits.some((other) => other.number === number),
        `${number} is taken`,
        'duplicate',
      );
      const made = settlement(billing, 'c', { account: account.id, reference, amount: credit.amount, date });
      billing.credits.push(Object.assign(made, { number }));
      return made;
    }
    case 'refund-payment':
    case 'cancel-refund':
    case 'update-payment':
    case 'apply-payment':
    case 'unapply-payment':
    case 'cancel-payment':
    case 'transfer-payment':
      return changePayment(billing, step, there(billing.payments, step.payment));
    case 'apply-credit':
    case 'unapply-credit':
    case 'unpost-credit':
    case 'cancel-credit':
      return changeCredit(billing, step, there(billing.credits, step.credit));
    default:
      return changeInvoice(billing, step, there(billing.invoices, step.invoice));
  }
}

function createInvoice(billing: Billing, step: StepOf<'create-invoice'>): BillingInvoice {
  const { number, invoice, account, breakdown, bookedOn, externalKey } = step;
  refuse(
    billing.invoices.some((other) => other.number === number),
    `${number} is taken`,
    'duplicate',
  );
  const made: BillingInvoice = {
    id: billing.nextId('i'),
    number,
    account: account.id,
    stage: step.post ? 'posted' : 'draft',
    issued: bookedOn,
    due: invoice.dueOn,
    total: breakdown.total,
    balance: breakdown.total,
    comment: commentOf(externalKey, invoice.notes),
    items: itemsOf(billing, step),
  };
  billing.invoices.push(made);
  return made;
}

type InvoiceChange = Extract<Step, { invoice: Counterpart; externalKey: string }>;

function changeInvoice(billing: Billing, step: InvoiceChange, invoice: BillingInvoice): Counterpart {
  const needs = (stage: BillingInvoice['stage']) =>
    refuse(invoice.stage !== stage, `invoice ${invoice.number} is ${invoice.stage}, not ${stage}`);
  const isSettled = appliedTo(billing, invoice.id).amountMinor > 0n;
  switch (step.kind) {
    case 'replace-lines': {
      needs('draft');
      const { total } = step.breakdown;
      return Object.assign(invoice, {
        total,
        balance: total,
        issued: step.bookedOn,
        items: itemsOf(billing, step),
      });
    }
    case 'change-invoice-date':
      needs('draft');
      return Object.assign(invoice, { issued: step.bookedOn });
    case 'change-due-date':
      needs('draft');
      return Object.assign(invoice, { due: step.dueOn });
    case 'change-texts':
      return Object.assign(invoice, { comment: commentOf(step.externalKey, step.from.notes) });
    case 'post-invoice':
      return Object.assign(invoice, { stage: 'posted' });
    case 'unpost-invoice':
      needs('posted');
      refuse(isSettled, `something is applied to invoice ${invoice.number}`);
      return Object.assign(invoice, { stage: 'draft' });
    case 'reverse-invoice':
      needs('posted');
      refuse(isSettled, `something is applied to invoice ${invoice.number}`);
      return Object.assign(invoice, { stage: 'reversed', balance: zeroMoney(invoice.total.currency) });
    case 'cancel-invoice':
      needs('draft');
      return Object.assign(invoice, { stage: 'cancelled' });
    case 'delete-invoice':
      if (invoice.stage !== 'cancelled') needs('draft');
      return Object.assign(invoice, { stage: 'deleted', number: `${invoice.number}-deleted-${invoice.id}` });
    case 'adjust-invoice': {
      needs('posted');
      const isCredit = step.direction === 'credit';
      if (isCredit) invoice.balance = subtractMoney(invoice.balance, step.amount);
      const id = billing.nextId('m');
      const memo = { id, number: `M-${id}`, invoice: invoice.id, mark: step.mark, amount: step.amount };
      billing.memos.push(memo);
      return memo;
    }
  }
}

type PaymentChange = Exclude<Extract<Step, { payment: Counterpart }>, { kind: 'create-payment' }>;

function changePayment(billing: Billing, step: PaymentChange, payment: BillingPayment): Counterpart {
  refuse(payment.stage !== 'posted', `payment ${payment.number} is ${payment.stage}`);
  switch (step.kind) {
    case 'update-payment':
      return Object.assign(payment, { comment: step.from.note });
    case 'apply-payment':
      return applyTo(billing, payment, step.invoice, step.amount);
    case 'unapply-payment':
      return unapplyFrom(billing, payment, step.invoice, step.amount);
    case 'cancel-payment':
      refuse(payment.applied.length > 0, `payment ${payment.number} is applied`);
      return Object.assign(payment, { stage: 'cancelled' });
    case 'transfer-payment':
      refuse(payment.applied.length > 0, `payment ${payment.number} is applied`);
      return Object.assign(payment, { account: step.account.id });
    case 'refund-payment': {
      refuse(step.amount.amountMinor > unapplied(payment).amountMinor, 'that much is not left');
      const id = billing.nextId('r');
      payment.refunds.push({ id, number: `R-${id}`, mark: step.mark, amount: step.amount, stage: 'posted' });
      return { id, number: `R-${id}` };
    }
    case 'cancel-refund':
      return Object.assign(there(payment.refunds, step.refund), { stage: 'cancelled' });
  }
}

type CreditChange = StepOf<'apply-credit' | 'unapply-credit' | 'unpost-credit' | 'cancel-credit'>;

function changeCredit(billing: Billing, step: CreditChange, credit: BillingPayment): Counterpart {
  switch (step.kind) {
    case 'apply-credit':
      return applyTo(billing, credit, step.invoice, step.amount);
    case 'unapply-credit':
      return unapplyFrom(billing, credit, step.invoice, step.amount);
    case 'unpost-credit':
      refuse(credit.applied.length > 0, `credit ${credit.number} is applied`);
      return Object.assign(credit, { stage: 'draft' });
    case 'cancel-credit':
      refuse(credit.stage !== 'draft', `credit ${credit.number} is ${credit.stage}`);
      return Object.assign(credit, { stage: 'cancelled' });
  }
}

function settlement(
  billing: Billing,
  prefix: string,
  given: Pick<BillingPayment, 'account' | 'reference' | 'amount' | 'date'>,
): BillingPayment {
  const id = billing.nextId(prefix);
  const number = `${prefix.toUpperCase()}-${id}`;
  return { id, number, stage: 'posted', comment: '', applied: [], refunds: [], ...given };
}

function applyTo(billing: Billing, from: BillingPayment, to: Counterpart, amount: Money): Counterpart {
  const invoice = there(billing.invoices, to);
  refuse(invoice.stage !== 'posted', `invoice ${invoice.number} is ${invoice.stage}`);
  refuse(amount.amountMinor > invoice.balance.amountMinor, `invoice ${invoice.number} owes less`);
  refuse(amount.amountMinor > unapplied(from).amountMinor, `${from.number} has less left`);
  const part = from.applied.find(({ invoiceId }) => invoiceId === invoice.id);
  if (part) part.amount = addMoney(part.amount, amount);
  else from.applied.push({ invoiceId: invoice.id, amount });
  invoice.balance = subtractMoney(invoice.balance, amount);
  return from;
}

function unapplyFrom(billing: Billing, from: BillingPayment, to: Counterpart, amount: Money): Counterpart {
  const invoice = there(billing.invoices, to);
  const part = from.applied.find(({ invoiceId }) => invoiceId === invoice.id);
  if (!part || amount.amountMinor > part.amount.amountMinor)
    throw rejected(`${from.number} settles less of it`);
  part.amount = subtractMoney(part.amount, amount);
  if (part.amount.amountMinor === 0n) from.applied.splice(from.applied.indexOf(part), 1);
  invoice.balance = addMoney(invoice.balance, amount);
  return from;
}

/** Not applied and not given back. */
export function unapplied({ amount, applied, refunds }: BillingPayment): Money {
  const parts = [...applied, ...refunds.filter(({ stage }) => stage === 'posted')];
  return subtractMoney(
    amount,
    sumMoney(
      parts.map((part) => part.amount),
      amount.currency,
    ),
  );
}

function appliedTo(billing: Billing, invoiceId: string): Money {
  const parts = [...billing.payments, ...billing.credits].flatMap(({ applied }) => applied);
  const amounts = parts.filter((part) => part.invoiceId === invoiceId).map(({ amount }) => amount);
  return sumMoney(amounts, amounts[0]?.currency ?? 'USD');
}

function itemsOf(billing: Billing, { breakdown }: StepOf<'create-invoice' | 'replace-lines'>): BillingItem[] {
  return breakdown.lines.map(({ line }) => ({
    id: billing.nextId('l'),
    name: line.name,
    amount: line.amount,
  }));
}

export function commentOf(mark: string, notes: string): string {
  return notes === '' ? mark : `${mark} | ${notes}`;
}

function there<Row extends Counterpart>(rows: readonly Row[], { id }: Counterpart): Row {
  const row = rows.find((other) => other.id === id);
  if (!row) throw rejected(`there is no ${id}`);
  return row;
}

function refuse(isWrong: boolean, message: string, code = 'refused'): void {
  if (isWrong) throw rejected(message, code);
}

function rejected(message: string, code = 'refused'): OperatingError {
  return new OperatingError('rejected', message, { code });
}
