/** Plans: pure decisions from what the source says now and what was last delivered to the next thing to do. */
import type { CanonicalClient, CanonicalInvoice, CanonicalPayment } from '../core/canonical.ts';
import { fingerprintOf } from '../core/json.ts';
import { formatMoney } from '../core/money.ts';
import type { Reason } from '../store/documents.ts';
import type { Link } from '../store/links.ts';

export type Decision =
  /** Bring it into the destination. */
  | { do: 'create' }
  /** The draft copy is to be posted. */
  | { do: 'post' }
  /** The copy is as it should be, as far as the last delivery tells. */
  | { do: 'nothing' }
  /** Not to be copied, for a reason that is no fault. */
  | { do: 'ignore'; reason: Reason }
  /** Ask a person. */
  | { do: 'park'; reason: Reason };

/** What of an invoice makes its copy: a change of anything else needs no step. */
export function invoiceFingerprint(invoice: CanonicalInvoice): string {
  const { number, currency, issuedOn, dueOn, lines, discountPercent, discountTotal, total, clientId } =
    invoice;
  const { notes, terms, poNumber } = invoice;
  return fingerprintOf({
    number,
    currency,
    issuedOn,
    dueOn,
    lines,
    discountPercent,
    discountTotal,
    total,
    clientId,
    notes,
    terms,
    poNumber,
  });
}

export function paymentFingerprint(payment: CanonicalPayment): string {
  const { invoiceId, amount, paidOn, method, methodLabel, note, fromCredit, overpaymentId } = payment;
  return fingerprintOf({ invoiceId, amount, paidOn, method, methodLabel, note, fromCredit, overpaymentId });
}

export function clientFingerprint(client: CanonicalClient): string {
  const { organization, firstName, lastName, email, phone, address, vatNumber } = client;
  return fingerprintOf({ organization, firstName, lastName, email, phone, address, vatNumber });
}

export function planInvoice(invoice: CanonicalInvoice, link: Link | undefined): Decision {
  if (invoice.visibility === 'deleted') {
    return link
      ? park(UNSUPPORTED.invoiceDeleted(link))
      : ignore('deleted-before-copy', 'Deleted in the source before it was ever copied.');
  }
  if (!link) {
    if (invoice.total.amountMinor < 0n) return park(UNSUPPORTED.negativeTotal(invoice));
    return { do: 'create' };
  }
  if (link.fingerprint !== invoiceFingerprint(invoice)) return park(UNSUPPORTED.invoiceEdited(link));
  if (link.stage === 'draft' && invoice.stage === 'issued') return { do: 'post' };
  return { do: 'nothing' };
}

export function planPayment(payment: CanonicalPayment, link: Link | undefined): Decision {
  if (payment.visibility === 'deleted') {
    return link
      ? park(UNSUPPORTED.paymentDeleted(link))
      : ignore('deleted-before-copy', 'Deleted in the source before it was ever copied.');
  }
  if (!link) {
    if (payment.amount.amountMinor === 0n)
      return ignore('zero-amount', 'A payment of nothing: there is nothing to copy.');
    if (payment.amount.amountMinor < 0n) return park(UNSUPPORTED.refund(payment));
    if (payment.fromCredit) return park(UNSUPPORTED.fromCredit);
    if (payment.overpaymentId !== undefined) return park(UNSUPPORTED.overpayment);
    return { do: 'create' };
  }
  if (link.fingerprint !== paymentFingerprint(payment)) return park(UNSUPPORTED.paymentEdited(link));
  return { do: 'nothing' };
}

/** Accounts are made with a client's first invoice; `links` are the accounts there are, one for each currency. */
export function planClient(client: CanonicalClient, links: readonly Link[]): Decision {
  if (links.length === 0)
    return ignore('no-invoice-yet', 'No invoice yet: the account is made together with the first one.');
  if (client.visibility === 'deleted') return { do: 'nothing' };
  const old = links.find((link) => link.fingerprint !== clientFingerprint(client));
  return old ? park(UNSUPPORTED.clientEdited(old)) : { do: 'nothing' };
}

export function planCredit(): Decision {
  return park({
    code: 'credit-unsupported',
    message: 'Credit notes are not copied yet.',
    wayOut: 'Enter the credit by hand in the destination; the record stays here as a reminder.',
  });
}

function park(reason: Reason): Decision {
  return { do: 'park', reason };
}

function ignore(code: string, message: string): Decision {
  return { do: 'ignore', reason: { code, message } };
}

const BY_HAND =
  'Make the change by hand in the destination. Changes of copied documents are not carried over yet.';

const UNSUPPORTED = {
  invoiceEdited: (link: Link): Reason => ({
    code: 'invoice-edited',
    message: `The invoice was changed after it had been copied as ${link.counterpart.number}.`,
    wayOut: BY_HAND,
  }),
  invoiceDeleted: (link: Link): Reason => ({
    code: 'invoice-deleted',
    message: `The invoice was deleted after it had been copied as ${link.counterpart.number}.`,
    wayOut: BY_HAND,
  }),
  paymentEdited: (link: Link): Reason => ({
    code: 'payment-edited',
    message: `The payment was changed after it had been copied as ${link.counterpart.number}: an edit or a refund.`,
    wayOut: BY_HAND,
  }),
  paymentDeleted: (link: Link): Reason => ({
    code: 'payment-deleted',
    message: `The payment was deleted after it had been copied as ${link.counterpart.number}.`,
    wayOut: BY_HAND,
  }),
  clientEdited: (link: Link): Reason => ({
    code: 'client-edited',
    message: `The client was changed after account ${link.counterpart.number} had been made or found.`,
    wayOut: BY_HAND,
  }),
  negativeTotal: (invoice: CanonicalInvoice): Reason => ({
    code: 'negative-total',
    message: `The total is negative (${formatMoney(invoice.total)} ${invoice.currency}); the destination takes no negative invoices.`,
    wayOut: 'Issue a credit note instead.',
  }),
  refund: (payment: CanonicalPayment): Reason => ({
    code: 'refund-unsupported',
    message: `A negative payment (${formatMoney(payment.amount)} ${payment.amount.currency}) is a refund; refunds are not copied yet.`,
    wayOut: BY_HAND,
  }),
  fromCredit: {
    code: 'paid-from-credit',
    message: 'Paid from the client’s credit: no new cash, and credits are not copied yet.',
    wayOut: BY_HAND,
  } satisfies Reason,
  overpayment: {
    code: 'overpayment',
    message: 'Part of a larger amount of cash: overpayments are not copied yet.',
    wayOut: BY_HAND,
  } satisfies Reason,
};
