/** Seals the ends of the trail's chains: checks what is new in each, and enters it into the signed chain of ends. */

import { withPatience } from '../platform/database-client.ts';
import type { Db } from '../store/db.ts';
import { findUpgraded } from '../store/trail-chains.ts';
import {
  countOldLeft,
  enterBatch,
  type FreshEnd,
  findNewestBatch,
  listWithoutChain,
  type NewestBatch,
  readFreshEnds,
  takeSealing,
} from '../store/trail-ends.ts';
import { UPGRADED } from '../store/trail-format.ts';
import { addNotice, closeNotices, listOpenNotices } from '../store/upgrade-notices.ts';
import { ENGINE_ACTOR, type EngineParts, nowOf } from './parts.ts';

type SealParts = Pick<EngineParts, 'db' | 'clock' | 'log' | 'stopping'>;

/** How long an entry may stand unsealed while a worker runs, about. */
const SEAL_EVERY_MS = 60_000;
const LONGEST_STATEMENT_MS = 300_000;
/** Between two batches of many, so that lanes get their turn. */
const BREATH_MS = 20;
const PROGRESS_EVERY = 25;
/** Chains that were broken before the upgrade and get a notice of their own. */
const MOST_NAMED = 20;
const UPGRADE = { code: 'trail-upgrade', subject: 'installation' };

export async function sealUntilStopped(parts: SealParts): Promise<void> {
  while (!parts.stopping.aborted) {
    await withPatience(LONGEST_STATEMENT_MS, () => sealTrail(parts)).catch((error: unknown) =>
      parts.log.warn({ err: error }, 'audit not sealed'),
    );
    await parts.clock.sleep(SEAL_EVERY_MS, parts.stopping);
  }
}

/** Until nothing is left unsealed, or another process is at it. At least one batch a day, even where nothing has grown. */
export async function sealTrail(parts: SealParts): Promise<{ chains: number; broken: FreshEnd[] }> {
  const broken: FreshEnd[] = [];
  let [chains, old, turn] = [0, 0, 0];
  for (let after: string | undefined = ''; after !== undefined && !parts.stopping.aborted; turn += 1) {
    const ends: readonly FreshEnd[] | undefined = await sealSome(parts, after);
    if (ends === undefined) return { chains, broken };
    for (const end of ends.filter(({ why }) => why !== undefined)) {
      broken.push(end);
      await reportBroken(parts, end, broken.length);
    }
    chains += ends.length;
    old += ends.filter(({ isOld }) => isOld).length;
    after = ends.at(-1)?.subject;
    if (old > 0 && turn % PROGRESS_EVERY === 0)
      parts.log.info(
        { verified: old, left: await countOldLeft(parts.db) },
        'verifying the audit of before the upgrade',
      );
    if (after !== undefined) await parts.clock.sleep(BREATH_MS, parts.stopping);
  }
  if (!parts.stopping.aborted) await finishUpgrade(parts);
  return { chains, broken };
}

/** Undefined where another process seals at the moment. */
function sealSome(parts: SealParts, after: string): Promise<FreshEnd[] | undefined> {
  const now = nowOf(parts);
  return parts.db.transaction().execute(async (tx) => {
    if (!(await takeSealing(tx))) return undefined;
    const newest = await findNewestBatch(tx);
    const ends = await readFreshEnds(tx, after);
    const isNewDay = newest === undefined || dayOf(newest.sealedAt) !== dayOf(now);
    const isUpgraded = ends.length === 0 && (await isLastOfUpgrade(tx));
    if (ends.length === 0 && !isNewDay && !isUpgraded) return ends;
    const batch = await enterBatch(tx, newest, isUpgraded ? [UPGRADED] : ends.map(withoutWhy), now);
    if (isNewDay) tellDay(parts, batch);
    return ends;
  });
}

/** From here on no chain may have entries of the old format but those that were sealed before. */
async function isLastOfUpgrade(tx: Db): Promise<boolean> {
  return (await findUpgraded(tx)) === undefined && (await countOldLeft(tx)) === 0;
}

function withoutWhy({ subject, position, hash, connectionId, oldPosition, brokenAt }: FreshEnd) {
  return { subject, position, hash, connectionId, oldPosition, brokenAt };
}

/** The log is kept elsewhere: whoever has this line can show later that the audit up to here is the same. */
function tellDay({ log }: SealParts, batch: NewestBatch & { signature: Buffer }): void {
  const [hash, signature] = [batch.hash.toString('hex'), batch.signature.toString('base64')];
  log.info({ batch: batch.number, hash, signature }, 'the audit is sealed up to here');
}

function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}

/** Sealed as broken, which is not vouched for: said in the log each time it grows, and once to a person if it was so before the upgrade. */
async function reportBroken(parts: SealParts, end: FreshEnd, count: number): Promise<void> {
  const { subject, brokenAt, why } = end;
  parts.log.error({ subject, position: brokenAt }, `the audit is broken: entry ${brokenAt} ${why}`);
  if (!end.isOld || count > MOST_NAMED + 1) return;
  await addBrokenNotice(
    parts,
    count > MOST_NAMED ? 'others' : subject,
    count > MOST_NAMED
      ? 'More chains of the audit were broken already before the upgrade.'
      : `The audit of ${subject} was broken already before the upgrade: entry ${brokenAt} ${why}.`,
  );
}

function addBrokenNotice(parts: SealParts, subject: string, message: string): Promise<void> {
  const action =
    'Compare it with a backup; audit verify lists every broken place. It stays marked as broken.';
  return addNotice(parts.db, { code: 'trail-broken', subject, message, action }, nowOf(parts));
}

/** What the chains themselves cannot tell: those that are not there at all. */
async function finishUpgrade(parts: SealParts): Promise<void> {
  if (!(await listOpenNotices(parts.db)).some(({ code }) => code === UPGRADE.code)) return;
  if ((await countOldLeft(parts.db)) > 0) return;
  const without = await listWithoutChain(parts.db);
  for (const subject of without.slice(0, MOST_NAMED))
    await addBrokenNotice(parts, subject, `There is no audit of ${subject}, though it has been worked on.`);
  if (without.length > MOST_NAMED)
    await addBrokenNotice(parts, 'others', 'More records have no audit, though they have been worked on.');
  await closeNotices(parts.db, { ...UPGRADE, doneBy: ENGINE_ACTOR, now: nowOf(parts) });
  parts.log.info({ without: without.length }, 'the audit of before the upgrade is verified and sealed');
}
