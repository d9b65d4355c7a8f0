/** When an event may be looked for: what is told too often is put off (src/engine/told-often.ts). */
import { type RawBuilder, sql } from 'kysely';

/** For a query in which an event is called `e`. */
export function isDue(now: Date): RawBuilder<boolean> {
  return sql<boolean>`(e.due_at is null or e.due_at <= ${now})`;
}
