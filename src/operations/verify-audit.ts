/** Checks the whole audit: every chain, every sealed end, every signature; names the first broken place of each. */
import { newId } from '../core/ids.ts';
import { nowOf } from '../engine/parts.ts';
import { checkChains } from '../store/trail-chains.ts';
import {
  type AuditCheck,
  type AuditFigures,
  findNewestCheck,
  insertCheck,
  loadCheck,
  saveCheck,
} from '../store/trail-checks.ts';
import { checkBatches, listWithoutChain } from '../store/trail-ends.ts';
import { type Actor, requireRole } from './context.ts';
import type { OperationParts } from './parts.ts';

/** Further ones are counted, in one line. */
const MOST_NAMED = 1000;
const SAVE_EVERY_MS = 2_000;
/** Whoever was at it and has not been seen for so long is gone. */
const GONE_MS = 60_000;

/** In the background of this process; the one under way where there is one. */
export async function startAuditCheck(parts: OperationParts, actor: Actor) {
  requireRole(actor, 'operator');
  const newest = await findNewestCheck(parts.db);
  if (newest && isUnderWay(parts, newest)) return toView(parts, newest);
  const id = await begin(parts, actor);
  run(parts, id).catch((error: unknown) => parts.log.warn({ err: error }, 'audit not verified'));
  return toView(parts, await loadCheck(parts.db, id));
}

/** Now, telling how far it is. */
export async function verifyAudit(
  parts: OperationParts,
  actor: Actor,
  onProgress: (figures: AuditFigures) => void = () => {},
) {
  requireRole(actor, 'operator');
  const id = await begin(parts, actor);
  await run(parts, id, onProgress);
  return toView(parts, await loadCheck(parts.db, id));
}

/** The newest; null before the first. */
export async function showAuditCheck(parts: OperationParts, actor: Actor) {
  requireRole(actor, 'viewer');
  const newest = await findNewestCheck(parts.db);
  return newest ? toView(parts, newest) : null;
}

function toView(parts: OperationParts, check: AuditCheck) {
  const { id, actor, chains, entries, batches, faults } = check;
  return {
    id,
    actor,
    startedAt: check.startedAt.toISOString(),
    finishedAt: check.finishedAt?.toISOString() ?? null,
    state: check.finishedAt
      ? ('done' as const)
      : isUnderWay(parts, check)
        ? ('running' as const)
        : ('ended' as const),
    chains,
    entries,
    batches,
    faults,
  };
}

function isUnderWay(parts: OperationParts, { finishedAt, seenAt }: AuditCheck): boolean {
  return finishedAt === null && parts.clock.now() - seenAt.getTime() < GONE_MS;
}

async function begin(parts: OperationParts, actor: Actor): Promise<string> {
  const id = newId(parts.clock.now());
  await insertCheck(parts.db, { id, actor: actor.name }, nowOf(parts));
  return id;
}

async function run(
  parts: OperationParts,
  id: string,
  onProgress: (figures: AuditFigures) => void = () => {},
): Promise<void> {
  const { db, clock } = parts;
  const figures: AuditFigures = { chains: 0, entries: 0, batches: 0, faults: [] };
  let [savedAt, unnamed] = [clock.now(), 0];
  const found = (fault: AuditFigures['faults'][number]) => {
    if (figures.faults.length < MOST_NAMED) figures.faults.push(fault);
    else unnamed += 1;
  };
  const tell = async () => {
    onProgress(figures);
    if (clock.now() - savedAt < SAVE_EVERY_MS) return;
    savedAt = clock.now();
    await saveCheck(db, id, figures, { now: nowOf(parts), finished: false });
  };
  for await (const { batches, fault } of checkBatches(db)) {
    figures.batches = batches;
    if (fault)
      found({ subject: `batch ${fault.batch} of the chain of ends`, position: null, why: fault.why });
    await tell();
  }
  for await (const { subject, entries, fault } of checkChains(db, '')) {
    figures.chains += 1;
    figures.entries += entries;
    if (fault) found({ subject, ...fault });
    await tell();
  }
  for (const subject of await listWithoutChain(db))
    found({ subject, position: null, why: 'has no audit, though it has been worked on' });
  if (unnamed > 0)
    figures.faults.push({ subject: `${unnamed} more`, position: null, why: 'are broken, too' });
  onProgress(figures);
  await saveCheck(db, id, figures, { now: nowOf(parts), finished: true });
}
