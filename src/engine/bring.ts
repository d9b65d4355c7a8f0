/** What all kinds of documents share on their way to an end state. */
import { OperatingError } from '../core/errors.ts';
import { toExternalKey } from '../core/ids.ts';
import type { CopyKind, CopyState } from '../core/ports.ts';
import type { Counterpart, Step, StepKind } from '../core/steps.ts';
import type { Db } from '../store/db.ts';
import { lastEffectAt } from '../store/deliveries.ts';
import { type Figures, type Reason, type SyncDocument, setDecisions } from '../store/documents.ts';
import type { Answered } from '../store/events.ts';
import { type Confirmed, findLink, type Link, saveLink, touchLinks } from '../store/links.ts';
import { deliver } from './deliver.ts';
import { fenced, type LaneWork, note, wake } from './lane-work.ts';
import { linkDelivered } from './link-delivered.ts';
import { labelOf, nowOf } from './parts.ts';
import { isLiving, type Plan } from './plan/plan.ts';

export type End = { state: 'synced' | 'parked' | 'ignored'; reason: Reason | null };
export type Look = { answered: Answered; verify: boolean };

export const parked = (reason: Reason): End => ({ state: 'parked', reason });

/** Equal on both sides; `notes` tell what a policy or a rule has decided on the way. */
export function synced(notes: readonly string[] = []): End {
  return { state: 'synced', reason: notes.length === 0 ? null : { code: 'noted', message: notes.join(' ') } };
}

export function keyOf(work: LaneWork, document: Pick<SyncDocument, 'kind' | 'sourceId'>): string {
  return toExternalKey(work.open.source.identity, document.kind, document.sourceId);
}

export function linkOf(work: LaneWork, document: SyncDocument): Promise<Link | undefined> {
  const { connectionId, kind, sourceId } = document;
  return findLink(work.parts.db, { connectionId, kind, sourceId });
}

/** Nothing of what makes the copy has changed since both sides were last seen equal. */
export function isSettled(
  document: SyncDocument,
  link: Link | undefined,
  fingerprint: string,
  { verify }: Look,
): boolean {
  return (
    !verify &&
    document.state === 'synced' &&
    link !== undefined &&
    !link.touched &&
    link.fingerprint === fingerprint
  );
}

/** Undefined when the destination does not know it any more. */
export async function readCopy(
  work: LaneWork,
  kind: CopyKind,
  counterpart: Counterpart,
): Promise<CopyState | undefined> {
  try {
    return await work.open.destination.readBack(kind, counterpart);
  } catch (error) {
    if (error instanceof OperatingError && error.kind === 'conflict') return undefined;
    throw error;
  }
}

/**
 * A document's living copy. What our own steps have made and nobody has seen since may only not be visible yet: it is
 * asked for again, never made anew unless a person says so.
 */
export async function readOwnCopy(
  work: LaneWork,
  { decisions }: SyncDocument,
  kind: CopyKind,
  link: Link | undefined,
): Promise<CopyState | undefined> {
  if (!link || !isLiving(link)) return undefined;
  const { counterpart, touched } = link;
  return touched && !decisions.heal
    ? work.open.destination.readBack(kind, counterpart)
    : readCopy(work, kind, counterpart);
}

/** Removed without a step of ours, or by one that the database has forgotten: the link says so from now on. */
export async function noteRemoved(
  work: LaneWork,
  link: Link | undefined,
  copy: CopyState | undefined,
): Promise<void> {
  if (!link || !isLiving(link) || isLiving(copy)) return;
  await fenced(work, (tx) => saveLink(tx, { ...link, stage: copy?.stage ?? 'deleted' }, nowFor(work)));
}

export async function notePlan(work: LaneWork, document: SyncDocument, plan: Plan): Promise<void> {
  const summary =
    plan.do === 'steps'
      ? plan.steps.map(({ kind }) => kind).join(', ') || 'nothing to do'
      : `${plan.do}: ${plan.reason.code}`;
  await fenced(work, (tx) =>
    note(work, tx, document, 'plan', {
      summary: `plan: ${summary}`,
      policies: work.open.connection.policies,
      ...('steps' in plan ? { steps: plan.steps.map(({ kind }) => kind) } : {}),
      ...(plan.do === 'steps' ? { notes: plan.notes } : { reason: plan.reason }),
    }),
  );
}

/** One after the other; stops at the first that is refused. `found`: something was there already that no plan has seen. */
export async function takeSteps(
  work: LaneWork,
  document: SyncDocument,
  steps: readonly Step[],
): Promise<{ ok: true; found: boolean } | { ok: false; refused: StepKind; reason: Reason }> {
  let found = false;
  for (const step of steps) {
    const delivered = await deliver(work, document, step, linkDelivered(work.parts));
    if (!delivered.ok) return { ok: false, refused: step.kind, reason: delivered.reason };
    found ||= delivered.found;
  }
  return { ok: true, found };
}

/** So long a removal of ours may stay unseen by the destination's own reads, and so often it is looked at meanwhile. */
const SEEN_WITHIN_MS = 120_000;
const LOOK_AGAIN_MS = 5_000;

/** What still reads as before a removal of ours, done a moment ago, is read again for a while before a person is asked. */
export async function waitUntilSeen(
  work: LaneWork,
  document: SyncDocument,
  { number }: Counterpart,
  differences: Figures,
): Promise<void> {
  const doneAt = differences.length > 0 ? await lastEffectAt(work.parts.db, document.id) : undefined;
  if (doneAt === undefined) return;
  const now = nowFor(work).getTime();
  const age = now - doneAt.getTime();
  // Ahead of now where the clock was set back: then nothing is known of its age.
  if (age < 0 || age >= SEEN_WITHIN_MS) return;
  const message = `${number} still reads as before it was taken back: it is read again`;
  throw new OperatingError('transient', message, { until: now + LOOK_AGAIN_MS });
}

export function toConfirmed(copy: CopyState): Confirmed {
  return {
    amountMinor: copy.amount.amountMinor.toString(),
    balanceMinor: copy.balance.amountMinor.toString(),
    date: copy.date,
    stage: copy.stage,
  };
}

export async function noteConfirmation(
  work: LaneWork,
  tx: Db,
  document: SyncDocument,
  differences: Figures,
  raw: unknown,
): Promise<void> {
  await note(work, tx, document, 'confirmation', {
    summary:
      differences.length === 0
        ? 'read back: equal'
        : `read back: differs in ${differences.map(({ name }) => name).join(', ')}`,
    differences,
    readBack: raw,
  });
  const { heal, ...lasting } = document.decisions;
  if (differences.length === 0 && heal) await setDecisions(tx, document.id, lasting);
}

export function differs(work: LaneWork, counterpart: Counterpart, figures: Figures): Reason {
  return {
    code: 'read-back-differs',
    message: `${counterpart.number} in ${labelOf(work.parts, work.open.connection, 'destination')} does not equal the source: ${figures
      .map(({ name, source, destination }) => `${name} ${destination} instead of ${source}`)
      .join('; ')}.`,
    figures,
    wayOut: 'Correct the copy in the destination, then replay the record.',
    choices: [
      {
        choice: 'heal',
        label: 'Make it equal to the source again',
        explains: 'What differs in the destination is overwritten with what the source says.',
      },
    ],
  };
}

/** Tells the documents of these links to look again: something they stand on has moved. */
export async function tellLinked(work: LaneWork, links: readonly Link[], topic: string): Promise<void> {
  if (links.length === 0) return;
  await work.parts.db.transaction().execute((tx) => tellLinkedIn(work, tx, links, topic));
}

export async function tellLinkedIn(
  work: LaneWork,
  tx: Db,
  links: readonly Link[],
  topic: string,
): Promise<void> {
  const ids = links.map(({ counterpart }) => counterpart.id);
  await touchLinks(tx, work.open.connection.id, ids, nowFor(work));
  await wake(work, tx, links, topic);
}

export function nowFor(work: LaneWork): Date {
  return nowOf(work.parts);
}
