/** A person's choice for a parked record: remembered, audited, and looked at again at once. */
import { NotFound, UsageError } from '../core/errors.ts';
import { nowOf } from '../engine/parts.ts';
import { findConnection } from '../store/connections.ts';
import type { Db } from '../store/db.ts';
import {
  type Choice,
  type Decisions,
  findDocumentById,
  lockDocument,
  type SyncDocument,
  setDecisions,
} from '../store/documents.ts';
import { clearDeferral } from '../store/lanes.ts';
import { appendTrail, documentSubject } from '../store/trail.ts';
import { type Actor, requireRole } from './context.ts';
import type { OperationParts } from './parts.ts';
import { replayChunk } from './replay.ts';

const CONNECTION_GONE = 'The connection of this record was removed: nobody works on it any more.';

export type Resolution = { recordId: string; choice: string; argument?: string | undefined };

/** Throws UsageError when the record does not offer that choice now. */
export async function resolveRecord(
  parts: OperationParts,
  actor: Actor,
  { recordId, choice, argument }: Resolution,
): Promise<{ recordId: string; choice: string }> {
  requireRole(actor, 'operator');
  const awaited = await findAwaited(parts, recordId, choice);
  if (awaited) return resolveRecord(parts, actor, { recordId: awaited.id, choice, argument });
  await parts.db.transaction().execute(async (tx) => {
    const seen = await findDocumentById(tx, recordId);
    if (!seen) throw new NotFound(`There is no record ${recordId}.`, 'records lists them.');
    if (!(await findConnection(tx, seen.connectionId))) throw new NotFound(CONNECTION_GONE);
    // The lane first, as whoever works in it takes them; then nobody decides beside us from a state that is over.
    await clearDeferral(tx, seen.connectionId, [seen.lane]);
    const document = await lockDocument(tx, seen.id);
    const chosen = offered(document, choice, argument);
    await replayChunk(parts, tx, actor.name, [
      {
        id: document.id,
        connection_id: document.connectionId,
        kind: document.kind,
        source_id: document.sourceId,
        lane: document.lane,
      },
    ]);
    await setDecisions(tx, document.id, decided(document, chosen));
    await noteDecision(parts, tx, actor, document, chosen);
  });
  return { recordId, choice };
}

/** A record that only waits passes on what is decided for it to the one that is asked about. */
async function findAwaited(
  { db }: OperationParts,
  recordId: string,
  choice: string,
): Promise<SyncDocument | undefined> {
  const record = await findDocumentById(db, recordId);
  if (record?.state !== 'parked' || record.reason?.waitsFor === undefined) return undefined;
  const awaited = await findDocumentById(db, record.reason.waitsFor);
  return awaited?.reason?.choices?.some((one) => one.choice === choice) ? awaited : undefined;
}

function offered({ state, reason }: SyncDocument, choice: string, argument: string | undefined): Choice {
  const choices = state === 'parked' ? (reason?.choices ?? []) : [];
  const found = choices.find(
    (one) => one.choice === choice && (one.argument === undefined || one.argument === argument),
  );
  if (found?.asks !== undefined) return named(found, argument);
  if (found) return found;
  const known = choices.map((one) => [one.choice, one.argument].filter(Boolean).join(' ')).join(', ');
  throw new UsageError(
    `The record offers no choice "${[choice, argument].filter(Boolean).join(' ')}".`,
    known === '' ? 'It waits for nobody’s decision.' : `It offers: ${known}.`,
  );
}

function named(choice: Choice, argument: string | undefined): Choice {
  if (argument?.trim()) return { ...choice, argument: argument.trim() };
  throw new UsageError(`"${choice.choice}" needs to know: ${choice.asks}.`, 'Give it as the argument.');
}

function decided({ decisions }: SyncDocument, { choice, argument }: Choice): Decisions {
  switch (choice) {
    case 'account':
      return { ...decisions, account: argument ?? '' };
    case 'share-account':
      return { ...decisions, account: argument ?? '', 'share-account': argument ?? '' };
    case 'renumber': {
      const { adopt: _taken, ...others } = decisions;
      return { ...others, renumber: (decisions.renumber ?? 0) + 1 };
    }
    case 'new-account': {
      const { account: _wrong, 'share-account': _shared, ...others } = decisions;
      return { ...others, 'new-account': true };
    }
    case 'from-invoice':
    case 'adopt':
    case 'heal':
    case 'own-number':
    case 'open-day':
    case 'leave-out':
      return { ...decisions, [choice]: true };
  }
}

async function noteDecision(
  parts: OperationParts,
  tx: Db,
  actor: Actor,
  { id, connectionId, reason }: SyncDocument,
  { label, choice, argument }: Choice,
): Promise<void> {
  const data = { summary: `decided: ${label}`, choice, argument, about: reason };
  const entry = {
    subject: documentSubject(id),
    connectionId,
    actor: actor.name,
    entry: 'decision' as const,
    data,
  };
  await appendTrail(tx, entry, nowOf(parts));
}
