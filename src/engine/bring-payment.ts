/** A payment, from what the source says now to an end state; it brings its invoice along (P3, P4). */
import type { CanonicalPayment } from '../core/canonical.ts';
import { zeroMoney } from '../core/money.ts';
import type { CopyState } from '../core/ports.ts';
import type { Counterpart } from '../core/steps.ts';
import { findDocument, type Reason, type SyncDocument } from '../store/documents.ts';
import {
  confirmLink,
  findLink,
  type Link,
  listLinks,
  listPaymentLinksFrom,
  saveLink,
} from '../store/links.ts';
import { ensureAccount } from './accounts.ts';
import {
  differs,
  type End,
  isSettled,
  keyOf,
  type Look,
  linkOf,
  noteConfirmation,
  notePlan,
  noteRemoved,
  nowFor,
  parked,
  readCopy,
  readOwnCopy,
  synced,
  takeSteps,
  tellLinked,
  tellLinkedIn,
  toConfirmed,
  waitUntilSeen,
} from './bring.ts';
import { bringFromCredit } from './bring-from-credit.ts';
import { differencesOfPayment } from './confirm.ts';
import { fenced, fencedAt, type LaneWork } from './lane-work.ts';
import {
  copiedPayment,
  couldSettleMore,
  type PaymentSituation,
  paymentFingerprint,
  planPayment,
  type Rest,
} from './plan/payment.ts';
import { isLiving } from './plan/plan.ts';
import { readCanonical } from './read-canonical.ts';
import { recallCopy } from './recall.ts';
import { debitsOf, freshInvoice, type InvoiceFound, type SyncOther } from './settled-invoice.ts';

/** A payment that was there already is planned from once more. */
const ROUNDS = 2;

export async function bringPayment(
  work: LaneWork,
  document: SyncDocument,
  payment: CanonicalPayment,
  look: Look,
  sync: SyncOther,
): Promise<End> {
  const link = await linkOf(work, document);
  if (isSettled(document, link, paymentFingerprint(payment), look))
    return { state: 'synced', reason: document.reason };
  if (payment.fromCredit) return bringFromCredit(work, document, payment, link, sync);
  for (let round = 1; ; round += 1) {
    const survey = await surveyPayment(work, document, payment, await linkOf(work, document), sync);
    if ('reason' in survey) return parked(survey.reason);
    const plan = planPayment(survey);
    await notePlan(work, document, plan);
    if (plan.do === 'park') {
      if (plan.steps) await leaveInvoice(work, survey);
      const due = await takeSteps(work, document, plan.steps ?? []);
      return parked(due.ok ? await withInvoice(work, payment, plan.reason) : due.reason);
    }
    if (plan.do === 'ignore') {
      if (
        plan.reason.code === 'deleted-before-copy' &&
        !survey.link &&
        (await recall(work, document, survey))
      )
        continue;
      await noteRemoved(work, survey.link, survey.copy);
      return { state: 'ignored', reason: plan.reason };
    }
    const taken = await takeSteps(work, document, plan.steps);
    if (!taken.ok) return parked(taken.reason);
    if (!taken.found || round === ROUNDS) return confirmPayment(work, document, survey, plan.notes);
  }
}

/** Before anything comes off: what is paid out of its rest must not put it back as the payment's own part (P6). */
async function leaveInvoice(work: LaneWork, { payment, link }: PaymentSituation): Promise<void> {
  if (!link) return;
  const copied = { ...link.copied, invoiceSourceId: payment.invoiceId };
  await fenced(work, (tx) => saveLink(tx, { ...link, copied }, nowFor(work)));
}

function recall(
  work: LaneWork,
  document: SyncDocument,
  { payment, externalKey, account }: PaymentSituation,
): Promise<boolean> {
  const { amount, paidOn: bookedOn } = payment;
  return recallCopy(work, document, {
    kind: 'create-payment',
    payment,
    account,
    externalKey,
    amount,
    apply: [],
    bookedOn,
  });
}

/** A change of the invoice may settle it: the payment is looked at again then. */
async function withInvoice(work: LaneWork, payment: CanonicalPayment, reason: Reason): Promise<Reason> {
  if (reason.code !== 'other-currency') return reason;
  const { id: connectionId } = work.open.connection;
  const invoice = await findDocument(work.parts.db, connectionId, 'invoice', payment.invoiceId);
  return invoice ? { ...reason, waitsFor: invoice.id } : reason;
}

async function surveyPayment(
  work: LaneWork,
  document: SyncDocument,
  payment: CanonicalPayment,
  link: Link | undefined,
  sync: SyncOther,
): Promise<PaymentSituation | { reason: Reason }> {
  const { destination, connection } = work.open;
  const isGone = payment.visibility === 'deleted' || payment.amount.amountMinor <= 0n;
  const found: InvoiceFound = isGone
    ? { ok: true, invoice: undefined }
    : await freshInvoice(work, payment, link, sync);
  if (!found.ok && !isLiving(link)) return { reason: found.reason };
  const invoice = found.ok ? found.invoice : undefined;
  const rest = await restOf(work, payment);
  if ('reason' in rest) return rest;
  const holdsNothing = isGone && rest.amount.amountMinor === 0n;
  const stays = !found.ok || holdsNothing;
  const account = stays ? undefined : await accountFor(work, payment, invoice);
  if (account && !account.ok) return { reason: account.reason };
  const copy = await readOwnCopy(work, document, 'payment', link);
  return {
    payment,
    externalKey: keyOf(work, document),
    policies: connection.policies,
    facts: await destination.facts(),
    decisions: document.decisions,
    link,
    copy,
    refunds:
      link && copy && copy.refunded.amountMinor > 0n ? await destination.listRefunds(link.counterpart) : [],
    invoice,
    waits: found.ok ? undefined : found.reason,
    debits: invoice ? await debitsOf(work, payment) : [],
    rest,
    claims: payment.overpaymentId ? await claimsOn(work, payment.overpaymentId) : new Map(),
    account: account?.account ?? { id: '', number: '' },
  };
}

/** The invoice's account where there is an invoice: an older one stays where it was booked (K10). */
async function accountFor(work: LaneWork, payment: CanonicalPayment, invoice: CopyState | undefined) {
  if (!invoice) return ensureAccount(work, payment.clientId, payment.amount.currency);
  const key = { connectionId: work.open.connection.id, kind: 'client' as const, sourceId: payment.clientId };
  const links = await listLinks(work.parts.db, key);
  const known = links.find(({ counterpart }) => counterpart.id === invoice.accountId);
  return { ok: true as const, account: known?.counterpart ?? { id: invoice.accountId, number: '' } };
}

/** P5: of the cash received, what the source keeps as a credit. */
async function restOf(work: LaneWork, payment: CanonicalPayment): Promise<Rest | { reason: Reason }> {
  const { clientId, overpaymentId } = payment;
  const nothing = { amount: zeroMoney(payment.amount.currency), clientId };
  if (!overpaymentId) return nothing;
  const credit = await readCanonical(work, 'credit', overpaymentId);
  if (credit?.kind === 'credit' && credit.amount.currency === payment.amount.currency)
    return credit.visibility === 'deleted' ? nothing : { amount: credit.amount, clientId: credit.clientId };
  return {
    reason: {
      code: 'overpayment-unknown',
      message: `The payment is part of a larger amount of cash, but the source does not tell how much: credit ${overpaymentId} cannot be read.`,
      wayOut: 'Check the credit in the source, then replay the record.',
    },
  };
}

/** What other payments take out of the credit that this payment left over, by the invoice's id in the destination. */
async function claimsOn(work: LaneWork, creditId: string): Promise<ReadonlyMap<string, bigint>> {
  const { db } = work.parts;
  const connectionId = work.open.connection.id;
  const claims = new Map<string, bigint>();
  for (const { copied, stage } of await listPaymentLinksFrom(db, connectionId, creditId)) {
    const sourceId = copied.invoiceSourceId ?? '';
    const invoice = await findLink(db, { connectionId, kind: 'invoice', sourceId });
    if (!invoice || !isLiving(invoice) || !isLiving({ stage })) continue;
    const sum = claims.get(invoice.counterpart.id) ?? 0n;
    claims.set(invoice.counterpart.id, sum + BigInt(copied.amountMinor ?? '0'));
  }
  return claims;
}

/** I4: amount, date, stage, what is applied to what, and what is left. */
async function confirmPayment(
  work: LaneWork,
  document: SyncDocument,
  situation: PaymentSituation,
  notes: readonly string[],
): Promise<End> {
  const { payment } = situation;
  const link = await linkOf(work, document);
  if (!link) throw new Error(`payment ${payment.sourceId} was delivered but has no link`);
  const copy = await readCopy(work, 'payment', link.counterpart);
  if (!copy)
    return parked(differs(work, link.counterpart, [{ name: 'copy', source: 'there', destination: 'gone' }]));
  const isGone = !isLiving(link);
  const differences = differencesOfPayment(situation, link, copy);
  if (isGone) await waitUntilSeen(work, document, link.counterpart, differences);
  const invoice = situation.invoice && (await readCopy(work, 'invoice', situation.invoice.counterpart));
  await fencedAt(work, 'confirmation', async (tx) => {
    if (differences.length === 0 && !isGone) {
      const copied = copiedPayment(payment, link.copied, copy.date);
      await confirmLink(tx, link, toConfirmed(copy), nowFor(work), {
        fingerprint: paymentFingerprint(payment),
        copied,
      });
      await holdRest(work, tx, situation, link.counterpart);
    }
    if (invoice) await confirmInvoiceOf(work, tx, payment, invoice);
    // Another lane has made room since the plan was made, and did not know of this payment yet.
    if (!isGone && couldSettleMore({ ...situation, invoice, copy }))
      await tellLinkedIn(work, tx, [link], 'its invoice has room again');
    await noteConfirmation(work, tx, document, differences, copy.raw);
  });
  if (differences.length > 0) return parked(differs(work, link.counterpart, differences));
  await tellCredit(work, payment);
  if (!isGone) return synced(notes);
  return {
    state: 'synced',
    reason: { code: 'removed', message: `${link.counterpart.number} is cancelled.` },
  };
}

/** What was just applied has moved the invoice's balance; nothing else of it is confirmed by this. */
async function confirmInvoiceOf(
  work: LaneWork,
  tx: LaneWork['parts']['db'],
  payment: CanonicalPayment,
  copy: CopyState,
): Promise<void> {
  const key = {
    connectionId: work.open.connection.id,
    kind: 'invoice' as const,
    sourceId: payment.invoiceId,
  };
  const link = await findLink(tx, key);
  const isAsBefore =
    link?.confirmed?.amountMinor === copy.amount.amountMinor.toString() &&
    link.confirmed.date === copy.date &&
    link.confirmed.stage === copy.stage;
  if (link && isAsBefore) await confirmLink(tx, link, toConfirmed(copy), nowFor(work));
}

/** The credit that holds the rest of the cash is, in the destination, this very payment. */
async function holdRest(
  work: LaneWork,
  tx: LaneWork['parts']['db'],
  { payment, rest }: PaymentSituation,
  counterpart: Counterpart,
): Promise<void> {
  if (!payment.overpaymentId) return;
  const connectionId = work.open.connection.id;
  const sourceId = payment.overpaymentId;
  const before = await findLink(tx, { connectionId, kind: 'credit', sourceId });
  const amountMinor = rest.amount.amountMinor.toString();
  if (before?.counterpart.id === counterpart.id && before.copied.amountMinor === amountMinor) return;
  const { currency } = rest.amount;
  const copied = { clientId: rest.clientId, method: 'rest', amountMinor };
  const held = { currency, counterpart, stage: 'posted', fingerprint: '', copied, generation: 0 };
  await saveLink(tx, { connectionId, kind: 'credit', sourceId, ...held }, nowFor(work));
}

/** The credit's own record, and what is paid out of it, look at the payment that holds it now. */
async function tellCredit(work: LaneWork, payment: CanonicalPayment): Promise<void> {
  if (!payment.overpaymentId) return;
  const { db } = work.parts;
  const connectionId = work.open.connection.id;
  const document = await findDocument(db, connectionId, 'credit', payment.overpaymentId);
  const credit = await findLink(db, { connectionId, kind: 'credit', sourceId: payment.overpaymentId });
  if (document?.state === 'parked' && credit)
    await tellLinked(work, [credit], `held by payment ${payment.sourceId}`);
}
