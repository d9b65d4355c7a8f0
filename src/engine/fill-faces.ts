/** Records that were stored before lists had a day and a payment's invoice get them from their newest revision. */
import { sql } from 'kysely';
import type { DocumentKind } from '../core/canonical.ts';
import type { JsonObject } from '../core/json.ts';
import { setDocumentFace } from '../store/documents.ts';
import type { ConnectionRuntime } from './connection-runtime.ts';
import type { EngineParts } from './parts.ts';

const AT_ONCE = 100;

type Row = { id: string; connection_id: string; kind: DocumentKind; raw: JsonObject };

/** In the background; what a stop leaves is done at the next start. Returns how many it looked at. */
export async function fillFaces(
  { db, stopping }: Pick<EngineParts, 'db' | 'stopping'>,
  runtime: ConnectionRuntime,
): Promise<number> {
  let [after, seen] = ['00000000-0000-0000-0000-000000000000', 0];
  while (!stopping.aborted) {
    const { rows } = await sql<Row>`
      select d.id, d.connection_id, d.kind, r.raw from documents d
      join connections c on c.id = d.connection_id and c.removed_at is null
      join revisions r on r.id = d.revision_id
      where d.dated_on is null and d.kind <> 'client' and d.id > ${after}::uuid
      order by d.id limit ${AT_ONCE}`.execute(db);
    for (const { id, connection_id: connectionId, kind, raw } of rows) {
      const { source } = await runtime.open(connectionId);
      await setDocumentFace(db, id, source.toRecord(kind, raw));
    }
    seen += rows.length;
    const last = rows.at(-1);
    if (last === undefined) break;
    after = last.id;
  }
  return seen;
}
