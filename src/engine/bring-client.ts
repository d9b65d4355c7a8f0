/** A client whose accounts may have to follow (K7, K9). */
import type { CanonicalClient } from '../core/canonical.ts';
import type { SyncDocument } from '../store/documents.ts';
import { confirmLink, listLinks } from '../store/links.ts';
import { type End, notePlan, nowFor, parked, synced, takeSteps } from './bring.ts';
import { fenced, type LaneWork } from './lane-work.ts';
import { clientFingerprint, planClient } from './plan/client.ts';

export async function bringClient(
  work: LaneWork,
  document: SyncDocument,
  client: CanonicalClient,
): Promise<End> {
  const links = await listLinks(work.parts.db, document);
  const { accounts, plan } = planClient(client, links, work.open.connection.policies);
  await notePlan(work, document, plan);
  if (plan.do === 'ignore') return { state: 'ignored', reason: plan.reason };
  for (const { link, steps } of accounts) {
    const taken = await takeSteps(work, document, steps);
    if (!taken.ok) return parked(taken.reason);
    const confirmed = { amountMinor: '0', balanceMinor: '0', date: '', stage: link.stage };
    const written = { fingerprint: clientFingerprint(client), copied: link.copied };
    await fenced(work, (tx) => confirmLink(tx, link, confirmed, nowFor(work), written));
  }
  return synced(plan.do === 'steps' ? plan.notes : []);
}
