/** The typed handle every store function takes: a pool or a transaction, they look the same. */
import { CompiledQuery, type Kysely } from 'kysely';
import type { SqlRunner } from '../platform/queue.ts';
import type { DB } from './schema.ts';

export type Db = Kysely<DB>;

/** Plain SQL on the same connection or transaction, for parts that bring their own SQL. */
export function sqlRunner(db: Db): SqlRunner {
  return async (text, values) => {
    const { rows } = await db.executeQuery(CompiledQuery.raw(text, [...values]));
    return { rows };
  };
}
