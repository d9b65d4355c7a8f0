/** The billing as a destination: requests, sending, look-up by natural key, read-back. */
import { OperatingError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import { formatMoney, subtractMoney, zeroMoney } from '../../core/money.ts';
import type {
  AccountCandidate,
  CopyState,
  Destination,
  DestinationManifest,
  DestinationRequest,
  StepResult,
} from '../../core/ports.ts';
import type { Counterpart, Step } from '../../core/steps.ts';
import { type Billing, KEY_HOURS } from './billing.ts';

/** More digits than this the billing cannot hold. */
const LONGEST_NUMBER = 40;

export function billingManifest(billing: Billing): DestinationManifest {
  return {
    id: 'example-billing',
    label: 'Example billing',
    side: 'destination',
    fields: [{ name: 'password', label: 'Password', help: 'Any text.', secret: true, required: true }],
    create: () => createDestination(billing),
  };
}

function createDestination(billing: Billing): Destination {
  return {
    idempotencyHours: KEY_HOURS,
    toInvoiceNumber: ({ number, externalKey }) =>
      number.length <= LONGEST_NUMBER ? number : externalKey.slice(-LONGEST_NUMBER),
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
      await billing.faults.pass('find accounts');
      return billing.accounts.flatMap((account): AccountCandidate[] => {
        if (account.number === accountNumber) return [{ ...account, reason: 'external-id' }];
        const sameEmail = client.email !== undefined && account.email === client.email;
        return sameEmail && account.currency === currency ? [{ ...account, reason: 'email' }] : [];
      });
    },
    async readBack(kind, { id }) {
      await billing.faults.pass(`read ${kind}`);
      const state = kind === 'invoice' ? readInvoice(billing, id) : readPayment(billing, id);
      if (!state) throw new OperatingError('conflict', `${kind} ${id} is not there`);
      return state;
    },
    ping: async () => {
      await billing.faults.pass('ping');
      return [{ name: 'answer', ok: true, detail: 'billing answers' }];
    },
  };
}

function toRequest(step: Step): DestinationRequest {
  switch (step.kind) {
    case 'create-account':
      return post('account', { number: step.accountNumber, currency: step.currency });
    case 'create-invoice':
      return post('invoice', {
        number: step.number,
        account: step.account.id,
        total: formatMoney(step.breakdown.total),
        comment: step.externalKey,
        post: step.post,
      });
    case 'post-invoice':
      return {
        call: 'PUT invoice',
        method: 'PUT',
        path: `/invoices/${step.invoice.id}`,
        body: { post: true },
        idempotent: false,
      };
    case 'create-payment':
      return post('payment', {
        account: step.account.id,
        invoice: step.invoice.id,
        amount: formatMoney(step.payment.amount),
        reference: step.externalKey,
      });
  }
}

function post(what: string, body: JsonObject): DestinationRequest {
  return { call: `POST ${what}`, method: 'POST', path: `/${what}s`, body, idempotent: true };
}

function effect(billing: Billing, step: Step): Counterpart {
  const refuseTaken = (taken: boolean, number: string) => {
    if (taken) throw new OperatingError('rejected', `${number} is taken`, { code: 'duplicate' });
  };
  switch (step.kind) {
    case 'create-account': {
      const { accountNumber: number, client, currency } = step;
      refuseTaken(
        billing.accounts.some((account) => account.number === number),
        number,
      );
      const name = client.organization ?? '';
      billing.accounts.push({ id: billing.nextId('a'), number, name, email: client.email ?? '', currency });
      return last(billing.accounts);
    }
    case 'create-invoice': {
      const { number, invoice, account, breakdown } = step;
      refuseTaken(
        billing.invoices.some((other) => other.number === number),
        number,
      );
      billing.invoices.push({
        id: billing.nextId('i'),
        number,
        account: account.id,
        stage: step.post ? 'posted' : 'draft',
        due: invoice.dueOn,
        total: breakdown.total,
        balance: breakdown.total,
      });
      return last(billing.invoices);
    }
    case 'post-invoice': {
      const invoice = billing.invoices.find((other) => other.id === step.invoice.id);
      if (!invoice) throw new OperatingError('rejected', `there is no invoice ${step.invoice.id}`);
      invoice.stage = 'posted';
      return invoice;
    }
    case 'create-payment': {
      const { payment, account, invoice, externalKey } = step;
      const paid = billing.invoices.find((other) => other.id === invoice.id);
      if (!paid) throw new OperatingError('rejected', `there is no invoice ${invoice.id}`);
      paid.balance = subtractMoney(paid.balance, payment.amount);
      const id = billing.nextId('p');
      billing.payments.push({
        id,
        number: `P-${id}`,
        account: account.id,
        reference: externalKey,
        invoice: invoice.id,
        amount: payment.amount,
        date: payment.paidOn,
      });
      return last(billing.payments);
    }
  }
}

function findEffect(billing: Billing, step: Step): Counterpart | undefined {
  switch (step.kind) {
    case 'create-account':
      return billing.accounts.find(({ number }) => number === step.accountNumber);
    case 'create-invoice':
      // Under the same number somebody else may have made another one.
      return billing.invoices.find(
        ({ number, account }) => number === step.number && account === step.account.id,
      );
    case 'post-invoice':
      return billing.invoices.find(({ id, stage }) => id === step.invoice.id && stage === 'posted');
    case 'create-payment':
      return billing.payments.find(({ reference }) => reference === step.externalKey);
  }
}

function readInvoice(billing: Billing, id: string): CopyState | undefined {
  const invoice = billing.invoices.find((other) => other.id === id);
  return (
    invoice && {
      counterpart: { id, number: invoice.number },
      stage: invoice.stage,
      amount: invoice.total,
      balance: invoice.balance,
      date: invoice.due,
      applied: [],
      raw: { number: invoice.number, total: formatMoney(invoice.total) },
    }
  );
}

function readPayment(billing: Billing, id: string): CopyState | undefined {
  const payment = billing.payments.find((other) => other.id === id);
  return (
    payment && {
      counterpart: { id, number: payment.number },
      stage: 'posted',
      amount: payment.amount,
      balance: zeroMoney(payment.amount.currency),
      date: payment.date,
      applied: [{ invoiceId: payment.invoice, amount: payment.amount }],
      raw: { reference: payment.reference, amount: formatMoney(payment.amount) },
    }
  );
}

function toResult({ id, number }: Counterpart): StepResult {
  return { counterpart: { id, number }, raw: { id, number } };
}

function last<T>(items: readonly T[]): T {
  const item = items.at(-1);
  if (item === undefined) throw new Error('nothing was made');
  return item;
}
