/** Remembers what a step has made or changed, in the very transaction that settles its delivery (I2). */
import type { StepResult } from '../core/ports.ts';
import type { Counterpart, Step } from '../core/steps.ts';
import { claimAccount } from '../store/account-owners.ts';
import type { Db } from '../store/db.ts';
import type { Delivery } from '../store/deliveries.ts';
import { loadDocument } from '../store/documents.ts';
import { findLink, type Link, listLinks, type NewLink, saveLink } from '../store/links.ts';
import { type EngineParts, nowOf } from './parts.ts';
import { clientFingerprint } from './plan/client.ts';
import { copiedCredit } from './plan/credit.ts';
import { copiedInvoice, linesHash, textsHash } from './plan/invoice.ts';
import { copiedPayment } from './plan/payment.ts';

export function linkDelivered(parts: Pick<EngineParts, 'clock'>) {
  return async (tx: Db, delivery: Delivery, { counterpart }: StepResult): Promise<void> => {
    const { step, connectionId } = delivery;
    const { kind, sourceId } = await loadDocument(tx, delivery.documentId);
    const { notes = [] } = delivery.request;
    const made = toLink(step, notes);
    if (step.kind === 'create-account')
      await claimAccount(tx, { connectionId, sourceId }, counterpart, { asOwner: true, now: nowOf(parts) });
    if (made) return saveLink(tx, { ...made, connectionId, kind, sourceId, counterpart }, nowOf(parts));
    const link =
      step.kind === 'update-account'
        ? (await listLinks(tx, { connectionId, kind, sourceId })).find(isLinkTo(step.account))
        : await findLink(tx, { connectionId, kind, sourceId });
    const changed = link && changedLink(link, step, counterpart, notes);
    if (changed) await saveLink(tx, changed, nowOf(parts));
  };
}

type Made = Pick<NewLink, 'currency' | 'stage' | 'fingerprint' | 'copied' | 'generation'>;

/** The link of a step that makes something; undefined for a step that changes what is there. */
function toLink(step: Step, notes: readonly string[]): Made | undefined {
  switch (step.kind) {
    case 'create-account':
      return {
        currency: step.currency,
        stage: 'active',
        fingerprint: clientFingerprint(step.client),
        copied: { notes: step.note === undefined ? notes : [step.note, ...notes] },
        generation: 0,
      };
    case 'create-invoice':
      return {
        currency: step.invoice.currency,
        stage: step.post ? 'posted' : 'draft',
        fingerprint: '',
        copied: copiedInvoice(step.invoice, { account: step.account }, step.bookedOn),
        generation: step.generation,
      };
    case 'create-payment':
      return {
        currency: step.payment.amount.currency,
        stage: 'posted',
        fingerprint: '',
        copied: {
          ...copiedPayment(step.payment, { account: step.account }, step.bookedOn),
          // A prepayment settles no invoice; what is paid out of it asks what holds it.
          ...(step.payment.invoiceId === '' ? { method: 'cash' } : {}),
        },
        generation: 0,
      };
    case 'create-credit':
      return {
        currency: step.credit.amount.currency,
        stage: 'posted',
        fingerprint: '',
        copied: copiedCredit(step.credit, { account: step.account }, step.bookedOn),
        generation: step.generation,
      };
    default:
      return undefined;
  }
}

function isLinkTo({ id }: Counterpart) {
  return ({ counterpart }: Link) => counterpart.id === id;
}

/** The document's own link after a step on its copy; undefined where nothing of it is remembered. */
function changedLink(
  link: Link,
  step: Step,
  result: Counterpart,
  notes: readonly string[],
): NewLink | undefined {
  switch (step.kind) {
    case 'update-account':
      return { ...link, fingerprint: clientFingerprint(step.client), copied: { ...link.copied, notes } };
    case 'post-invoice':
      return { ...link, stage: 'posted' };
    case 'unpost-invoice':
      return { ...link, stage: 'draft' };
    case 'reverse-invoice':
      return { ...link, stage: 'reversed' };
    case 'delete-invoice':
      return { ...link, stage: 'deleted' };
    case 'cancel-invoice':
    case 'cancel-payment':
    case 'cancel-credit':
      return { ...link, stage: 'cancelled' };
    case 'replace-lines':
      return { ...link, copied: { ...link.copied, lines: linesHash(step.from) } };
    case 'change-texts':
      return { ...link, copied: { ...link.copied, texts: textsHash(step.from) } };
    case 'change-invoice-date':
      return { ...link, copied: { ...link.copied, bookedOn: step.bookedOn } };
    case 'adjust-invoice': {
      const minor = step.direction === 'credit' ? -step.amount.amountMinor : step.amount.amountMinor;
      const { adjustments = [], lines: _old, ...copied } = link.copied;
      const all = [...adjustments, { ...result, amountMinor: minor.toString() }];
      return { ...link, copied: { ...copied, adjustments: all } };
    }
    default:
      return undefined;
  }
}
