/** What the destination's own ledger holds for the clients of one case, in lines that are the same for every case. */
import type { Ledger } from '../../src/core/ledger.ts';
import type { Standing } from '../../src/prove/auditor.ts';

export type Books = { ledger: Ledger; standings: ReadonlyMap<string, Standing> };

const DOCUMENT = /(client|invoice|payment|credit)[-/](\d+)/;
const DOCUMENTS = new RegExp(DOCUMENT, 'g');

/** `prefix` begins the number of every account that was made for a client: "FB-abc-client-". */
export function linesOf({ ledger, standings }: Books, prefix: string, clients: readonly number[]): string[] {
  const isOurs = (account: string) => clients.some((client) => account.startsWith(`${prefix}${client}-`));
  const invoices = ledger.invoices.filter(({ customer }) => isOurs(customer));
  const payments = ledger.payments.filter(({ customer }) => isOurs(customer));
  const credits = (ledger.credits ?? []).filter(({ customer }) => isOurs(customer));
  const debits = (ledger.debits ?? []).filter(({ customer }) => isOurs(customer));
  const nameOf = new Map(
    [...invoices, ...payments, ...credits, ...debits].map(({ number, reference }) => [number, reference]),
  );
  const settled = (from: string) =>
    (ledger.applications ?? [])
      .filter(({ fromNumber }) => fromNumber === from)
      .map(({ amount, toNumber }) => `${amount} on ${nameOf.get(toNumber)}`)
      .toSorted();
  const lines = [
    ...ledger.customers
      .filter(({ number }) => isOurs(number))
      .map(({ number, name, email }) => `account ${number} ${named(name)} ${named(email)}`),
    ...invoices.map((one) => {
      const suffix = /-R\d+/.exec(one.number)?.[0] ?? '';
      return `copy ${one.reference}${suffix} ${one.state} ${one.total} ${one.currency} owes ${one.outstanding}, ${one.issuedOn}, due ${one.dueOn}`;
    }),
    ...payments.map(
      ({ number, reference, state, amount, unapplied, refunded, paidOn }) =>
        `cash ${reference} ${state} ${amount}, free ${unapplied}, refunded ${refunded}, ${paidOn}: ${settled(number)}`,
    ),
    ...credits.map(
      ({ number, reference, state, amount, unapplied }) =>
        `credit memo ${reference} ${state} ${amount}, free ${unapplied}: ${settled(number)}`,
    ),
    ...debits.map(
      ({ reference, state, amount, outstanding }) =>
        `debit memo ${reference} ${state} ${amount} owes ${outstanding}`,
    ),
    ...(ledger.refunds ?? [])
      .filter(({ paymentNumber }) => nameOf.has(paymentNumber))
      .map(({ reference, amount, state }) => `refund ${reference} ${state} ${amount}`),
  ];
  return renumbered([...lines, ...standingsOf(lines, standings)]).toSorted();
}

/** Clients of the scenarios differ in a number only. */
function named(text: string): string {
  return text.replace(/\d+/, '#');
}

/** Of the documents that the ledger knows: only whether a person is asked, or something is left undone. */
function standingsOf(lines: readonly string[], standings: ReadonlyMap<string, Standing>): string[] {
  const documents = new Set(
    lines.flatMap((line) => [...line.matchAll(DOCUMENTS)].map(([, kind, id]) => `${kind}/${id}`)),
  );
  return [...documents].map((document) => {
    const { state, code } = standings.get(document) ?? { state: 'unknown', code: '' };
    if (state === 'synced' || state === 'ignored') return `${document} is settled`;
    return `${document} is ${state} ${code}`;
  });
}

/** Ids in the order in which they were given. */
function renumbered(lines: readonly string[]): string[] {
  const ids = new Map<string, number[]>();
  for (const line of lines)
    for (const [, kind = '', id] of line.matchAll(DOCUMENTS)) {
      const known = ids.get(kind) ?? [];
      ids.set(
        kind,
        [...new Set([...known, Number(id)])].toSorted((a, b) => a - b),
      );
    }
  return lines.map((line) =>
    line.replace(
      DOCUMENTS,
      (_, kind: string, id: string) => `${kind} ${1 + (ids.get(kind)?.indexOf(Number(id)) ?? 0)}`,
    ),
  );
}

/** Lines that are missing, and lines that are there though they should not be. */
export function differencesOf(wanted: readonly string[], found: readonly string[]) {
  const less = (lines: readonly string[], others: readonly string[]) => {
    const left = [...others];
    return lines.filter((line) => {
      const index = left.indexOf(line);
      if (index >= 0) left.splice(index, 1);
      return index < 0;
    });
  };
  return { missing: less(wanted, found), extra: less(found, wanted) };
}
