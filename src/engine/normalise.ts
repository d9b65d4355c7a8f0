/** Normalisation: the source's record as a canonical document, or a reason with every problem in it. */
import { setImmediate } from 'node:timers/promises';
import type { CanonicalDocument } from '../core/canonical.ts';
import { toldOrigins } from '../core/origins.ts';
import type { SourceRecord } from '../core/ports.ts';
import { findOpenDelivery } from '../store/deliveries.ts';
import type { Reason, SyncDocument } from '../store/documents.ts';
import { MAPPING_VERSION } from './deliver.ts';
import { fenced, type LaneWork, note } from './lane-work.ts';
import { toldProblems } from './plan/plan.ts';

export type Normalised = { ok: true; document: CanonicalDocument } | { ok: false; reason: Reason };

export async function normalise(
  work: LaneWork,
  document: SyncDocument,
  fetched: { record: SourceRecord; revisionId: string },
): Promise<Normalised> {
  await setImmediate();
  const mapped = work.open.source.toCanonical(fetched.record);
  await setImmediate();
  // While a step is open the same revision may be looked at many times; its transformation is noted once.
  const known = (await findOpenDelivery(work.parts.db, document.id)) !== undefined;
  if (!known) {
    await fenced(work, (tx) =>
      note(work, tx, document, 'transformation', {
        summary: mapped.ok
          ? 'mapped'
          : `cannot be mapped: ${mapped.problems.map(({ field }) => field).join(', ')}`,
        revisionId: fetched.revisionId,
        mappingVersion: MAPPING_VERSION,
        ...(mapped.ok
          ? {
              canonical: mapped.value,
              ...toldOrigins(work.open.source.originsOf?.(fetched.record, mapped.value)),
            }
          : { problems: mapped.problems }),
      }),
    );
  }
  if (mapped.ok) return { ok: true, document: mapped.value };
  return {
    ok: false,
    reason: {
      code: 'unmappable',
      message: toldProblems(mapped.problems),
      problems: [...mapped.problems],
      wayOut: 'Correct it in the source; the change is noticed by itself.',
    },
  };
}
