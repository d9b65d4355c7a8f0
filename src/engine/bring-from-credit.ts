/** A payment out of a credit: no new cash; the credit's copy is applied to the invoice (P6, C3). */
import type { CanonicalPayment } from '../core/canonical.ts';
import type { CopyState } from '../core/ports.ts';
import type { Counterpart } from '../core/steps.ts';
import { loadDocument, type Reason, type SyncDocument } from '../store/documents.ts';
import {
  confirmLink,
  findLink,
  type Link,
  listPaymentLinksFrom,
  listPaymentLinksWithRestIn,
  saveLink,
} from '../store/links.ts';
import { ensureDocument } from './accounts.ts';
import {
  differs,
  type End,
  noteConfirmation,
  notePlan,
  nowFor,
  parked,
  readCopy,
  synced,
  takeSteps,
  tellLinkedIn,
  toConfirmed,
} from './bring.ts';
import { fenced, fencedAt, type LaneWork } from './lane-work.ts';
import {
  couldTakeMore,
  type FromCreditSituation,
  planFromCredit,
  wantedOfCredit,
} from './plan/from-credit.ts';
import { appliedTo, copiedPayment, notToBeCopied, paymentFingerprint } from './plan/payment.ts';
import { isLiving, show } from './plan/plan.ts';
import { debitsOf, freshInvoice, type SyncOther } from './settled-invoice.ts';

export async function bringFromCredit(
  work: LaneWork,
  document: SyncDocument,
  payment: CanonicalPayment,
  link: Link | undefined,
  sync: SyncOther,
): Promise<End> {
  const without = notToBeCopied(payment, document.decisions);
  if (without && !link) return { state: 'ignored', reason: without };
  const held = await holderOf(work, payment, link, sync);
  if ('reason' in held)
    return without && held.isOver ? { state: 'synced', reason: GONE } : parked(held.reason);
  const found = await freshInvoice(work, payment, link, sync);
  if (!found.ok && !without) return parked(found.reason);
  const invoice = found.ok ? found.invoice : undefined;
  const situation: FromCreditSituation = {
    payment,
    decisions: document.decisions,
    facts: await work.open.destination.facts(),
    link,
    credit: held.credit,
    holder: held.link.copied.method === 'memo' ? 'credit' : 'payment',
    invoice,
    debits: invoice ? await debitsOf(work, payment) : [],
    before: await invoiceBefore(work, payment, link),
    others: await claimedByOthers(work, payment),
  };
  const plan = planFromCredit(situation);
  await notePlan(work, document, plan);
  if (plan.do === 'park') return parked(plan.reason);
  if (plan.do === 'ignore') return { state: 'ignored', reason: plan.reason };
  await remember(work, document, payment, held.link, invoice);
  const taken = await takeSteps(work, document, plan.steps);
  if (!taken.ok) return parked(taken.reason);
  return confirm(work, document, situation, held.link, plan.notes);
}

/** `isOver`: the credit has come to its end without a copy, so nothing is paid out of it. */
type Holder = { link: Link; credit: CopyState } | { reason: Reason; isOver: boolean };

/** The credit's copy: a memo, or a payment with an unapplied rest. */
async function holderOf(
  work: LaneWork,
  payment: CanonicalPayment,
  link: Link | undefined,
  sync: SyncOther,
): Promise<Holder> {
  const creditId = payment.creditId ?? link?.copied.creditSourceId;
  if (creditId === undefined) return { reason: CREDIT_NOT_TOLD, isOver: false };
  const key = { connectionId: work.open.connection.id, kind: 'credit' as const, sourceId: creditId };
  let held = await findLink(work.parts.db, key);
  const document = await ensureDocument(work, 'credit', creditId);
  if (!held || !isLiving(held) || held.touched) {
    await sync(document);
    held = await findLink(work.parts.db, key);
  }
  const kind = held?.copied.method === 'memo' ? 'credit' : 'payment';
  const credit = held && isLiving(held) ? await readCopy(work, kind, held.counterpart) : undefined;
  if (held && credit) return { link: held, credit };
  const now = await loadDocument(work.parts.db, document.id);
  return {
    isOver: now.state === 'synced' || now.state === 'ignored',
    reason: {
      code: 'waits-for-credit',
      message: `It is paid out of credit ${now.label || creditId}, which is not in the destination${now.reason ? `: ${now.reason.message}` : '.'}`,
      wayOut: 'Settle the credit; this record then goes on by itself.',
      waitsFor: now.id,
    },
  };
}

const GONE: Reason = { code: 'removed', message: 'Nothing is paid out of its credit, which is gone, too.' };

const CREDIT_NOT_TOLD: Reason = {
  code: 'credit-unknown',
  message: 'Paid out of a credit, but the source does not tell which one.',
  wayOut: 'Apply the credit by hand in the destination, and leave this record out here.',
  choices: [{ choice: 'leave-out', label: 'Leave it out', explains: 'The record is not copied.' }],
};

/** Where it was applied before, if that was another invoice. */
async function invoiceBefore(
  work: LaneWork,
  payment: CanonicalPayment,
  link: Link | undefined,
): Promise<Counterpart | undefined> {
  const sourceId = link?.copied.invoiceSourceId;
  if (sourceId === undefined || sourceId === payment.invoiceId) return undefined;
  const invoice = await findLink(work.parts.db, {
    connectionId: work.open.connection.id,
    kind: 'invoice',
    sourceId,
  });
  return invoice?.counterpart;
}

/** By the invoice's id in the destination: other payments out of the credit, and the payment that it is the rest of. */
async function claimedByOthers(work: LaneWork, payment: CanonicalPayment): Promise<Map<string, bigint>> {
  const { db } = work.parts;
  const connectionId = work.open.connection.id;
  const creditId = payment.creditId ?? '';
  const claims = [
    ...(await listPaymentLinksFrom(db, connectionId, creditId)),
    ...(await listPaymentLinksWithRestIn(db, connectionId, creditId)),
  ];
  const claimed = new Map<string, bigint>();
  for (const other of claims) {
    if (other.sourceId === payment.sourceId || !isLiving(other)) continue;
    const sourceId = other.copied.invoiceSourceId ?? '';
    const invoice = await findLink(db, { connectionId, kind: 'invoice', sourceId });
    if (!invoice) continue;
    const sum = claimed.get(invoice.counterpart.id) ?? 0n;
    claimed.set(invoice.counterpart.id, sum + BigInt(other.copied.amountMinor ?? '0'));
  }
  return claimed;
}

/** Before the first step: whoever looks at the credit from now on knows what this payment takes out of it. */
async function remember(
  work: LaneWork,
  document: SyncDocument,
  payment: CanonicalPayment,
  held: Link,
  invoice: CopyState | undefined,
): Promise<void> {
  const { connectionId, kind, sourceId } = document;
  const isGone = notToBeCopied(payment, document.decisions) !== undefined;
  const before = await findLink(work.parts.db, { connectionId, kind, sourceId });
  const link = {
    connectionId,
    kind,
    sourceId,
    currency: payment.amount.currency,
    // The credit's copy may settle many invoices: each part has an id of its own.
    counterpart: { id: `${held.counterpart.id}/${sourceId}`, number: held.counterpart.number },
    stage: isGone ? 'cancelled' : 'posted',
    fingerprint: '',
    copied: copiedPayment(payment, before?.copied ?? {}, invoice?.issuedOn),
    generation: 0,
  };
  await fenced(work, (tx) => saveLink(tx, link, nowFor(work)));
}

async function confirm(
  work: LaneWork,
  document: SyncDocument,
  situation: FromCreditSituation,
  held: Link,
  notes: readonly string[],
): Promise<End> {
  const { payment, holder, invoice, decisions } = situation;
  const copy = await readCopy(work, holder, held.counterpart);
  if (!copy)
    return parked(
      differs(work, held.counterpart, [{ name: 'credit', source: 'there', destination: 'gone' }]),
    );
  const isGone = notToBeCopied(payment, decisions) !== undefined;
  const minor = (amountMinor: bigint) => ({ currency: payment.amount.currency, amountMinor });
  const wants = wantedOfCredit(situation);
  const applied = minor([...wants.keys()].reduce((sum, id) => sum + appliedTo(id, copy), 0n));
  const wanted = minor([...wants.values()].reduce((sum, part) => sum + part, 0n));
  const differences =
    applied.amountMinor === wanted.amountMinor
      ? []
      : [{ name: 'applied to the invoice', source: show(wanted), destination: show(applied) }];
  const { connectionId, kind, sourceId } = document;
  const link = await findLink(work.parts.db, { connectionId, kind, sourceId });
  const paid = invoice && (await readCopy(work, 'invoice', invoice.counterpart));
  await fencedAt(work, 'confirmation', async (tx) => {
    if (differences.length === 0 && link) {
      const stage = isGone ? 'cancelled' : 'posted';
      const written = { fingerprint: paymentFingerprint(payment), copied: link.copied };
      await confirmLink(tx, link, { ...toConfirmed(copy), stage }, nowFor(work), written);
      await confirmLink(tx, held, toConfirmed(copy), nowFor(work));
    }
    const invoiceLink = await findLink(tx, { connectionId, kind: 'invoice', sourceId: payment.invoiceId });
    if (paid && invoiceLink?.confirmed) await confirmLink(tx, invoiceLink, toConfirmed(paid), nowFor(work));
    // Another lane has made room since the plan was made, and did not know of this payment yet.
    if (link && couldTakeMore({ ...situation, credit: copy, invoice: paid }))
      await tellLinkedIn(work, tx, [link], 'its invoice has room again');
    await noteConfirmation(work, tx, document, differences, copy.raw);
  });
  if (differences.length > 0) return parked(differs(work, held.counterpart, differences));
  return isGone ? { state: 'synced', reason: { code: 'removed', message: notes.join(' ') } } : synced(notes);
}
