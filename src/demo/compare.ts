/** Compares the two simulators' own ledgers, document by document and sum by sum; our tables have no say in it. */
import { toExternalKey } from '../core/ids.ts';
import type { Ledger, LedgerInvoice, LedgerPayment } from '../core/ledger.ts';
import { formatMoney, parseMoney, sumMoney } from '../core/money.ts';

export type CurrencySums = {
  invoices: number;
  invoiced: string;
  outstanding: string;
  payments: number;
  paid: string;
};

export type Books = { documents: { invoices: number; payments: number }; sums: Record<string, CurrencySums> };

export type Comparison = {
  source: Books;
  destination: Books;
  /** Documents of the source without a counterpart, and surplus counterparts. */
  lost: string[];
  doubled: string[];
  /** Counterparts whose amounts, dates or states differ. */
  wrong: string[];
  equal: boolean;
};

export function compareLedgers(source: Ledger, destination: Ledger, prefix: string): Comparison {
  const identity = { prefix, account: source.account };
  const live = {
    invoices: source.invoices.filter((invoice) => invoice.state !== 'deleted'),
    payments: source.payments.filter((payment) => payment.state !== 'deleted'),
  };
  const copies = {
    invoices: destination.invoices.filter(
      (invoice) => invoice.state === 'draft' || invoice.state === 'posted',
    ),
    payments: destination.payments.filter((payment) => payment.state === 'live'),
  };
  const lost: string[] = [];
  const doubled: string[] = [];
  const wrong: string[] = [];
  const numberOf = new Map<string, string>();
  const match = <D extends { id: string; reference: string }>(
    kind: 'invoice' | 'payment',
    originals: readonly D[],
    candidates: readonly D[],
    differs: (original: D, copy: D) => string | undefined,
  ) => {
    const keys = new Set<string>();
    for (const original of originals) {
      const key = toExternalKey(identity, kind, original.id);
      keys.add(key);
      const found = candidates.filter((candidate) => candidate.reference === key);
      const [copy, ...more] = found;
      if (!copy) lost.push(`${kind} ${original.id}`);
      for (const surplus of more) doubled.push(`${kind} ${original.id}: ${surplus.id}`);
      const difference = copy && differs(original, copy);
      if (difference) wrong.push(`${kind} ${original.id}: ${difference}`);
    }
    for (const stranger of candidates.filter((candidate) => !keys.has(candidate.reference))) {
      doubled.push(`${kind} ${stranger.id} has no original`);
    }
  };
  match<LedgerInvoice>('invoice', live.invoices, copies.invoices, (original, copy) => {
    numberOf.set(original.number, copy.number);
    return firstDifference(original, copy, [
      'currency',
      'total',
      'outstanding',
      'issuedOn',
      'dueOn',
      'state',
    ]);
  });
  match<LedgerPayment>(
    'payment',
    live.payments,
    copies.payments,
    (original, copy) =>
      firstDifference(original, copy, ['currency', 'amount', 'applied', 'paidOn', 'state']) ??
      (original.invoiceNumbers.map((number) => numberOf.get(number) ?? '').join() ===
      copy.invoiceNumbers.join()
        ? undefined
        : 'settles another invoice'),
  );
  const books = { source: toBooks(live), destination: toBooks(copies) };
  const sumsEqual = JSON.stringify(books.source) === JSON.stringify(books.destination);
  return {
    ...books,
    lost,
    doubled,
    wrong,
    equal: sumsEqual && lost.length + doubled.length + wrong.length === 0,
  };
}

function firstDifference<D>(original: D, copy: D, fields: readonly (keyof D & string)[]): string | undefined {
  const field = fields.find((name) => original[name] !== copy[name]);
  return field && `${field} ${String(copy[field])} instead of ${String(original[field])}`;
}

function toBooks({ invoices, payments }: { invoices: LedgerInvoice[]; payments: LedgerPayment[] }): Books {
  const currencies = [...new Set([...invoices, ...payments].map((document) => document.currency))].sort();
  const sums = currencies.map((currency) => {
    const total = (texts: readonly string[]) =>
      formatMoney(
        sumMoney(
          texts.map((text) => parseMoney(text, currency)),
          currency,
        ),
      );
    const ownInvoices = invoices.filter((invoice) => invoice.currency === currency);
    const ownPayments = payments.filter((payment) => payment.currency === currency);
    const ofCurrency: CurrencySums = {
      invoices: ownInvoices.length,
      invoiced: total(ownInvoices.map((invoice) => invoice.total)),
      outstanding: total(ownInvoices.map((invoice) => invoice.outstanding)),
      payments: ownPayments.length,
      paid: total(ownPayments.map((payment) => payment.amount)),
    };
    return [currency, ofCurrency] as const;
  });
  return {
    documents: { invoices: invoices.length, payments: payments.length },
    sums: Object.fromEntries(sums),
  };
}
