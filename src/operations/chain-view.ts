/** Whether a chain of the audit is whole, as people are told: intact, sealed up to where, or broken and where. */
import type { Db } from '../store/db.ts';
import { documentSubject } from '../store/trail.ts';
import { checkChain } from '../store/trail-chains.ts';
import type { ChainState } from '../store/trail-check.ts';
import { mustHaveChain } from '../store/trail-ends.ts';

export type ChainView = {
  /** `unsealed`: whole, and its newest entries are not in the signed chain of ends yet. */
  state: 'intact' | 'unsealed' | 'broken';
  entries: number;
  /** Entries up to this one are sealed; 0 = none yet. */
  sealed: number;
  /** The first broken place, and what is wrong with it; null where nothing is, or no entry is there. */
  brokenAt: number | null;
  why: string | null;
};

/** A record without its chain is broken, unless nobody has worked on it yet. */
export async function checkRecordChain(db: Db, documentId: string): Promise<ChainView> {
  const state = await checkChain(db, documentSubject(documentId));
  const isMissing = state.entries === 0 && (await mustHaveChain(db, documentId));
  return toView(state, isMissing);
}

/** The installation's own may be empty: nothing has been decided yet. A connection's never is. */
export async function checkAuditChain(db: Db, subject: string): Promise<ChainView> {
  const state = await checkChain(db, subject);
  return toView(state, state.entries === 0 && subject !== 'installation');
}

function toView({ entries, sealed, fault }: ChainState, isMissing: boolean): ChainView {
  const facts = { entries, sealed, brokenAt: fault?.position ?? null, why: fault ? toWhy(fault) : null };
  if (fault) return { ...facts, state: 'broken' };
  if (isMissing) return { ...facts, state: 'broken', why: 'no entry is left, though it has been worked on' };
  return { ...facts, state: sealed === entries ? 'intact' : 'unsealed' };
}

function toWhy({ position, why }: { position: number; why: string }): string {
  return `entry ${position} ${why}`;
}
