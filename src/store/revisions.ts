/** Revisions: every state of a document as it was read, immutable. */
import type { JsonObject } from '../core/json.ts';
import type { Db } from './db.ts';

/** `contentHash`: the fingerprint of `raw`. */
export type Revision = { id: string; readSeq: bigint; raw: JsonObject; contentHash: string };

/** Stores a newer state and makes it the document's present one; returns undefined when nothing changed since the last. */
export async function recordRevision(
  db: Db,
  documentId: string,
  revision: Revision,
  now: Date,
): Promise<Revision | undefined> {
  const { contentHash } = revision;
  const latest = await findLatestRevision(db, documentId);
  const changed = latest?.contentHash !== contentHash;
  if (changed) {
    await db
      .insertInto('revisions')
      .values({
        id: revision.id,
        document_id: documentId,
        read_seq: revision.readSeq,
        read_at: now,
        content_hash: contentHash,
        raw: JSON.stringify(revision.raw),
      })
      .execute();
  }
  await db
    .updateTable('documents')
    .set({ fetched_seq: revision.readSeq, ...(changed ? { revision_id: revision.id } : {}) })
    .where('id', '=', documentId)
    .where('fetched_seq', '<', revision.readSeq)
    .execute();
  return changed ? revision : undefined;
}

export async function findLatestRevision(db: Db, documentId: string): Promise<Revision | undefined> {
  const row = await db
    .selectFrom('revisions')
    .select(['id', 'read_seq', 'raw', 'content_hash'])
    .where('document_id', '=', documentId)
    .orderBy('read_seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return (
    row && { id: row.id, readSeq: row.read_seq, raw: row.raw as JsonObject, contentHash: row.content_hash }
  );
}

/**
 * Content hashes of the newest revisions of many documents, by source id; for telling what a list page has that is
 * new. Left out are those with a listed record that still waits: next to that one, the old content is new again.
 */
export async function listLatestHashes(
  db: Db,
  connectionId: string,
  kind: string,
  sourceIds: readonly string[],
): Promise<Map<string, string>> {
  if (sourceIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('documents as d')
    .innerJoin('revisions as r', 'r.id', 'd.revision_id')
    .select(['d.source_id', 'r.content_hash'])
    .where('d.connection_id', '=', connectionId)
    .where('d.kind', '=', kind)
    .where('d.source_id', 'in', [...sourceIds])
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('events as e')
            .select('e.seq')
            .whereRef('e.document_id', '=', 'd.id')
            .where('e.settled_at', 'is', null)
            .where('e.record', 'is not', null),
        ),
      ),
    )
    .execute();
  return new Map(rows.map((row) => [row.source_id, row.content_hash]));
}
