/** Another document as the source has it now, where a plan needs to know it but does not bring it. */
import type { CanonicalDocument, DocumentKind } from '../core/canonical.ts';
import type { LaneWork } from './lane-work.ts';

/** Undefined when the source does not know it or it cannot be mapped. */
export async function readCanonical(
  { open }: LaneWork,
  kind: DocumentKind,
  sourceId: string,
): Promise<CanonicalDocument | undefined> {
  const record = await open.source.read(kind, sourceId);
  const mapped = record && open.source.toCanonical(record);
  return mapped?.ok ? mapped.value : undefined;
}
