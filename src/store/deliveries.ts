/** Deliveries: each step we intend, committed before its call (I3), until its outcome is known. */
import { createHash } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import type { JsonValue } from '../core/json.ts';
import type { DestinationRequest } from '../core/ports.ts';
import { type Counterpart, type Step, type StepKind, touchedBy } from '../core/steps.ts';
import type { Db } from './db.ts';
import type { Deliveries } from './schema.ts';

export type Delivery = {
  id: string;
  connectionId: string;
  documentId: string;
  step: Step;
  request: DestinationRequest;
  keyBase: string;
  keyGeneration: number;
  intendedAt: Date;
  keySince: Date;
  /** Since when a call with the present key may still be on its way. */
  doubtSince: Date | null;
};

export type DeliveryOutcome = { counterpart: Counterpart; raw: JsonValue; how: 'sent' | 'found' };

/** The key the vendor sees. A new generation only after a failure that is known to have had no effect. */
export function idempotencyKeyOf(delivery: Pick<Delivery, 'keyBase' | 'keyGeneration'>): string {
  return `${delivery.keyBase}.${delivery.keyGeneration}`;
}

/**
 * The same for the same step of the same document, whatever the database has forgotten since: a call of before a
 * restore that is still on its way is met by its own key. `ordinal` counts the document's earlier steps of the kind,
 * because a vendor remembers what became of each.
 */
function keyBaseOf(connectionId: string, step: Step, ordinal: number): string {
  const text = [connectionId, step.kind, naturalKeyOf(step), ordinal].join('\n');
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

function naturalKeyOf(step: Step): string {
  switch (step.kind) {
    case 'create-account':
      return step.accountNumber;
    case 'create-invoice':
    case 'create-credit':
      return `${step.externalKey}\n${step.number}`;
    case 'create-payment':
      return step.externalKey;
    case 'refund-payment':
    case 'adjust-invoice':
      return step.mark;
    case 'update-account':
      return step.account.id;
    default:
      return touchedBy(step).join('\n');
  }
}

/** Steps carry amounts as bigint; in JSON they are {"$minor": "123"}. */
function encodeStep(step: Step): string {
  return JSON.stringify(step, (_key, value: unknown) =>
    typeof value === 'bigint' ? { $minor: value.toString() } : value,
  );
}

function decodeStep(stored: unknown): Step {
  return decoded(stored) as Step;
}

function decoded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decoded);
  if (value === null || typeof value !== 'object') return value;
  if ('$minor' in value && typeof value.$minor === 'string') return BigInt(value.$minor);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, decoded(member)]));
}

function toDelivery(row: Selectable<Deliveries>): Delivery {
  return {
    id: row.id,
    connectionId: row.connection_id,
    documentId: row.document_id,
    step: decodeStep(row.step),
    request: row.request as DestinationRequest,
    keyBase: row.key_base,
    keyGeneration: row.key_generation,
    intendedAt: row.intended_at,
    keySince: row.key_since,
    doubtSince: row.doubt_since,
  };
}

export async function insertDelivery(
  db: Db,
  delivery: {
    id: string;
    connectionId: string;
    documentId: string;
    step: Step;
    request: DestinationRequest;
    mappingVersion: string;
  },
  now: Date,
): Promise<Delivery> {
  const { earlier } = await db
    .selectFrom('deliveries')
    .select((eb) => eb.fn.countAll<bigint>().as('earlier'))
    .where('document_id', '=', delivery.documentId)
    .where('step_kind', '=', delivery.step.kind)
    .executeTakeFirstOrThrow();
  const row = await db
    .insertInto('deliveries')
    .values({
      id: delivery.id,
      connection_id: delivery.connectionId,
      document_id: delivery.documentId,
      step_kind: delivery.step.kind,
      step: encodeStep(delivery.step),
      request: JSON.stringify(delivery.request),
      mapping_version: delivery.mappingVersion,
      key_base: keyBaseOf(delivery.connectionId, delivery.step, Number(earlier)),
      state: 'intended',
      intended_at: now,
      key_since: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toDelivery(row);
}

/** The document's step whose outcome is not known yet. */
export async function findOpenDelivery(
  db: Db,
  documentId: string,
  kind?: StepKind,
): Promise<Delivery | undefined> {
  let query = db
    .selectFrom('deliveries')
    .selectAll()
    .where('document_id', '=', documentId)
    .where('state', '=', 'intended');
  if (kind) query = query.where('step_kind', '=', kind);
  const row = await query.executeTakeFirst();
  return row && toDelivery(row);
}

export async function settleDelivery(
  db: Db,
  id: string,
  end:
    | { state: 'succeeded'; outcome: DeliveryOutcome }
    | { state: 'failed'; error: { kind: string; code?: string | undefined; message: string } },
  now: Date,
): Promise<void> {
  await db
    .updateTable('deliveries')
    .set({
      state: end.state,
      settled_at: now,
      ...(end.state === 'succeeded'
        ? { result: JSON.stringify(end.outcome) }
        : { error: JSON.stringify(end.error) }),
    })
    .where('id', '=', id)
    .where('state', '=', 'intended')
    .execute();
}

export async function nextKeyGeneration(db: Db, delivery: Delivery, now: Date): Promise<Delivery> {
  const row = await db
    .updateTable('deliveries')
    .set({ key_generation: delivery.keyGeneration + 1, key_since: now, doubt_since: null })
    .where('id', '=', delivery.id)
    .where('key_generation', '=', delivery.keyGeneration)
    .returningAll()
    .executeTakeFirstOrThrow();
  return toDelivery(row);
}

/** The outcome of a call with the present key is unknown since then. */
export async function keepInDoubt(db: Db, delivery: Delivery, since: Date | null): Promise<void> {
  await db.updateTable('deliveries').set({ doubt_since: since }).where('id', '=', delivery.id).execute();
}

/** When the document's newest step took effect, as far as we know. */
export async function lastEffectAt(db: Db, documentId: string): Promise<Date | undefined> {
  const row = await db
    .selectFrom('deliveries')
    .select('settled_at')
    .where('document_id', '=', documentId)
    .where('state', '=', 'succeeded')
    .orderBy('settled_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.settled_at ?? undefined;
}

/** Whether the destination has refused this kind of step on this counterpart before. */
export async function wasRefused(
  db: Db,
  documentId: string,
  kind: StepKind,
  counterpartId: string,
): Promise<boolean> {
  const row = await db
    .selectFrom('deliveries')
    .select('id')
    .where('document_id', '=', documentId)
    .where('step_kind', '=', kind)
    .where('state', '=', 'failed')
    .where(sql<string>`step -> 'invoice' ->> 'id'`, '=', counterpartId)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Other documents of the lane that have a step whose outcome is not known yet. */
export async function listOpenInLane(
  db: Db,
  lane: { connectionId: string; lane: string },
  exceptDocument: string,
): Promise<string[]> {
  const rows = await db
    .selectFrom('deliveries')
    .innerJoin('documents', 'documents.id', 'deliveries.document_id')
    .select('documents.id')
    .distinct()
    .where('deliveries.state', '=', 'intended')
    .where('documents.connection_id', '=', lane.connectionId)
    .where('documents.lane', '=', lane.lane)
    .where('documents.id', '<>', exceptDocument)
    // Set aside after a fault: a person is asked, and the lane goes on.
    .where('documents.state', '<>', 'parked')
    .execute();
  return rows.map(({ id }) => id);
}
