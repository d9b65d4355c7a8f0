/** Taking an invoice that somebody made by hand in the destination as the copy, because a person said so (D6). */
import type { CanonicalInvoice } from '../core/canonical.ts';
import { isExternalKey } from '../core/ids.ts';
import type { CopyState } from '../core/ports.ts';
import type { Counterpart } from '../core/steps.ts';
import type { Reason, SyncDocument } from '../store/documents.ts';
import { findOtherUser, type Link, lockCounterpart, saveLink } from '../store/links.ts';
import { keyOf, linkOf, nowFor } from './bring.ts';
import { fenced, type LaneWork, note } from './lane-work.ts';
import { isLiving, LEAVE_OUT, RENUMBER } from './plan/plan.ts';

export async function adopt(
  work: LaneWork,
  document: SyncDocument,
  invoice: CanonicalInvoice,
  number: string,
  account: Counterpart,
): Promise<Link | { reason: Reason }> {
  const copy = await work.open.destination.findInvoice(number);
  if (!copy || !isLiving(copy)) return { reason: notAdoptable(number, 'is not in the destination any more') };
  const wrong = whyNot(copy, invoice, account, keyOf(work, document));
  if (wrong !== undefined) return { reason: notAdoptable(number, wrong) };
  const other = await fenced(work, async (tx) => {
    const { connectionId, kind, sourceId } = document;
    await lockCounterpart(tx, copy.counterpart.id);
    const user = await findOtherUser(tx, document, copy.counterpart.id);
    if (user !== undefined) return user;
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
    return undefined;
  });
  if (other !== undefined) return { reason: notAdoptable(number, `is the copy of ${other}`) };
  const link = await linkOf(work, document);
  if (!link) throw new Error(`invoice ${number} was adopted but has no link`);
  return link;
}

function whyNot(
  copy: CopyState,
  invoice: CanonicalInvoice,
  account: Counterpart,
  ownKey: string,
): string | undefined {
  const { currency } = copy.amount;
  const [mark = ''] = copy.comment.split(' |');
  if (isExternalKey(mark, 'invoice') && mark !== ownKey) return `is the copy of ${mark}`;
  if (currency !== invoice.currency) return `is in ${currency}, not in ${invoice.currency}`;
  return copy.accountId === account.id
    ? undefined
    : `belongs to another account than ${account.number}, the client’s`;
}

function notAdoptable(number: string, why: string): Reason {
  return {
    code: 'not-adoptable',
    message: `Invoice ${number} cannot become the copy: it ${why}.`,
    wayOut:
      'Link the client to the other account, then replay the record; or give the copy a number of its own.',
    choices: [RENUMBER, LEAVE_OUT],
  };
}
