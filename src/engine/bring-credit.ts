/** A credit note, from what the source says now to an end state. */
import type { CanonicalCredit } from '../core/canonical.ts';
import { findDocument, type Reason, type SyncDocument } from '../store/documents.ts';
import { confirmLink, type Link, listPaymentLinksFrom, listPaymentLinksWithRestIn } from '../store/links.ts';
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
  toConfirmed,
  waitUntilSeen,
} from './bring.ts';
import { differencesOfCredit } from './confirm.ts';
import { fenced, type LaneWork } from './lane-work.ts';
import {
  asPayment,
  type CreditSituation,
  copiedCredit,
  creditFingerprint,
  formOf,
  planCredit,
  unknownType,
} from './plan/credit.ts';
import { isLiving, LEAVE_OUT, LEFT_OUT } from './plan/plan.ts';
import { recallCopy } from './recall.ts';

export async function bringCredit(
  work: LaneWork,
  document: SyncDocument,
  credit: CanonicalCredit,
  look: Look,
): Promise<End> {
  const form = formOf(credit);
  const isOwn = form === 'memo' || form === 'cash';
  if (document.decisions['leave-out'] && !isOwn) return { state: 'ignored', reason: LEFT_OUT };
  if (form === undefined) return parked(unknownType(credit));
  const link = await linkOf(work, document);
  if (form === 'rest') return bringRest(work, credit, link);
  if (isSettled(document, link, creditFingerprint(credit), look))
    return { state: 'synced', reason: document.reason };
  const account =
    credit.visibility === 'deleted'
      ? undefined
      : await ensureAccount(work, credit.clientId, credit.amount.currency);
  if (account && !account.ok) return parked(account.reason);
  const situation: CreditSituation = {
    credit,
    form,
    externalKey: keyOf(work, document),
    policies: work.open.connection.policies,
    facts: await work.open.destination.facts(),
    decisions: document.decisions,
    link,
    copy: await readOwnCopy(work, document, kindOf(form), link),
    account: account?.account ?? { id: '', number: '' },
    toNumber: (generation) =>
      work.open.destination.toCreditNumber({
        number: credit.number,
        externalKey: keyOf(work, document),
        generation,
      }),
  };
  return bring(work, document, situation);
}

async function bring(work: LaneWork, document: SyncDocument, situation: CreditSituation): Promise<End> {
  const { credit, form } = situation;
  const plan = planCredit(situation);
  await notePlan(work, document, plan);
  if (plan.do === 'park') return parked(plan.reason);
  if (plan.do === 'ignore') {
    if (plan.reason.code !== 'deleted-before-copy' || situation.link) {
      await noteRemoved(work, situation.link, situation.copy);
      return { state: 'ignored', reason: plan.reason };
    }
    const recalled = await recall(work, document, situation);
    return recalled ? bring(work, document, recalled) : { state: 'ignored', reason: plan.reason };
  }
  const taken = await takeSteps(work, document, plan.steps);
  if (plan.steps.length > 0) await tellPayments(work, credit);
  if (!taken.ok) return parked(taken.reason);
  return confirmCredit(work, document, credit, form, plan.notes);
}

async function recall(
  work: LaneWork,
  document: SyncDocument,
  situation: CreditSituation,
): Promise<CreditSituation | undefined> {
  const { credit, form, externalKey, account, toNumber } = situation;
  const made = { account, externalKey, bookedOn: credit.issuedOn };
  const isThere = await recallCopy(
    work,
    document,
    form === 'memo'
      ? { kind: 'create-credit', credit, number: toNumber(0), generation: 0, ...made }
      : { kind: 'create-payment', payment: asPayment(credit), amount: credit.amount, apply: [], ...made },
  );
  const link = isThere ? await linkOf(work, document) : undefined;
  return link && { ...situation, link, copy: await readCopy(work, kindOf(form), link.counterpart) };
}

function kindOf(form: CreditSituation['form']): 'credit' | 'payment' {
  return form === 'memo' ? 'credit' : 'payment';
}

/** Payments out of this credit stand on its copy: they look again when it was made anew. */
async function tellPayments(work: LaneWork, credit: CanonicalCredit): Promise<void> {
  const links = await listPaymentLinksFrom(work.parts.db, work.open.connection.id, credit.sourceId);
  await tellLinked(work, links.filter(isLiving), `credit ${credit.number} was changed`);
}

async function confirmCredit(
  work: LaneWork,
  document: SyncDocument,
  credit: CanonicalCredit,
  form: CreditSituation['form'],
  notes: readonly string[],
): Promise<End> {
  const link = await linkOf(work, document);
  if (!link) throw new Error(`credit ${credit.sourceId} was delivered but has no link`);
  const copy = await readCopy(work, kindOf(form), link.counterpart);
  const isGone = !isLiving(link);
  const differences = isGone
    ? isLiving(copy)
      ? [{ name: 'stage', source: link.stage, destination: copy?.stage ?? '' }]
      : []
    : differencesOfCredit(credit, link, copy);
  if (isGone) await waitUntilSeen(work, document, link.counterpart, differences);
  await fenced(work, async (tx) => {
    if (copy && differences.length === 0 && !isGone) {
      const written = {
        fingerprint: creditFingerprint(credit),
        copied: copiedCredit(credit, link.copied, copy.date),
      };
      await confirmLink(tx, link, toConfirmed(copy), nowFor(work), written);
    }
    await noteConfirmation(work, tx, document, differences, copy?.raw ?? null);
  });
  if (differences.length > 0) return parked(differs(work, link.counterpart, differences));
  if (!isGone) return synced(notes);
  return {
    state: 'synced',
    reason: { code: 'removed', message: `${link.counterpart.number} is ${link.stage}.` },
  };
}

/** P5: what an overpayment left over is the unapplied part of its payment; the payment brings it. */
async function bringRest(work: LaneWork, credit: CanonicalCredit, link: Link | undefined): Promise<End> {
  const { db } = work.parts;
  const payments = await listPaymentLinksWithRestIn(db, work.open.connection.id, credit.sourceId);
  const [payment] = payments.filter(isLiving);
  if (!payment) {
    if (credit.visibility === 'deleted')
      return {
        state: 'ignored',
        reason: { code: 'deleted-before-copy', message: 'Deleted before it was ever copied.' },
      };
    return parked(WAITS_FOR_PAYMENT);
  }
  const holder = await findDocument(db, work.open.connection.id, 'payment', payment.sourceId);
  // Nothing is claimed of the payment's copy, which is this credit's, too (I4).
  if (holder?.state === 'parked' && credit.visibility !== 'deleted')
    return parked({ ...WAITS_FOR_PAYMENT, waitsFor: holder.id });
  const wanted = credit.visibility === 'deleted' ? 0n : credit.amount.amountMinor;
  const isHeld = link?.copied.amountMinor === wanted.toString();
  if (link && !isHeld) await tellLinked(work, [payment], `credit ${credit.number} was changed`);
  if (link && isHeld) {
    const confirmed = link.confirmed ?? { amountMinor: '0', balanceMinor: '0', date: '', stage: 'posted' };
    const written = { fingerprint: creditFingerprint(credit), copied: link.copied };
    await fenced(work, (tx) => confirmLink(tx, link, confirmed, nowFor(work), written));
  }
  return synced([
    wanted === 0n
      ? `Deleted: payment ${payment.counterpart.number} holds nothing of it any more.`
      : `Held by payment ${payment.counterpart.number} as its unapplied part.`,
  ]);
}

const WAITS_FOR_PAYMENT: Reason = {
  code: 'waits-for-payment',
  message: 'The rest of an overpayment: it comes with the payment it was left over from.',
  wayOut: 'Settle that payment; this record then goes on by itself.',
  choices: [LEAVE_OUT],
};
