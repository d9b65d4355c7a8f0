/** An invoice, from what the source says now to an end state. */
import { toBreakdown } from '../core/breakdown.ts';
import type { CanonicalInvoice } from '../core/canonical.ts';
import { isExternalKey, toExternalKey } from '../core/ids.ts';
import type { CopyState, InvoiceParts } from '../core/ports.ts';
import type { Step, StepKind } from '../core/steps.ts';
import { wasRefused } from '../store/deliveries.ts';
import { type Decisions, type Reason, type SyncDocument, setDecisions } from '../store/documents.ts';
import { confirmLink, type Link, listLinksOfCounterparts, saveLink } from '../store/links.ts';
import { ensureAccount } from './accounts.ts';
import { adopt } from './adopt.ts';
import {
  differs,
  type End,
  isSettled,
  keyOf,
  type Look,
  linkOf,
  noteConfirmation,
  notePlan,
  nowFor,
  parked,
  readCopy,
  readOwnCopy,
  synced,
  takeSteps,
  toConfirmed,
  waitUntilSeen,
} from './bring.ts';
import { differencesOfInvoice } from './confirm.ts';
import { fenced, type LaneWork } from './lane-work.ts';
import {
  copiedInvoice,
  type InvoiceSituation,
  invoiceFingerprint,
  isEmpty,
  planInvoice,
} from './plan/invoice.ts';
import { isLiving } from './plan/plan.ts';
import { recallCopy } from './recall.ts';

/** Refusals that can be planned around: no way back to draft, drafts that stay, a number that is another copy's. */
const ROUNDS = 3;
const NEVER_COPIED = 'deleted-before-copy';
const NOBODY = { id: '', number: '' };
const NO_PARTS: InvoiceParts = { items: [], itemIds: [], settledBy: [] };

export async function bringInvoice(
  work: LaneWork,
  document: SyncDocument,
  invoice: CanonicalInvoice,
  look: Look,
): Promise<End> {
  const before = await linkOf(work, document);
  if (isSettled(document, before, invoiceFingerprint(invoice), look))
    return { state: 'synced', reason: document.reason };
  return bring(work, document, invoice);
}

async function bring(work: LaneWork, first: SyncDocument, invoice: CanonicalInvoice): Promise<End> {
  let document = first;
  for (let round = 1; ; round += 1) {
    const survey = await surveyInvoice(work, document, invoice);
    if ('reason' in survey) return parked(survey.reason);
    const plan = planInvoice(survey);
    await notePlan(work, document, plan);
    if (plan.do === 'park') return parked(plan.reason);
    if (plan.do === 'ignore') {
      if (plan.reason.code === NEVER_COPIED && (await recall(work, document, survey))) continue;
      return { state: 'ignored', reason: plan.reason };
    }
    const taken = await takeSteps(work, document, plan.steps);
    if (taken.ok && taken.found && round < ROUNDS) continue;
    if (taken.ok) return confirmInvoice(work, document, invoice, plan.notes);
    const again = round < ROUNDS ? await plannedAround(work, document, plan.steps, taken) : undefined;
    if (!again) return parked(taken.reason);
    document = again;
  }
}

function recall(
  work: LaneWork,
  document: SyncDocument,
  { invoice, externalKey, toNumber }: InvoiceSituation,
): Promise<boolean> {
  const breakdown = toBreakdown(invoice);
  if (!breakdown.ok) return Promise.resolve(false);
  return recallCopy(work, document, {
    kind: 'create-invoice',
    invoice,
    breakdown: breakdown.value,
    account: NOBODY,
    number: toNumber(0),
    externalKey,
    generation: 0,
    post: invoice.stage === 'issued',
    bookedOn: invoice.issuedOn,
  });
}

/** The document for another plan, where a refusal leaves a way on that needs nobody's decision. */
async function plannedAround(
  work: LaneWork,
  document: SyncDocument,
  steps: readonly Step[],
  { refused, reason }: { refused: StepKind; reason: Reason },
): Promise<SyncDocument | undefined> {
  if (refused === 'unpost-invoice' || refused === 'delete-invoice') return document;
  const create = steps.find((step) => step.kind === 'create-invoice');
  if (reason.code !== 'number-taken' || !create) return undefined;
  const holder = await work.open.destination.findInvoice(create.number);
  if (!holder || !isExternalKey(holder.comment.split(' |')[0] ?? '', 'invoice')) return undefined;
  // D7: the number belongs to another document's copy, which keeps it.
  const decisions: Decisions = { ...document.decisions, 'own-number': true };
  await fenced(work, (tx) => setDecisions(tx, document.id, decisions));
  return { ...document, decisions };
}

/** Everything a plan needs to know; a reason when the client has no account to book to. */
async function surveyInvoice(
  work: LaneWork,
  document: SyncDocument,
  invoice: CanonicalInvoice,
): Promise<InvoiceSituation | { reason: Reason }> {
  const { destination, connection } = work.open;
  const externalKey = keyOf(work, document);
  const toNumber = (generation: number) =>
    destination.toInvoiceNumber({
      number: invoice.number,
      externalKey,
      generation,
      own: document.decisions['own-number'] === true,
    });
  const account =
    invoice.visibility === 'deleted' || isEmpty(invoice)
      ? undefined
      : await ensureAccount(work, invoice.clientId, invoice.currency, invoice);
  if (account && !account.ok) return { reason: account.reason };
  const before = await linkOf(work, document);
  const link =
    !before && account && document.decisions.adopt
      ? await adopt(work, document, invoice, toNumber(0), account.account)
      : before;
  if (link && 'reason' in link) return link;
  const copy = await readOwnCopy(work, document, 'invoice', link);
  const parts = link && copy ? await destination.readInvoiceParts(link.counterpart) : NO_PARTS;
  const refusedBefore = async (kind: StepKind) =>
    link !== undefined && (await wasRefused(work.parts.db, document.id, kind, link.counterpart.id));
  return {
    invoice,
    externalKey,
    policies: connection.policies,
    facts: await destination.facts(),
    decisions: document.decisions,
    link,
    copy,
    parts,
    memos: copy ? await livingMemos(work, link) : [],
    ours: await oursAmong(work, link, parts.settledBy),
    account: account?.account,
    toNumber,
    unpostingRefused: await refusedBefore('unpost-invoice'),
    deletingRefused: await refusedBefore('delete-invoice'),
  };
}

async function livingMemos(work: LaneWork, link: Link | undefined): Promise<CopyState[]> {
  const memos: CopyState[] = [];
  for (const { amountMinor, ...memo } of link?.copied.adjustments ?? []) {
    const copy = await readCopy(work, BigInt(amountMinor) > 0n ? 'debit' : 'credit', memo);
    if (copy && isLiving(copy)) memos.push(copy);
  }
  return memos;
}

/** I4: total, due date, stage and balance as read back. */
async function confirmInvoice(
  work: LaneWork,
  document: SyncDocument,
  invoice: CanonicalInvoice,
  notes: readonly string[],
): Promise<End> {
  const link = await linkOf(work, document);
  if (!link) throw new Error(`invoice ${invoice.sourceId} was delivered but has no link`);
  const copy = await readCopy(work, 'invoice', link.counterpart);
  const isRemoved = invoice.visibility === 'deleted' && !isLiving(copy);
  if (isRemoved || !isLiving(link)) return confirmRemoved(work, document, link, copy);
  if (!copy)
    return parked(differs(work, link.counterpart, [{ name: 'copy', source: 'there', destination: 'gone' }]));
  const settled = await settledByOurs(work, link, copy);
  const differences = differencesOfInvoice(invoice, link, copy, settled);
  await fenced(work, async (tx) => {
    if (differences.length === 0) {
      const copied = copiedInvoice(invoice, link.copied, copy.issuedOn);
      const written = { fingerprint: invoiceFingerprint(invoice), copied };
      await confirmLink(tx, link, toConfirmed(copy), nowFor(work), written);
    }
    await noteConfirmation(work, tx, document, differences, copy.raw);
  });
  return differences.length === 0 ? synced(notes) : parked(differs(work, link.counterpart, differences));
}

async function confirmRemoved(
  work: LaneWork,
  document: SyncDocument,
  link: Link,
  copy: CopyState | undefined,
): Promise<End> {
  const differences = isLiving(copy)
    ? [{ name: 'stage', source: link.stage, destination: copy?.stage ?? '' }]
    : [];
  await waitUntilSeen(work, document, link.counterpart, differences);
  // Removed without a step of ours, or by one that a restored database has forgotten.
  const stage = isLiving(link) ? (copy?.stage ?? 'deleted') : link.stage;
  await fenced(work, async (tx) => {
    if (isLiving(link)) await saveLink(tx, { ...link, stage }, nowFor(work));
    await noteConfirmation(work, tx, document, differences, copy?.raw ?? null);
  });
  if (differences.length > 0) return parked(differs(work, link.counterpart, differences));
  return {
    state: 'synced',
    reason: { code: 'removed', message: `${link.counterpart.number} is ${stage} in the destination.` },
  };
}

async function settledByOurs(work: LaneWork, link: Link, copy: CopyState): Promise<bigint> {
  if (copy.balance.amountMinor === copy.amount.amountMinor) return 0n;
  const { settledBy: parts } = await work.open.destination.readInvoiceParts(link.counterpart);
  const known = await oursAmong(work, link, parts);
  return parts
    .filter(({ counterpart }) => known.has(counterpart.id))
    .reduce((sum, { amount }) => sum + amount.amountMinor, 0n);
}

/**
 * Ids of the payments and credits that are copies, or memos made for this invoice. A copy that a restored database does
 * not know yet is known by its mark.
 */
async function oursAmong(
  work: LaneWork,
  link: Link | undefined,
  settledBy: InvoiceParts['settledBy'],
): Promise<Set<string>> {
  const { connection, source } = work.open;
  const ids = settledBy.map(({ counterpart }) => counterpart.id);
  const links = await listLinksOfCounterparts(work.parts.db, connection.id, ids);
  const known = new Set(links.map(({ counterpart }) => counterpart.id));
  for (const { id } of link?.copied.adjustments ?? []) known.add(id);
  const marks = (['payment', 'credit'] as const).map((kind) => toExternalKey(source.identity, kind, ''));
  for (const { counterpart, mark = '' } of settledBy)
    if (marks.some((ours) => mark.startsWith(ours))) known.add(counterpart.id);
  return known;
}
