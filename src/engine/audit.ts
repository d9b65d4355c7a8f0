/** Ties every API call to the document it is made for, and writes it into that document's trail. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { AttemptRecord } from '../core/ports.ts';
import type { Side } from '../store/connections.ts';
import { appendTrail, connectionSubject, documentSubject } from '../store/trail.ts';
import { ENGINE_ACTOR, type EngineParts } from './parts.ts';

export type AuditScope = { documentId: string; deliveryId?: string };

const scope = new AsyncLocalStorage<AuditScope>();

export function withAuditScope<T>(value: AuditScope, run: () => Promise<T>): Promise<T> {
  return scope.run(value, run);
}

export async function recordAttempt(
  parts: EngineParts,
  connectionId: string,
  side: Side,
  attempt: AttemptRecord,
): Promise<void> {
  parts.metrics.apiCalls.inc({ side, call: attempt.call, status: String(attempt.status ?? 0) });
  parts.metrics.apiSeconds.observe({ side }, attempt.durationMs / 1000);
  const { documentId, deliveryId } = scope.getStore() ?? {};
  await appendTrail(
    parts.db,
    {
      subject: documentId ? documentSubject(documentId) : connectionSubject(connectionId),
      connectionId,
      actor: ENGINE_ACTOR,
      entry: 'call',
      data: {
        summary: `${attempt.call}: ${attempt.status ?? attempt.failure ?? 'no answer'} in ${attempt.durationMs} ms`,
        side,
        deliveryId,
        ...attempt,
      },
    },
    new Date(parts.clock.now()),
  );
}
