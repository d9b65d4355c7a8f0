/** One document, from what the source says now to an end state: the life of an invoice, top to bottom. */
import type { CanonicalDocument } from '../core/canonical.ts';
import { listOpenInLane } from '../store/deliveries.ts';
import { GONE_FROM_SOURCE, loadDocument, type SyncDocument } from '../store/documents.ts';
import type { Answered } from '../store/events.ts';
import { endOfUnreadable, unlessAccountGone } from './account-question.ts';
import { withAuditScope } from './audit.ts';
import { type End, type Look, parked } from './bring.ts';
import { bringClient } from './bring-client.ts';
import { bringCredit } from './bring-credit.ts';
import { bringInvoice } from './bring-invoice.ts';
import { bringPayment } from './bring-payment.ts';
import { resumeDelivery } from './deliver.ts';
import { fetchDocument } from './fetch.ts';
import { type LaneWork, settle, wake } from './lane-work.ts';
import { linkDelivered } from './link-delivered.ts';
import { normalise } from './normalise.ts';

/** Throws OperatingError when the document has to be looked at again later. */
export function syncDocument(work: LaneWork, document: SyncDocument): Promise<void> {
  return withAuditScope({ documentId: document.id }, async () => {
    const fetched = await fetchDocument(work, document);
    if ('moved' in fetched) return;
    if (!fetched.found) return settleMissing(work, document, fetched.answered);
    await resumeInLane(work, document);
    const resumed = await resumeDelivery(work, document, linkDelivered(work.parts));
    if (resumed && !resumed.ok) return settle(work, document, fetched.answered, 'parked', resumed.reason);
    const mapped = await normalise(work, document, fetched);
    const end = mapped.ok
      ? await unlessAccountGone(work, document, mapped.document, (present) =>
          bring(work, present, mapped.document, fetched),
        )
      : ((await endOfUnreadable(work, document, mapped.reason)) ?? parked(mapped.reason));
    await settle(work, document, fetched.answered, end.state, end.reason);
  });
}

function bring(
  work: LaneWork,
  document: SyncDocument,
  canonical: CanonicalDocument,
  look: Look,
): Promise<End> {
  switch (canonical.kind) {
    case 'client':
      return bringClient(work, document, canonical);
    case 'invoice':
      return bringInvoice(work, document, canonical, look);
    case 'payment':
      return bringPayment(work, document, canonical, look, (other) => syncDocument(work, other));
    case 'credit':
      return bringCredit(work, document, canonical, look);
  }
}

/** Steps of other documents whose outcome is unknown may have moved what this one stands on: they are finished first. */
async function resumeInLane(work: LaneWork, document: SyncDocument): Promise<void> {
  for (const id of await listOpenInLane(work.parts.db, work.lease, document.id)) {
    const other = await loadDocument(work.parts.db, id);
    const resumed = await withAuditScope({ documentId: id }, () =>
      resumeDelivery(work, other, linkDelivered(work.parts)),
    );
    if (resumed) await lookAgain(work, other);
  }
}

/** An account is made while its client has nothing to answer: nobody else would look at what has become of it. */
async function lookAgain(work: LaneWork, document: SyncDocument): Promise<void> {
  await work.parts.db.transaction().execute((tx) => wake(work, tx, [document], 'a step was finished'));
}

async function settleMissing(work: LaneWork, document: SyncDocument, answered: Answered): Promise<void> {
  const end = await endOfUnreadable(work, document, undefined);
  if (end) return settle(work, document, answered, end.state, end.reason);
  return document.revisionId === null
    ? settle(work, document, answered, 'ignored', {
        code: 'unknown-in-source',
        message: 'The source does not know it.',
      })
    : settle(work, document, answered, 'parked', {
        code: GONE_FROM_SOURCE,
        message: 'The source knew it before and does not know it any more.',
        wayOut: 'Check it in the source; once a list shows it again it goes on by itself.',
      });
}
