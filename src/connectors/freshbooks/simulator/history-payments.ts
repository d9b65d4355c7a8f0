/** What users do to payments in a history, by row of the money lifecycle. */
import { addMoney, formatMoney, subtractMoney } from '../../../core/money.ts';
import type { Act } from './act.ts';
import { loadInvoice, outstandingOf } from './books.ts';
import { addDays } from './eastern.ts';
import {
  type Desk,
  find,
  findCredit,
  findInvoice,
  findPayment,
  type Habit,
  isDraft,
  isOpen,
  part,
} from './history-desk.ts';
import type { Invoice, Payment, VisState } from './model.ts';
import type { PaymentEdit } from './payment-acts.ts';
import { PAYMENT_TYPES } from './workload-data.ts';
import { drawInteger, pick } from './workload-draw.ts';

export const PAYMENT_HABITS: readonly Habit[] = [
  { row: 'P1', weight: 10, draw: (desk) => paid(desk, findInvoice(desk, isOpen), owed) },
  {
    row: 'P2',
    weight: 8,
    draw: (desk) =>
      paid(desk, findInvoice(desk, isOpen), (invoice) => part(desk.random, outstandingOf(invoice), 10, 80)),
  },
  { row: 'P4', weight: 1, draw: (desk) => paid(desk, findInvoice(desk, isPayableDraft), owed) },
  {
    row: 'P5',
    weight: 3,
    draw: (desk) =>
      paid(desk, findInvoice(desk, isOpen), (invoice) => part(desk.random, outstandingOf(invoice), 105, 160)),
  },
  { row: 'P6', weight: 5, draw: paidFromCredit },
  { row: 'P7', weight: 3, draw: paidTogether },
  {
    row: 'P8',
    weight: 4,
    draw: (desk) =>
      edited(
        desk,
        () => true,
        (payment) => otherFacts(desk, payment),
      ),
  },
  {
    row: 'P9',
    weight: 2,
    draw: (desk) =>
      edited(
        desk,
        () => true,
        () => ({ note: `Ref. ${drawInteger(desk.random, 1000, 9999)}` }),
      ),
  },
  {
    row: 'P10',
    weight: 3,
    draw: (desk) =>
      shown(
        findPayment(desk, (payment) => !isOrphan(desk, payment)),
        1,
      ),
  },
  {
    row: 'X4',
    weight: 2,
    draw: (desk) =>
      shown(
        findPayment(desk, (payment) => isOrphan(desk, payment)),
        1,
      ),
  },
  {
    row: 'P10',
    weight: 2,
    draw: ({ random, books }) =>
      shown(
        find(random, books.payments.rows, ({ visState }) => visState === 1),
        0,
      ),
  },
  {
    row: 'P11',
    weight: 3,
    draw: (desk) =>
      edited(
        desk,
        ({ amount }) => amount.amountMinor > 1n,
        ({ amount }) => ({ amount: part(desk.random, amount, 5, 95) }),
      ),
  },
  { row: 'P12', weight: 3, draw: moved },
  { row: 'P13', weight: 1, draw: (desk) => paid(desk, findInvoice(desk, isOpen), owed, { type: 'Barter' }) },
  {
    row: 'P14',
    weight: 1,
    draw: (desk) =>
      paid(desk, findInvoice(desk, isOpen), owed, {
        date: addDays(desk.day, pick(desk.random, [-400, 400])),
      }),
  },
  { row: 'P18', weight: 1, draw: (desk) => paid(desk, findInvoice(desk, isOpen), () => '0') },
];

const owed = (invoice: Invoice) => formatMoney(outstandingOf(invoice));
const isPayableDraft = (invoice: Invoice) => isDraft(invoice) && outstandingOf(invoice).amountMinor > 0n;
const isOrphan = ({ books }: Desk, payment: Payment) => loadInvoice(books, payment.invoiceId).visState === 1;

function paid(
  { random, day }: Desk,
  invoice: Invoice | undefined,
  amount: (invoice: Invoice) => string,
  extra: { type?: string; date?: string } = {},
): Act | undefined {
  if (invoice === undefined) return undefined;
  const type = pick(random, PAYMENT_TYPES);
  const input = { invoiceId: invoice.id, amount: amount(invoice), date: day, type, ...extra };
  return { verb: 'add-payment', input };
}

function paidFromCredit(desk: Desk): Act | undefined {
  const credit = findCredit(desk, ({ amount, paid: used }) => used.amountMinor < amount.amountMinor);
  if (credit === undefined) return undefined;
  const { currency } = credit.amount;
  const invoice = findInvoice(
    desk,
    (open) => isOpen(open) && open.clientId === credit.clientId && open.currency === currency,
  );
  if (invoice === undefined) return undefined;
  const left = subtractMoney(credit.amount, credit.paid);
  const outstanding = outstandingOf(invoice);
  const most = left.amountMinor < outstanding.amountMinor ? left : outstanding;
  const amount = part(desk.random, most, 50, 100);
  return {
    verb: 'add-payment',
    input: { invoiceId: invoice.id, amount, date: desk.day, creditId: credit.id },
  };
}

/** Up to four open invoices of one client in one currency. */
function paidTogether(desk: Desk): Act | undefined {
  const first = findInvoice(desk, isOpen);
  if (first === undefined) return undefined;
  const together = desk.books.invoices.rows.filter(
    (invoice) =>
      invoice.visState !== 1 &&
      isOpen(invoice) &&
      invoice.clientId === first.clientId &&
      invoice.currency === first.currency,
  );
  if (together.length < 2) return undefined;
  const rows = together.slice(0, 4).map((invoice) => ({ invoiceId: invoice.id, amount: owed(invoice) }));
  return { verb: 'add-bulk-payment', input: { rows, date: desk.day, type: 'Bank Transfer' } };
}

function edited(
  desk: Desk,
  suits: (payment: Payment) => boolean,
  change: (payment: Payment) => PaymentEdit | undefined,
): Act | undefined {
  const payment = findPayment(desk, suits);
  const edit = payment && change(payment);
  return payment && edit && { verb: 'edit-payment', id: payment.id, edit };
}

/** Another amount within what is owed, another day, another method; a payment from credit keeps its method. */
function otherFacts(desk: Desk, payment: Payment): PaymentEdit {
  const { random, day, books } = desk;
  const room = addMoney(payment.amount, outstandingOf(loadInvoice(books, payment.invoiceId)));
  const type = payment.fromCredit ? payment.type : pick(random, PAYMENT_TYPES);
  return pick(random, [{ amount: part(random, room, 20, 100) }, { date: day }, { type, date: day }]);
}

function moved(desk: Desk): Act | undefined {
  const payment = findPayment(desk, ({ amount }) => amount.amountMinor > 0n);
  const to =
    payment &&
    findInvoice(
      desk,
      (invoice) =>
        invoice.id !== payment.invoiceId &&
        invoice.currency === payment.amount.currency &&
        (!payment.fromCredit || invoice.clientId === payment.clientId) &&
        outstandingOf(invoice).amountMinor >= payment.amount.amountMinor,
    );
  return to && { verb: 'edit-payment', id: payment.id, edit: { invoiceId: to.id } };
}

function shown(payment: Payment | undefined, visState: VisState): Act | undefined {
  return payment && { verb: 'show-payment', id: payment.id, visState };
}
