/** The billing as a destination: requests, sending, look-up by natural key, read-back. */
import { OperatingError } from '../../core/errors.ts';
import { formatMoney, sumMoney, zeroMoney } from '../../core/money.ts';
import type {
  AccountCandidate,
  ConnectorContext,
  CopyState,
  Destination,
  DestinationManifest,
  InvoiceParts,
  StepResult,
} from '../../core/ports.ts';
import type { Counterpart } from '../../core/steps.ts';
import { type Billing, type BillingInvoice, type BillingPayment, KEY_HOURS } from './billing.ts';
import { effect, unapplied } from './effects.ts';
import { findEffect } from './find-effect.ts';
import { toRequest } from './requests.ts';

/** More digits than this the billing cannot hold. */
const LONGEST_NUMBER = 40;

export function billingManifest(billing: Billing): DestinationManifest {
  return {
    id: 'example-billing',
    label: 'Example billing',
    side: 'destination',
    fields: [{ name: 'password', label: 'Password', help: 'Any text.', secret: true, required: true }],
    create: (context) => createDestination(billing, context),
  };
}

function createDestination(billing: Billing, context: ConnectorContext): Destination {
  const nameTenant = async () => {
    if (context.settings.tenantId !== billing.tenant)
      await context.rememberSetting('tenantId', billing.tenant);
  };
  return {
    idempotencyHours: KEY_HOURS,
    toInvoiceNumber: toNumber,
    toCreditNumber: toNumber,
    toAccountNumber: (externalKey, currency) => `${externalKey}-${currency}`,
    toRequest: (step) =>
      step.kind === 'create-payment' && step.payment.note === 'unspeakable'
        ? { ok: false, problems: [{ field: 'note', value: step.payment.note, rule: 'cannot be said' }] }
        : { ok: true, value: toRequest(step) },
    async send(step, request, { idempotencyKey }) {
      const counterpart = await billing.write(request.call, idempotencyKey, () => effect(billing, step));
      return toResult(counterpart);
    },
    async find(step) {
      await billing.faults.pass(`find ${step.kind}`);
      const found = findEffect(billing, step);
      return found && toResult(found);
    },
    async findAccounts(client, currency, accountNumber) {
      await nameTenant();
      await billing.faults.pass('find accounts');
      return billing.accounts.flatMap((account): AccountCandidate[] => {
        if (account.number === accountNumber) return [{ ...account, reason: 'external-id' }];
        const sameEmail = client.email !== undefined && account.email === client.email;
        return sameEmail && account.currency === currency ? [{ ...account, reason: 'email' }] : [];
      });
    },
    async readBack(kind, { id }) {
      await billing.faults.pass(`read ${kind}`);
      const invoice = billing.invoices.find((other) => other.id === id);
      const settling = kind === 'payment' ? billing.payments : billing.credits;
      const payment = settling.find((other) => other.id === id);
      if (kind === 'invoice' && invoice) return toInvoiceState(invoice);
      if (kind !== 'invoice' && payment) return toPaymentState(payment);
      throw new OperatingError('conflict', `${kind} ${id} is not there`);
    },
    async readInvoiceParts({ id }) {
      await billing.faults.pass('read parts');
      const items = billing.invoices.find((other) => other.id === id)?.items ?? [];
      return { items, itemIds: items.map((item) => item.id), settledBy: settledBy(billing, id) };
    },
    async listRefunds({ id: paymentId }) {
      await billing.faults.pass('list refunds');
      const refunds = billing.payments.find((other) => other.id === paymentId)?.refunds ?? [];
      return refunds
        .filter(({ stage }) => stage === 'posted')
        .map(({ id, number, amount }) => ({ refund: { id, number }, amount }));
    },
    async findAccount(key) {
      await nameTenant();
      const account = billing.accounts.find(({ id, number }) => id === key || number === key);
      return account && { ...account, reason: 'by-hand' };
    },
    async findInvoice(number) {
      const invoice = billing.invoices.find((other) => other.number === number);
      return invoice && toInvoiceState(invoice);
    },
    facts: async () => ({ today: billing.today(), ...billing.facts }),
    ping: async () => {
      await billing.faults.pass('ping');
      return [{ name: 'answer', ok: true, detail: 'billing answers' }];
    },
  };
}

type Numbered = { number: string; externalKey: string; generation: number };

function toNumber({ number, externalKey, generation }: Numbered): string {
  const own = number.length <= LONGEST_NUMBER ? number : externalKey.slice(-LONGEST_NUMBER);
  return generation === 0 ? own : `${own}-R${generation}`;
}

function toInvoiceState(invoice: BillingInvoice): CopyState {
  const { id, number, account, stage, total, balance, due, issued, comment } = invoice;
  return {
    counterpart: { id, number },
    accountId: account,
    stage,
    amount: total,
    balance,
    refunded: zeroMoney(total.currency),
    date: due,
    issuedOn: issued,
    comment,
    applied: [],
    raw: { number, total: formatMoney(total) },
  };
}

function toPaymentState(payment: BillingPayment): CopyState {
  const { id, number, account, stage, amount, date, comment, applied, refunds, reference } = payment;
  const given = refunds.filter((refund) => refund.stage === 'posted').map((refund) => refund.amount);
  return {
    counterpart: { id, number },
    accountId: account,
    stage,
    amount,
    balance: stage === 'cancelled' ? zeroMoney(amount.currency) : unapplied(payment),
    refunded: sumMoney(given, amount.currency),
    date,
    comment,
    applied: applied.map((part) => ({ ...part })),
    raw: { reference, amount: formatMoney(amount) },
  };
}

function settledBy(billing: Billing, invoiceId: string): InvoiceParts['settledBy'] {
  const all = [
    ...billing.payments.map((one) => ({ kind: 'payment' as const, one })),
    ...billing.credits.map((one) => ({ kind: 'credit' as const, one })),
  ];
  return all.flatMap(({ kind, one: { id, number, applied, date } }) =>
    applied
      .filter((part) => part.invoiceId === invoiceId)
      .map(({ amount }) => ({ kind, counterpart: { id, number }, amount, date })),
  );
}

function toResult({ id, number }: Counterpart): StepResult {
  return { counterpart: { id, number }, raw: { id, number } };
}
