/** What users do to invoices in a history, by row of the money lifecycle. */
import type { Act } from './act.ts';
import { type Books, isPaidIn } from './books.ts';
import {
  type Desk,
  find,
  findClient,
  findInvoice,
  type Habit,
  isDraft,
  isUnpaid,
  part,
  placeOf,
} from './history-desk.ts';
import type { InvoiceEdit, LineInput } from './invoice-form.ts';
import type { Invoice, VisState } from './model.ts';
import { drawInteger, drawInvoice, pick } from './workload-draw.ts';

const OTHER_CURRENCY_SHARE = 0.08;
const ODD_LINE_SHARE = 0.15;

export const INVOICE_HABITS: readonly Habit[] = [
  { row: 'D1', weight: 6, draw: (desk) => newInvoice(desk, { send: false }) },
  { row: 'D4', weight: 14, draw: (desk) => newInvoice(desk, { send: true }) },
  {
    row: 'D11',
    weight: 2,
    draw: (desk) => newInvoice(desk, { send: true, parent: drawInteger(desk.random, 7001, 7009) }),
  },
  { row: 'D2', weight: 4, draw: (desk) => edited(desk, isDraft, (invoice) => otherLines(desk, invoice)) },
  {
    row: 'D3',
    weight: 6,
    draw: (desk) => {
      const draft = findInvoice(desk, isDraft);
      return draft && { verb: 'send-invoice', id: draft.id, by: pick(desk.random, ['email', 'hand']) };
    },
  },
  { row: 'D5', weight: 4, draw: looked },
  { row: 'M9', weight: 1, draw: (desk) => edited(desk, isUnpaid, () => ({ discountPercent: '100' })) },
  { row: 'E1', weight: 3, draw: (desk) => edited(desk, isUnpaid, () => otherTexts(desk)) },
  {
    row: 'E2',
    weight: 2,
    draw: (desk) => edited(desk, isUnpaid, () => ({ dueOffsetDays: drawInteger(desk.random, 1, 90) })),
  },
  { row: 'E3', weight: 6, draw: (desk) => edited(desk, isUnpaid, (invoice) => otherLines(desk, invoice)) },
  { row: 'E4', weight: 4, draw: (desk) => edited(desk, isPaidIn, (invoice) => raised(desk, invoice)) },
  { row: 'E5', weight: 2, draw: (desk) => edited(desk, isPaidIn, (invoice) => belowPaid(desk, invoice)) },
  { row: 'E6', weight: 3, draw: moved },
  {
    row: 'E7',
    weight: 2,
    draw: (desk) =>
      edited(desk, isUnpaid, (invoice) => {
        const currency = find(desk.random, desk.currencies, (other) => other !== invoice.currency);
        return currency === undefined ? undefined : { currency };
      }),
  },
  {
    row: 'E8',
    weight: 2,
    draw: (desk) =>
      edited(
        desk,
        () => true,
        () => ({ invoiceNumber: `R-${drawInteger(desk.random, 1, 9999)}` }),
      ),
  },
  {
    row: 'E10',
    weight: 2,
    draw: (desk) =>
      edited(
        desk,
        () => true,
        () => ({}),
      ),
  },
  { row: 'X1', weight: 1, draw: (desk) => shown(findInvoice(desk, isDraft), 1) },
  { row: 'X2', weight: 2, draw: (desk) => shown(findInvoice(desk, isUnpaid), 1) },
  { row: 'X3', weight: 2, draw: (desk) => shown(findInvoice(desk, isPaidIn), 1) },
  {
    row: 'X5',
    weight: 3,
    draw: ({ random, books }) =>
      shown(
        find(random, books.invoices.rows, ({ visState }) => visState === 1),
        0,
      ),
  },
  {
    row: 'X6',
    weight: 2,
    draw: (desk) => {
      const invoice = findInvoice(desk, () => true);
      return shown(invoice, invoice?.visState === 2 ? 0 : 2);
    },
  },
];

function newInvoice(desk: Desk, extra: { send: boolean; parent?: number }): Act | undefined {
  const { random, day, currencies } = desk;
  const client = findClient(desk);
  if (client === undefined) return undefined;
  const place = placeOf(random, client);
  const currency = random.next() < OTHER_CURRENCY_SHARE ? pick(random, currencies) : client.currency;
  const input = drawInvoice(random, { clientId: client.id, place, currency, createDate: day });
  const lines = input.lines?.flatMap((line) => withOddity(desk, line)) ?? [];
  return { verb: 'add-invoice', input: { ...input, ...extra, lines } };
}

/** Compound taxes, a flat discount as a line below zero, more decimals than the currency has. */
function withOddity({ random }: Desk, line: LineInput): LineInput[] {
  if (random.next() >= ODD_LINE_SHARE) return [line];
  return pick(random, [
    [{ ...line, compoundedTax: true }],
    [line, { name: 'Discount, as agreed', qty: '1', unitCost: '-5' }],
    [{ ...line, qty: `${drawInteger(random, 1, 9)}.333`, unitCost: '19.9875' }],
  ]);
}

function edited(
  desk: Desk,
  suits: (invoice: Invoice) => boolean,
  change: (invoice: Invoice) => InvoiceEdit | undefined,
): Act | undefined {
  const invoice = findInvoice(desk, suits);
  const edit = invoice && change(invoice);
  return invoice && edit && { verb: 'edit-invoice', id: invoice.id, edit };
}

function shown(invoice: Invoice | undefined, visState: VisState): Act | undefined {
  return invoice && { verb: 'show-invoice', id: invoice.id, visState };
}

function otherTexts({ random }: Desk): InvoiceEdit {
  const serial = drawInteger(random, 1000, 9999);
  return pick(random, [
    { notes: `Thank you. (${serial})` },
    { poNumber: `PO-${serial}` },
    { terms: `Payment by the due date, please. (${serial})` },
  ]);
}

function linesOf(invoice: Invoice): LineInput[] {
  return invoice.lines.map(({ name, description, qty, unitCost, taxes, compoundedTax }) => ({
    name,
    description,
    qty,
    unitCost,
    taxes,
    compoundedTax,
  }));
}

/** One line more, one less, another quantity, or another order. */
function otherLines({ random }: Desk, invoice: Invoice): InvoiceEdit {
  const lines = linesOf(invoice);
  const [first, ...rest] = lines;
  const taxes = first?.taxes ?? [];
  const more = { name: 'Extra work', qty: '1', unitCost: String(drawInteger(random, 5, 400)), taxes };
  const changes = [
    [...lines, more],
    rest.length > 0 ? rest : [more],
    first === undefined ? [more] : [{ ...first, qty: String(drawInteger(random, 1, 12)) }, ...rest],
    [...lines].reverse(),
  ];
  return { lines: pick(random, changes) };
}

function raised({ random }: Desk, invoice: Invoice): InvoiceEdit {
  const more = { name: 'Extra work', qty: '1', unitCost: String(drawInteger(random, 5, 400)) };
  return { lines: [...linesOf(invoice), more] };
}

function belowPaid({ random }: Desk, invoice: Invoice): InvoiceEdit {
  const unitCost = part(random, invoice.paid, 40, 95);
  return { discountPercent: '0', lines: [{ name: 'As agreed', qty: '1', unitCost }] };
}

function moved(desk: Desk): Act | undefined {
  const invoice = findInvoice(desk, ({ id }) => !isPaidFromCredit(desk.books, id));
  const to = invoice && findClient(desk, ({ id }) => id !== invoice.clientId);
  return to && { verb: 'edit-invoice', id: invoice.id, edit: { clientId: to.id } };
}

function isPaidFromCredit(books: Books, id: number): boolean {
  return (books.paymentsByInvoice.get(id) ?? []).some(({ fromCredit }) => fromCredit);
}

function looked(desk: Desk): Act | undefined {
  const invoice = findInvoice(desk, (candidate) => !isDraft(candidate));
  if (invoice === undefined) return undefined;
  const { id } = invoice;
  return pick<Act>(desk.random, [
    { verb: 'view-invoice', id },
    { verb: 'dispute-invoice', id, dispute: invoice.dispute === null ? 'disputed' : 'resolved' },
  ]);
}
