/** Poll cursors: up to which moment everything that changed has been stored (I9). */
import type { DocumentKind } from '../core/canonical.ts';
import type { Db } from './db.ts';

export type CursorKey = { connectionId: string; kind: DocumentKind; deleted: boolean };

export async function findCursor(db: Db, key: CursorKey): Promise<Date | undefined> {
  const row = await db
    .selectFrom('cursors')
    .select('complete_until')
    .where('connection_id', '=', key.connectionId)
    .where('kind', '=', key.kind)
    .where('deleted', '=', key.deleted)
    .executeTakeFirst();
  return row?.complete_until;
}

export async function saveCursor(db: Db, key: CursorKey, completeUntil: Date): Promise<void> {
  await db
    .insertInto('cursors')
    .values({
      connection_id: key.connectionId,
      kind: key.kind,
      deleted: key.deleted,
      complete_until: completeUntil,
    })
    .onConflict((oc) =>
      oc.columns(['connection_id', 'kind', 'deleted']).doUpdateSet({ complete_until: completeUntil }),
    )
    .execute();
}
