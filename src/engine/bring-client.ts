/** A client whose accounts may have to follow (K7, K9). */
import type { CanonicalClient } from '../core/canonical.ts';
import { OperatingError } from '../core/errors.ts';
import { listHolders } from '../store/account-owners.ts';
import type { SyncDocument } from '../store/documents.ts';
import { confirmLink, type Link, listLinks } from '../store/links.ts';
import { questionAbout } from './account-question.ts';
import { type End, notePlan, nowFor, parked, synced, takeSteps } from './bring.ts';
import { fenced, type LaneWork, note } from './lane-work.ts';
import { planClient } from './plan/client.ts';
import { isLiving } from './plan/plan.ts';

export async function bringClient(
  work: LaneWork,
  document: SyncDocument,
  client: CanonicalClient,
): Promise<End> {
  const all = await listLinks(work.parts.db, document);
  for (const link of all.filter((one) => !isLiving(one))) {
    const question = await questionAbout(work, document, link);
    if (question) return parked(question);
  }
  const links = (await listLinks(work.parts.db, document)).filter(isLiving);
  const accounts = links.map(({ counterpart }) => counterpart.id);
  const holders = await listHolders(work.parts.db, document, accounts);
  const plan = planClient(client, links, holders, work.open.connection.policies);
  await notePlan(work, document, plan);
  if (plan.do === 'park') return parked(plan.reason);
  if (plan.do === 'ignore') return { state: 'ignored', reason: plan.reason };
  const taken = await takeSteps(work, document, plan.steps);
  if (!taken.ok) return parked(taken.reason);
  const now = (await listLinks(work.parts.db, document)).filter(isLiving);
  for (const link of now) if (link.touched) await confirmAccount(work, document, link);
  return synced([...plan.notes, ...now.flatMap(({ copied }) => copied.notes ?? [])]);
}

/** I4 for accounts: there, under its number, in its currency. */
async function confirmAccount(work: LaneWork, document: SyncDocument, link: Link): Promise<void> {
  const { id, number } = link.counterpart;
  const account = await work.open.destination.findAccount(id);
  if (account?.number !== number || account.currency !== link.currency)
    throw new OperatingError('conflict', `account ${number} in ${link.currency} cannot be read back`);
  const confirmed = { amountMinor: '0', balanceMinor: '0', date: '', stage: link.stage };
  await fenced(work, async (tx) => {
    await confirmLink(tx, link, confirmed, nowFor(work));
    await note(work, tx, document, 'confirmation', {
      summary: `read back: account ${number}`,
      readBack: account,
    });
  });
}
