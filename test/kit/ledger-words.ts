/** A destination's books in short lines, one for each document, so that a test compares everything at once. */
import type { Ledger, LedgerCredit } from '../../src/core/ledger.ts';

/** Copies of an invoice, the oldest first: "posted 100.00 owes 40.00", "-R1 posted …" under a later number. */
export function invoiceLines({ invoices }: Ledger, reference: string): string[] {
  const copies = invoices.filter((invoice) => invoice.reference === reference);
  return copies.map(({ number, state, total, outstanding }) => {
    const suffix = /-R\d+/.exec(number)?.[0];
    return `${suffix ? `${suffix} ` : ''}${state} ${total}${state === 'posted' ? ` owes ${outstanding}` : ''}`;
  });
}

/** Copies of a payment: "live 100.00: 60.00 on 7, 40.00 free"; `7` is the source's id of the invoice. */
export function paymentLines(ledger: Ledger, reference: string): string[] {
  const copies = ledger.payments.filter((payment) => payment.reference === reference);
  return copies.map((payment) =>
    payment.state === 'live'
      ? told(`live ${payment.amount}`, [
          ...applied(ledger, 'payment', payment.number),
          ...part(payment.unapplied, 'free'),
          ...part(payment.refunded, 'refunded'),
        ])
      : `${payment.state} ${payment.amount}`,
  );
}

/** Copies of a credit note: "live 50.00: 30.00 on 7, 20.00 free". */
export function creditLines(ledger: Ledger, reference: string): string[] {
  const copies = (ledger.credits ?? []).filter((memo) => memo.reference === reference);
  return copies.map((memo) =>
    memo.state === 'live' ? memoLine(ledger, 'live', memo) : `${memo.state} ${memo.amount}`,
  );
}

/** Memos for the difference to an invoice: "credit 20.00: 20.00 on 7", "debit 5.00 owes 5.00". */
export function adjustmentLines(ledger: Ledger, reference: string): string[] {
  const copies = ledger.invoices.filter((invoice) => invoice.reference === reference);
  const isOfIt = ({ invoiceNumber, state }: { invoiceNumber?: string; state: string }) =>
    state === 'live' && copies.some(({ number }) => number === invoiceNumber);
  const credits = (ledger.credits ?? []).filter((memo) => isOfIt(memo) && memo.creditType === 'invoice');
  const debits = (ledger.debits ?? []).filter(isOfIt);
  return [
    ...credits.map((memo) => memoLine(ledger, 'credit', memo)),
    ...debits.map(({ amount, outstanding }) => `debit ${amount} owes ${outstanding}`),
  ];
}

function memoLine(ledger: Ledger, word: string, { amount, number, unapplied }: LedgerCredit): string {
  return told(`${word} ${amount}`, [...applied(ledger, 'credit', number), ...part(unapplied, 'free')]);
}

function applied(
  { applications = [], invoices }: Ledger,
  from: 'payment' | 'credit',
  number: string,
): string[] {
  return applications
    .filter((one) => one.from === from && one.fromNumber === number)
    .map(({ amount, to, toNumber }) => {
      const reference = invoices.find((invoice) => invoice.number === toNumber)?.reference ?? '';
      return `${amount} on ${to === 'invoice' ? (reference.split('-invoice-')[1] ?? toNumber) : 'debit memo'}`;
    });
}

function part(amount: string | undefined, what: string): string[] {
  return amount === undefined || /^0(\.0+)?$/.test(amount) ? [] : [`${amount} ${what}`];
}

function told(what: string, parts: readonly string[]): string {
  return parts.length === 0 ? what : `${what}: ${parts.join(', ')}`;
}
