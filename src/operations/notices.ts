/** What upgrades found that a person has to do or to know, and saying that it is done. */
import { NotFound } from '../core/errors.ts';
import { nowOf } from '../engine/parts.ts';
import { finishNotice as finishStored, listOpenNotices } from '../store/upgrade-notices.ts';
import { type Actor, requireRole } from './context.ts';
import { auditInstallation, type OperationParts } from './parts.ts';

export async function listNotices(parts: Pick<OperationParts, 'db'>, actor: Actor) {
  requireRole(actor, 'viewer');
  const notices = await listOpenNotices(parts.db);
  return notices.map(({ createdAt, ...notice }) => ({ ...notice, createdAt: createdAt.toISOString() }));
}

/** The notice is shown no more; what it asks for is not done by this. */
export async function finishNotice(parts: OperationParts, actor: Actor, { noticeId }: { noticeId: string }) {
  requireRole(actor, 'admin');
  return parts.db.transaction().execute(async (tx) => {
    const message = await finishStored(tx, { id: noticeId, doneBy: actor.name, now: nowOf(parts) });
    if (message === undefined)
      throw new NotFound(`There is no open notice ${noticeId}.`, 'notices list shows them.');
    await auditInstallation(parts, tx, actor, { summary: `notice done: ${message}`, noticeId });
    return { id: noticeId, message };
  });
}
