/** Call budgets: what one tenant of a vendor may still call, changed by comparing versions. */
import { sql } from 'kysely';
import type { CallBudget } from '../core/call-budget.ts';
import type { Db } from './db.ts';

export type BudgetKey = { name: string; pool: string };
export type StoredBudget = { version: bigint; budget: CallBudget; changedAt: Date };

export async function findBudget(db: Db, { name, pool }: BudgetKey): Promise<StoredBudget | undefined> {
  const row = await db
    .selectFrom('call_budgets')
    .select(['version', 'state', 'changed_at'])
    .where('name', '=', name)
    .where('pool', '=', pool)
    .executeTakeFirst();
  return (
    row && {
      version: row.version,
      budget: row.state as unknown as CallBudget,
      changedAt: row.changed_at,
    }
  );
}

/** Every pool of calls of one tenant. */
export async function findBudgets(db: Db, name: string): Promise<{ pool: string; budget: CallBudget }[]> {
  const rows = await db
    .selectFrom('call_budgets')
    .select(['pool', 'state'])
    .where('name', '=', name)
    .orderBy('pool')
    .execute();
  return rows.map(({ pool, state }) => ({ pool, budget: state as unknown as CallBudget }));
}

/** False when somebody else has changed it since `seen` was read. */
export async function swapBudget(
  db: Db,
  { name, pool }: BudgetKey,
  seen: StoredBudget | undefined,
  budget: CallBudget,
  now: Date,
): Promise<boolean> {
  const state = JSON.stringify(budget);
  if (seen === undefined) {
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('call_budgets')
      .values({ name, pool, state, changed_at: now })
      .onConflict((oc) => oc.doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  }
  const { numUpdatedRows } = await db
    .updateTable('call_budgets')
    .set({ state, version: seen.version + 1n, changed_at: now })
    .where('name', '=', name)
    .where('pool', '=', pool)
    .where('version', '=', seen.version)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Forgets every call on its way. Only for a process that knows that no other can be alive: the owner of an embedded database. */
export async function forgetCallsUnderWay(db: Db): Promise<void> {
  await sql`update call_budgets set state = jsonb_set(state, '{processes}', '{}'), version = version + 1`.execute(
    db,
  );
}
