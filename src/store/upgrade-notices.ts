/** What an upgrade found that a person has to do or to know; each stands until it is done. */
import { sql } from 'kysely';
import type { Db } from './db.ts';

export type UpgradeNotice = {
  id: string;
  code: string;
  connectionId: string | null;
  /** Which token, connection or person. */
  subject: string;
  message: string;
  /** Empty where knowing is enough. */
  action: string;
  createdAt: Date;
};

/** Said once for each code and subject: a notice that was done stays done. Migrations may insert rows of their own. */
export async function addNotice(
  db: Db,
  notice: Pick<UpgradeNotice, 'code' | 'subject' | 'message'> & {
    connectionId?: string;
    action?: string;
  },
  now: Date,
): Promise<void> {
  await db
    .insertInto('upgrade_notices')
    .values({
      code: notice.code,
      subject: notice.subject,
      message: notice.message,
      action: notice.action ?? '',
      connection_id: notice.connectionId ?? null,
      created_at: now,
    })
    .onConflict((conflict) => conflict.columns(['code', 'subject']).doNothing())
    .execute();
}

/** Those that are not done, oldest first. */
export async function listOpenNotices(db: Db): Promise<UpgradeNotice[]> {
  const rows = await db
    .selectFrom('upgrade_notices')
    .selectAll()
    .where('done_at', 'is', null)
    .orderBy('created_at')
    .orderBy('code')
    .orderBy('subject')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    code: row.code,
    connectionId: row.connection_id,
    subject: row.subject,
    message: row.message,
    action: row.action,
    createdAt: row.created_at,
  }));
}

/** A person has read it: its message; undefined where there is no such open notice. */
export async function finishNotice(
  db: Db,
  { id, doneBy, now }: { id: string; doneBy: string; now: Date },
): Promise<string | undefined> {
  const { rows } = await sql<{ message: string }>`
    update upgrade_notices set done_at = ${now}, done_by = ${doneBy}
    where id::text = ${id} and done_at is null returning message`.execute(db);
  return rows[0]?.message;
}

/** What it asked for has been done by itself, or by the very act that it asked for. */
export async function closeNotices(
  db: Db,
  { code, subject, doneBy, now }: { code: string; subject: string; doneBy: string; now: Date },
): Promise<void> {
  await db
    .updateTable('upgrade_notices')
    .set({ done_at: now, done_by: doneBy })
    .where('code', '=', code)
    .where('subject', '=', subject)
    .where('done_at', 'is', null)
    .execute();
}
