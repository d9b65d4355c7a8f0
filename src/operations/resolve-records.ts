/** The same choice for several parked records: each on its own, so that one which offers it no more stops nobody. */
import { UsageError } from '../core/errors.ts';
import { type Actor, requireRole } from './context.ts';
import type { OperationParts } from './parts.ts';
import { resolveRecord } from './resolve-record.ts';

export async function resolveRecords(
  parts: OperationParts,
  actor: Actor,
  request: { recordIds: readonly string[]; choice: string; argument?: string | undefined },
): Promise<{ resolved: string[]; refused: { recordId: string; message: string }[] }> {
  requireRole(actor, 'operator');
  const { recordIds, choice, argument } = request;
  const resolved: string[] = [];
  const refused: { recordId: string; message: string }[] = [];
  for (const recordId of recordIds) {
    try {
      await resolveRecord(parts, actor, { recordId, choice, argument });
      resolved.push(recordId);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      refused.push({ recordId, message: [error.message, error.hint].filter(Boolean).join(' ') });
    }
  }
  return { resolved, refused };
}
