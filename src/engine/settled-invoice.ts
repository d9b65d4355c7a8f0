/** The invoice that a payment settles, as its posted copy stands now; brought first where it is not there yet (P3, P4). */
import type { CanonicalPayment } from '../core/canonical.ts';
import type { CopyState } from '../core/ports.ts';
import { loadDocument, type Reason, type SyncDocument } from '../store/documents.ts';
import { findLink, type Link } from '../store/links.ts';
import { ensureDocument } from './accounts.ts';
import { readCopy } from './bring.ts';
import { acceptEvents } from './intake.ts';
import { type LaneWork, wake } from './lane-work.ts';
import { isLiving } from './plan/plan.ts';

export type SyncOther = (document: SyncDocument) => Promise<void>;

/** `invoice` is undefined where the source has none any more: the cash then settles nothing (X3). */
export type InvoiceFound = { ok: true; invoice: CopyState | undefined } | { ok: false; reason: Reason };

/** Reasons for which an invoice has no copy and is not to have one. */
const NO_COPY_WANTED: ReadonlySet<string> = new Set(['deleted-before-copy', 'removed']);

export async function freshInvoice(
  work: LaneWork,
  payment: CanonicalPayment,
  paymentLink: Link | undefined,
  sync: SyncOther,
): Promise<InvoiceFound> {
  const key = {
    connectionId: work.open.connection.id,
    kind: 'invoice' as const,
    sourceId: payment.invoiceId,
  };
  const before = await findLink(work.parts.db, key);
  const known = toCopy(before);
  const isFirst = !isLiving(paymentLink);
  if (known && isFirst && hasRoom(known, payment)) return { ok: true, invoice: known };
  // Not there, not confirmed, without room, or in another currency: what is known of it may be old.
  const document = await ensureDocument(work, 'invoice', payment.invoiceId);
  if (!known || isFirst) await lookAgain(work, document, payment, sync);
  let copy = await readLinked(work, key);
  // It is asked about, or made anew, only when it is looked at itself.
  if (!copy && known && !isFirst) {
    const event = { ...key, origin: 'reconciliation', topic: 'its copy was not found' } as const;
    await work.parts.db.transaction().execute((tx) => acceptEvents(work.parts, tx, [event]));
    await sync(document);
    copy = await readLinked(work, key);
  }
  const now = await loadDocument(work.parts.db, document.id);
  if (copy?.stage === 'posted' && (now.state !== 'parked' || !isFirst)) return { ok: true, invoice: copy };
  if (now.state !== 'parked' && NO_COPY_WANTED.has(now.reason?.code ?? ''))
    return { ok: true, invoice: undefined };
  return { ok: false, reason: waitsFor(now) };
}

async function readLinked(
  work: LaneWork,
  key: Parameters<typeof findLink>[1],
): Promise<CopyState | undefined> {
  const link = await findLink(work.parts.db, key);
  return link && isLiving(link) ? readCopy(work, 'invoice', link.counterpart) : undefined;
}

function hasRoom({ balance }: CopyState, { amount }: CanonicalPayment): boolean {
  return balance.currency === amount.currency && balance.amountMinor >= amount.amountMinor;
}

async function lookAgain(
  work: LaneWork,
  document: SyncDocument,
  payment: CanonicalPayment,
  sync: SyncOther,
): Promise<void> {
  const topic = `paid by payment ${payment.sourceId}`;
  await work.parts.db.transaction().execute((tx) => wake(work, tx, [document], topic));
  await sync(document);
}

/** What was confirmed last, unless steps were taken since. */
function toCopy(link: Link | undefined): CopyState | undefined {
  const { confirmed, copied, counterpart, currency } = link ?? {};
  if (!link || link.touched || !confirmed || !counterpart || currency === undefined) return undefined;
  if (link.stage !== 'posted' || copied?.account === undefined) return undefined;
  const amount = (minor: string) => ({ currency, amountMinor: BigInt(minor) });
  return {
    counterpart,
    accountId: copied.account.id,
    stage: 'posted',
    amount: amount(confirmed.amountMinor),
    balance: amount(confirmed.balanceMinor),
    refunded: amount('0'),
    date: confirmed.date,
    ...(copied.bookedOn === undefined ? {} : { issuedOn: copied.bookedOn }),
    comment: '',
    applied: [],
    raw: null,
  };
}

function waitsFor(invoice: SyncDocument): Reason {
  return {
    code: 'waits-for-invoice',
    message: `Its invoice ${invoice.label || invoice.sourceId} is not in the destination${invoice.reason ? `: ${invoice.reason.message}` : ' as a posted invoice.'}`,
    wayOut: 'Settle the invoice; this record then goes on by itself.',
    waitsFor: invoice.id,
  };
}

/** Debit memos beside the payment's invoice: what a raise of the posted invoice has added (E11). */
export async function debitsOf(work: LaneWork, payment: CanonicalPayment): Promise<CopyState[]> {
  const { db } = work.parts;
  const connectionId = work.open.connection.id;
  const link = await findLink(db, { connectionId, kind: 'invoice', sourceId: payment.invoiceId });
  const debits: CopyState[] = [];
  for (const { amountMinor, ...memo } of link?.copied.adjustments ?? []) {
    const copy = BigInt(amountMinor) > 0n ? await readCopy(work, 'debit', memo) : undefined;
    if (copy?.stage === 'posted') debits.push(copy);
  }
  return debits;
}
