/** Copies of ours that the database does not know: made in a time that a restored backup has forgotten. */
import { OperatingError } from '../core/errors.ts';
import type { StepResult } from '../core/ports.ts';
import type { StepOf } from '../core/steps.ts';
import type { SyncDocument } from '../store/documents.ts';
import { saveLink } from '../store/links.ts';
import { fenced, type LaneWork, note } from './lane-work.ts';
import { nowOf } from './parts.ts';

type Make = StepOf<'create-invoice' | 'create-payment' | 'create-credit'>;

/** Before a document is called never copied: looks for what `step` would have made, and links it. True when it was there. */
export async function recallCopy(work: LaneWork, document: SyncDocument, step: Make): Promise<boolean> {
  const found = await findOurs(work, step);
  if (!found) return false;
  const { connectionId, kind, sourceId } = document;
  const { counterpart } = found;
  await fenced(work, async (tx) => {
    await saveLink(
      tx,
      {
        connectionId,
        kind,
        sourceId,
        currency: currencyOf(step),
        counterpart,
        stage: 'posted',
        fingerprint: '',
        copied: {},
        generation: 0,
      },
      nowOf(work.parts),
    );
    await note(work, tx, document, 'decision', {
      summary: `${counterpart.number} is its copy, of a time that this database does not know`,
      counterpart,
    });
  });
  return true;
}

/** What is dead, or bears another mark, is none. */
async function findOurs({ open }: LaneWork, step: Make): Promise<StepResult | undefined> {
  try {
    return await open.destination.find(step);
  } catch (error) {
    if (error instanceof OperatingError && error.kind === 'rejected') return undefined;
    throw error;
  }
}

function currencyOf(step: Make): string {
  switch (step.kind) {
    case 'create-invoice':
      return step.invoice.currency;
    case 'create-payment':
      return step.payment.amount.currency;
    case 'create-credit':
      return step.credit.amount.currency;
  }
}
