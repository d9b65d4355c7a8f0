/** The auditor: compares what both simulated systems' own ledgers say, document by document. None of our tables has a say but for the reasons a person is shown. */
import type { DocumentKind } from '../core/canonical.ts';
import { type SourceIdentity, toExternalKey } from '../core/ids.ts';
import type { Ledger, LedgerCredit, LedgerInvoice, LedgerPayment } from '../core/ledger.ts';
import { formatMoney, MoneyError, parseMoney } from '../core/money.ts';

export type Verdict = 'lost' | 'doubled' | 'wrong';
/** `document` is "invoice/7". */
export type Finding = { verdict: Verdict; document: string; text: string };
/** What a person is shown of a record: "parked", "no-credit-charge". */
export type Standing = { state: string; code: string; message: string; waitsFor?: string | undefined };

export type CurrencySums = Record<
  'invoiced' | 'outstanding' | 'received',
  { source: string; destination: string }
>;

export type Audit = {
  findings: Finding[];
  /** Documents for which a person is asked, by reason; each is excused from a counterpart. */
  parked: Record<string, number>;
  documents: number;
  /** Of the documents that have a counterpart, parked ones aside. */
  sums: Record<string, CurrencySums>;
};

/** Reasons that a lifecycle row allows: the source says something that nobody can book without a person. */
const ALLOWED_REASONS: ReadonlySet<string> = new Set([
  'negative-total',
  'zero-total-refused',
  'no-credit-charge',
  'several-accounts',
  'waits-for-invoice',
  'waits-for-credit',
  'waits-for-payment',
  'rest-of-other-client',
  'credit-on-other-account',
  'other-currency',
  'odd-payment-date',
  'closed-period',
  'number-taken',
]);

const MOST_IN_A_CHAIN = 5;

type Kind = Exclude<DocumentKind, 'client'>;
type Minor = { currency: string; amountMinor: bigint };

const DEAD_INVOICES: ReadonlySet<string> = new Set(['reversed', 'cancelled', 'deleted']);

export function audit(
  source: Ledger,
  destination: Ledger,
  prefix: string,
  standings: ReadonlyMap<string, Standing>,
): Audit {
  const identity: SourceIdentity = { prefix, account: source.account };
  const books = openBooks(source, destination, identity, standings);
  const { judging } = books;
  for (const invoice of source.invoices) judging('invoice', invoice, books.judgeInvoice);
  for (const payment of source.payments) judging('payment', payment, books.judgePayment);
  for (const credit of source.credits ?? []) judging('credit', credit, books.judgeCredit);
  books.judgeStrangers();
  return books.close();
}

function openBooks(
  source: Ledger,
  destination: Ledger,
  identity: SourceIdentity,
  standings: ReadonlyMap<string, Standing>,
) {
  const findings: Finding[] = [];
  const parked: Record<string, number> = {};
  const expectedKeys = new Set<string>();
  const sums = new Map<string, Record<keyof CurrencySums, [bigint, bigint]>>();
  const keyOf = (kind: Kind, id: string) => toExternalKey(identity, kind, id);
  const invoicesBy = groupBy(destination.invoices.filter(isAlive), ({ reference }) => reference);
  const paymentsBy = groupBy(
    destination.payments.filter(({ state }) => state === 'live'),
    ({ reference }) => reference,
  );
  const memosBy = groupBy(
    (destination.credits ?? []).filter(({ state }) => state === 'live'),
    ({ reference }) => reference,
  );
  const creditsById = new Map((source.credits ?? []).map((credit) => [credit.id, credit]));
  const paymentsByInvoice = groupBy(
    source.payments.filter(({ state }) => state === 'live'),
    ({ invoiceNumbers }) => invoiceNumbers[0] ?? '',
  );
  const referenceOfFunds = new Map(
    [...destination.payments, ...(destination.credits ?? [])].map(({ number, reference }) => [
      number,
      reference,
    ]),
  );

  const say = (verdict: Verdict, document: string, what: string) =>
    void findings.push({ verdict, document, text: what });

  /** The account made for that client in that currency: nobody else is in the destination. */
  const accountOf = ({ customer, currency }: { customer: string; currency: string }) =>
    `${toExternalKey(identity, 'client', customer)}-${currency}`;

  /** Parked for a reason that asks a person something; a fault of ours is no such reason. */
  function isExcused(kind: Kind, id: string): boolean {
    return isAllowed(`${kind}/${id}`, standings);
  }

  function take(kind: Kind, id: string): boolean {
    const document = `${kind}/${id}`;
    const standing = standings.get(document);
    expectedKeys.add(keyOf(kind, id));
    if (standing?.state !== 'parked') return true;
    parked[standing.code] = (parked[standing.code] ?? 0) + 1;
    if (isAllowed(document, standings)) return false;
    say('wrong', document, `parked as ${standing.code}: ${standing.message}`);
    return false;
  }

  /** The one living copy; says so when there is another number of them. */
  function single<D extends { number: string }>(
    document: string,
    copies: readonly D[],
    isWanted: boolean,
  ): D | undefined {
    if (copies.length > 1) say('doubled', document, copies.map(({ number }) => number).join(', '));
    const [copy] = copies;
    if (!copy && isWanted) say('lost', document, 'no counterpart');
    if (copy && !isWanted) say('wrong', document, `${copy.number} is still there`);
    return isWanted ? copy : undefined;
  }

  function equal(document: string, name: string, original: string, copy: string): void {
    if (original !== copy) say('wrong', document, `${name} ${copy} instead of ${original}`);
  }

  function add(currency: string, figure: keyof CurrencySums, original: bigint, copy: bigint): void {
    const zero = (): [bigint, bigint] => [0n, 0n];
    const of = sums.get(currency) ?? { invoiced: zero(), outstanding: zero(), received: zero() };
    of[figure][0] += original;
    of[figure][1] += copy;
    sums.set(currency, of);
  }

  /** By whose copy it is settled, and how much: what the source's payments say, those that are parked aside. */
  function settlementsOf({ number, currency }: LedgerInvoice): Map<string, bigint> {
    const settled = new Map<string, bigint>();
    for (const payment of paymentsByInvoice.get(number) ?? []) {
      if (isExcused('payment', payment.id)) continue;
      const funds = fundsOf(payment);
      const amount = minor(payment.applied, currency);
      if (amount !== 0n) settled.set(funds, (settled.get(funds) ?? 0n) + amount);
    }
    return settled;
  }

  /** The mark of what holds the money: the payment itself, the credit's copy, or the payment that left the credit over. */
  function fundsOf(payment: LedgerPayment): string {
    if (payment.fromCredit !== true) return keyOf('payment', payment.id);
    const credit = creditsById.get(payment.creditId ?? '');
    const holder = source.payments.find(({ overpaymentId }) => overpaymentId === credit?.id);
    if (credit?.creditType !== 'overpayment' || !holder) return keyOf('credit', payment.creditId ?? '');
    return keyOf('payment', holder.id);
  }

  function judgeInvoice(invoice: LedgerInvoice): void {
    const document = `invoice/${invoice.id}`;
    const copies = invoicesBy.get(keyOf('invoice', invoice.id)) ?? [];
    if (!take('invoice', invoice.id)) return noDouble(document, copies);
    const copy = single(document, copies, invoice.state !== 'deleted');
    if (!copy) return;
    const { currency } = invoice;
    if (copy.currency !== currency) return equal(document, 'currency', currency, copy.currency);
    equal(document, 'account', accountOf(invoice), copy.customer);
    equal(document, 'total', invoice.total, copy.total);
    equal(document, 'state', invoice.state, copy.state);
    equal(document, 'date', invoice.issuedOn, copy.issuedOn);
    equal(document, 'due date', invoice.dueOn, copy.dueOn);
    const settled = settlementsOf(invoice);
    const applied = (destination.applications ?? []).filter(({ toNumber }) => toNumber === copy.number);
    const found = new Map<string, bigint>();
    for (const { fromNumber, amount } of applied) {
      const from = referenceOfFunds.get(fromNumber) ?? fromNumber;
      found.set(from, (found.get(from) ?? 0n) + minor(amount, currency));
    }
    for (const from of new Set([...settled.keys(), ...found.keys()])) {
      const [wanted, there] = [settled.get(from) ?? 0n, found.get(from) ?? 0n];
      if (wanted !== there)
        say(
          'wrong',
          document,
          `${text(there, currency)} of ${from} applied instead of ${text(wanted, currency)}`,
        );
    }
    const paid = [...settled.values()].reduce((sum, amount) => sum + amount, 0n);
    const outstanding = minor(invoice.total, currency) - paid;
    if (invoice.state === 'posted')
      equal(document, 'outstanding', text(outstanding, currency), copy.outstanding);
    add(currency, 'invoiced', minor(invoice.total, currency), minor(copy.total, copy.currency));
    if (invoice.state === 'posted')
      add(currency, 'outstanding', outstanding, minor(copy.outstanding, copy.currency));
  }

  function judgePayment(payment: LedgerPayment): void {
    const document = `payment/${payment.id}`;
    const copies = paymentsBy.get(keyOf('payment', payment.id)) ?? [];
    if (!take('payment', payment.id)) return noDouble(document, copies);
    const { currency } = payment;
    const own = payment.state === 'live' ? minor(payment.amount, currency) : 0n;
    // What the same cash left over outlives the payment.
    const rest = creditsById.get(payment.overpaymentId ?? '');
    const cash = own + (rest?.state === 'live' ? minor(rest.amount, currency) : 0n);
    const isCash = payment.fromCredit !== true && cash > 0n;
    const copy = single(document, copies, isCash);
    if (!copy) return;
    if (copy.currency !== currency) return equal(document, 'currency', currency, copy.currency);
    const received = minor(copy.amount, currency) - minor(copy.refunded ?? '0', currency);
    equal(document, 'account', accountOf(payment), copy.customer);
    equal(document, 'cash', text(cash, currency), text(received, currency));
    equal(document, 'date', payment.paidOn, copy.paidOn);
    add(currency, 'received', cash, received);
  }

  function judgeCredit(credit: LedgerCredit): void {
    const document = `credit/${credit.id}`;
    const key = keyOf('credit', credit.id);
    const memos = memosBy.get(key) ?? [];
    const cash = paymentsBy.get(key) ?? [];
    if (!take('credit', credit.id)) return noDouble(document, [...memos, ...cash]);
    const isWanted = credit.state === 'live' && credit.creditType !== 'overpayment';
    const copy = single<LedgerCredit | LedgerPayment>(document, [...memos, ...cash], isWanted);
    if (!copy) return;
    if (copy.currency !== credit.currency) return equal(document, 'currency', credit.currency, copy.currency);
    equal(document, 'amount', credit.amount, copy.amount);
    equal(
      document,
      'form',
      credit.creditType === 'prepayment' ? 'payment' : 'memo',
      cash.length > 0 ? 'payment' : 'memo',
    );
    if (cash.length > 0) {
      const amount = minor(credit.amount, credit.currency);
      add(credit.currency, 'received', amount, minor(copy.amount, copy.currency));
    }
  }

  function noDouble(document: string, copies: readonly { number: string }[]): void {
    if (copies.length > 1) say('doubled', document, copies.map(({ number }) => number).join(', '));
  }

  /** An amount that its currency cannot have is wrong, and no reason to judge nothing else. */
  function judging<D extends { id: string }>(kind: Kind, document: D, judge: (document: D) => void): void {
    try {
      judge(document);
    } catch (error) {
      if (!(error instanceof MoneyError)) throw error;
      say('wrong', `${kind}/${document.id}`, error.message);
    }
  }

  return {
    judging,
    judgeInvoice,
    judgePayment,
    judgeCredit,
    /** Whatever lives in the destination and belongs to nothing in the source. */
    judgeStrangers(): void {
      const strange = (kind: Kind, rows: ReadonlyMap<string, readonly { number: string }[]>) => {
        for (const [reference, found] of rows)
          if (reference !== '' && !expectedKeys.has(reference))
            say(
              'doubled',
              kind,
              `${found.map(({ number }) => number).join(', ')} has no original (${reference})`,
            );
      };
      strange('invoice', invoicesBy);
      strange('payment', paymentsBy);
      strange('credit', memosBy);
    },
    close(): Audit {
      const shown = [...sums].map(([currency, figures]) => {
        const pair = ([original, copy]: [bigint, bigint]) => ({
          source: text(original, currency),
          destination: text(copy, currency),
        });
        const { invoiced, outstanding, received } = figures;
        return [
          currency,
          { invoiced: pair(invoiced), outstanding: pair(outstanding), received: pair(received) },
        ] as const;
      });
      const documents = source.invoices.length + source.payments.length + (source.credits ?? []).length;
      return { findings, parked, documents, sums: Object.fromEntries(shown) };
    },
  };
}

/** Who waits for another record is excused as long as that one is. */
function isAllowed(document: string, standings: ReadonlyMap<string, Standing>, depth = 0): boolean {
  const standing = standings.get(document);
  if (standing?.state !== 'parked' || !ALLOWED_REASONS.has(standing.code) || depth > MOST_IN_A_CHAIN)
    return false;
  return standing.waitsFor === undefined || isAllowed(standing.waitsFor, standings, depth + 1);
}

function isAlive({ state }: LedgerInvoice): boolean {
  return !DEAD_INVOICES.has(state);
}

function minor(amount: string, currency: string): bigint {
  return parseMoney(amount, currency).amountMinor;
}

function text(amountMinor: bigint, currency: string): string {
  const money: Minor = { currency, amountMinor };
  return formatMoney(money);
}

function groupBy<D>(rows: readonly D[], key: (row: D) => string): Map<string, D[]> {
  const groups = new Map<string, D[]>();
  for (const row of rows) {
    const known = groups.get(key(row));
    if (known) known.push(row);
    else groups.set(key(row), [row]);
  }
  return groups;
}
