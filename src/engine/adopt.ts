/** Taking an invoice that somebody made by hand in the destination as the copy, because a person said so (D6). */
import type { CanonicalInvoice } from '../core/canonical.ts';
import { OperatingError } from '../core/errors.ts';
import type { SyncDocument } from '../store/documents.ts';
import { type Link, saveLink } from '../store/links.ts';
import { linkOf, nowFor } from './bring.ts';
import { fenced, type LaneWork, note } from './lane-work.ts';
import { isLiving } from './plan/plan.ts';

/** Throws OperatingError `rejected` when there is none, or it is in another currency. */
export async function adopt(
  work: LaneWork,
  document: SyncDocument,
  invoice: CanonicalInvoice,
  number: string,
): Promise<Link | undefined> {
  const copy = await work.open.destination.findInvoice(number);
  if (!copy || !isLiving(copy))
    throw new OperatingError('rejected', `There is no invoice ${number} in the destination to adopt.`);
  if (copy.amount.currency !== invoice.currency)
    throw new OperatingError(
      'rejected',
      `Invoice ${number} is in ${copy.amount.currency}: it cannot be adopted.`,
    );
  await fenced(work, async (tx) => {
    const { connectionId, kind, sourceId } = document;
    const copied = {
      clientId: invoice.clientId,
      account: { id: copy.accountId, number: '' },
      label: invoice.number,
    };
    await saveLink(
      tx,
      {
        connectionId,
        kind,
        sourceId,
        currency: invoice.currency,
        counterpart: copy.counterpart,
        stage: copy.stage,
        fingerprint: '',
        copied,
        generation: 0,
      },
      nowFor(work),
    );
    await note(work, tx, document, 'decision', {
      summary: `adopted invoice ${number}, which was made by hand in the destination`,
      readBack: copy.raw,
    });
  });
  return linkOf(work, document);
}
