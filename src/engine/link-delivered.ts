/** Remembers a step's counterpart in the very transaction that settles its delivery (I2). */
import type { StepResult } from '../core/ports.ts';
import type { Step } from '../core/steps.ts';
import type { Db } from '../store/db.ts';
import type { Delivery } from '../store/deliveries.ts';
import { loadDocument } from '../store/documents.ts';
import { findLink, type Link, saveLink } from '../store/links.ts';
import { type EngineParts, nowOf } from './parts.ts';
import { clientFingerprint, invoiceFingerprint, paymentFingerprint } from './plan.ts';

export function linkDelivered(parts: Pick<EngineParts, 'clock'>) {
  return async (tx: Db, delivery: Delivery, { counterpart }: StepResult): Promise<void> => {
    const { step, connectionId } = delivery;
    const made = toLink(step);
    if (made) return saveLink(tx, { ...made, connectionId, counterpart }, nowOf(parts));
    const { kind, sourceId } = await loadDocument(tx, delivery.documentId);
    const link = await findLink(tx, { connectionId, kind, sourceId });
    if (!link) throw new Error(`${kind} ${sourceId} was posted but has no link`);
    await saveLink(tx, { ...link, stage: 'posted' }, nowOf(parts));
  };
}

/** The link of a step that makes something; undefined for a step that changes what is there. */
function toLink(
  step: Step,
): Pick<Link, 'kind' | 'sourceId' | 'currency' | 'stage' | 'fingerprint'> | undefined {
  switch (step.kind) {
    case 'create-account':
      return {
        kind: 'client',
        sourceId: step.client.sourceId,
        currency: step.currency,
        stage: 'active',
        fingerprint: clientFingerprint(step.client),
      };
    case 'create-invoice':
      return {
        kind: 'invoice',
        sourceId: step.invoice.sourceId,
        currency: step.invoice.currency,
        stage: step.post ? 'posted' : 'draft',
        fingerprint: invoiceFingerprint(step.invoice),
      };
    case 'create-payment':
      return {
        kind: 'payment',
        sourceId: step.payment.sourceId,
        currency: step.payment.amount.currency,
        stage: 'posted',
        fingerprint: paymentFingerprint(step.payment),
      };
    case 'post-invoice':
      return undefined;
  }
}
