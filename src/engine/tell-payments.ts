/** Payments look again when a step of another document changes how much of their invoice is there to be settled. */
import type { Step, StepKind } from '../core/steps.ts';
import type { Db } from '../store/db.ts';
import type { SyncDocument } from '../store/documents.ts';
import { findLink, listLinksOfCounterparts, listPaymentLinksOf, touchLinks } from '../store/links.ts';
import { type LaneWork, wake } from './lane-work.ts';
import { nowOf } from './parts.ts';
import { isLiving } from './plan/plan.ts';

const MAKES_ROOM: ReadonlySet<StepKind> = new Set([
  'create-invoice',
  'replace-lines',
  'reverse-invoice',
  'adjust-invoice',
  'unapply-payment',
  'unapply-credit',
]);

/** In the transactions of the step's intent and of its success: whatever becomes of it and of this process, they are told. */
export async function tellPayments(
  work: LaneWork,
  tx: Db,
  document: SyncDocument,
  step: Step,
): Promise<void> {
  const invoice = MAKES_ROOM.has(step.kind) ? await invoiceOf(tx, document, step) : undefined;
  if (invoice === undefined) return;
  const connectionId = work.open.connection.id;
  const links = (await listPaymentLinksOf(tx, connectionId, invoice)).filter(isLiving);
  const others = links.filter(
    ({ kind, sourceId }) => kind !== document.kind || sourceId !== document.sourceId,
  );
  const ids = others.map(({ counterpart }) => counterpart.id);
  await touchLinks(tx, connectionId, ids, nowOf(work.parts));
  await wake(work, tx, others, `${step.kind} of ${document.kind} ${document.label}`);
}

/** The source's id of the invoice on which, or beside which on a debit memo, there may be room. */
async function invoiceOf(tx: Db, document: SyncDocument, step: Step): Promise<string | undefined> {
  if (document.kind === 'invoice') return document.sourceId;
  if (!('invoice' in step) || 'kind' in step.invoice) return undefined;
  const links = await listLinksOfCounterparts(tx, document.connectionId, [step.invoice.id]);
  const invoice = links.find(({ kind }) => kind === 'invoice')?.sourceId;
  return invoice ?? (await findLink(tx, document))?.copied.invoiceSourceId;
}
