/** What a seeded bug is: a patch of the product in a copy of its sources, and the check that must see it. */
import type { StepKind } from '../../src/core/steps.ts';
import type { Checkpoint } from '../../src/engine/checkpoints.ts';
import type { FaultName } from '../../src/prove/fault-class.ts';

export type Check =
  /** The kill matrix for one kind of step, with kills at these durable steps; without any it is judged in peace. */
  | {
      by: 'kills';
      kind: StepKind;
      at: readonly Checkpoint[];
      awayMs?: number;
      from?: string;
      forgetful?: true;
    }
  /** Seeds of `prove` with these classes of faults. */
  | { by: 'prove'; faults: readonly FaultName[]; seeds: readonly number[]; acts: number }
  /** `prove:unknown` with so many outcomes. */
  | { by: 'unknown'; count: number }
  /** Webhooks at a moment at which the database cannot take them. */
  | { by: 'door' }
  /** A user edits a document once more while it is being copied. */
  | { by: 'midst'; at: Checkpoint }
  /** Two processes renew a token at once. */
  | { by: 'renewal' }
  /** Tests of a guarantee, where it has nothing to do with faults. */
  | { by: 'test'; project: 'unit' | 'database'; file: string; name: string };

/** `text` stands in `file` exactly once. */
export type Edit = { file: string; text: string; instead: string };

export type Bug = { name: string; edits: readonly Edit[]; check: Check };

export function kills(kind: StepKind, ...at: readonly Checkpoint[]): Check {
  return { by: 'kills', kind, at };
}

export function prove(faults: readonly FaultName[], ...seeds: readonly number[]): Check {
  return { by: 'prove', faults, seeds, acts: 20 };
}

export function bug(
  name: string,
  check: Check,
  ...edits: readonly (readonly [string, string, string])[]
): Bug {
  return {
    name,
    check,
    edits: edits.map(([file, text, instead]) => ({ file, text, instead })),
  };
}

/** Every combination of them once. */
export const UNKNOWN: Check = { by: 'unknown', count: 160 };
