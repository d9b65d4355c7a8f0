/** The named places at which a process may die: before and after everything that becomes durable, here or elsewhere. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Lease } from '../store/lanes.ts';

/** `call` is a request to a vendor; `answer` is its record in the audit; the others are commits of ours. */
export const DURABLE_STEPS = [
  'event',
  'page',
  'cursor',
  'history',
  'lease',
  'token',
  'revision',
  'note',
  'intent',
  'call',
  'answer',
  'doubt',
  'outcome',
  'confirmation',
  'state',
] as const;
export type DurableStep = (typeof DURABLE_STEPS)[number];

/** What becomes durable of a callback with the source: no record's life comes past it. */
export const REGISTRATION_STEP = 'registration';

type Step = DurableStep | typeof REGISTRATION_STEP;

/** `before` a commit means inside the transaction, with everything written. */
export type Checkpoint = `${'before' | 'after'} ${Step}`;

export const CHECKPOINTS: readonly Checkpoint[] = DURABLE_STEPS.flatMap((step) => [
  `before ${step}` as const,
  `after ${step}` as const,
]);

export type CheckpointAbout = { lease?: Lease; call?: string };

/** A rehearsal's: what it throws ends the work as a crash would, as long as nothing of the process works afterwards. */
export type OnCheckpoint = (at: Checkpoint, about: CheckpointAbout) => Promise<void>;

type Parts = { checkpoint?: OnCheckpoint };

const progress = new AsyncLocalStorage<() => void>();

/** `onStep` is called at each checkpoint that the work comes past: it makes progress. */
export function watchingProgress<T>(onStep: () => void, run: () => Promise<T>): Promise<T> {
  return progress.run(onStep, run);
}

export async function reach(
  { checkpoint }: Parts,
  at: Checkpoint,
  about: CheckpointAbout = {},
): Promise<void> {
  progress.getStore()?.();
  await checkpoint?.(at, about);
}

/** `act` between its two checkpoints. */
export async function between<T>(
  parts: Parts,
  step: Step,
  act: () => Promise<T>,
  about: CheckpointAbout = {},
): Promise<T> {
  await reach(parts, `before ${step}`, about);
  const result = await act();
  await reach(parts, `after ${step}`, about);
  return result;
}
