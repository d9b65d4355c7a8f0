/** Notices of an upgrade: said once, shown to everybody who may look, done by an admin. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { ADMIN, createEngineKit, type EngineKit } from '../../test/kit/engine.ts';
import type { DB } from '../store/schema.ts';
import { addNotice, closeNotices } from '../store/upgrade-notices.ts';
import { PermissionError } from './context.ts';
import { listAudit } from './list-audit.ts';
import { finishNotice, listNotices } from './notices.ts';
import { status } from './status.ts';

const VIEWER = { name: 'user:vic@example.com', role: 'viewer' } as const;
const ENDED = { code: 'token-ended', subject: 'nightly', message: 'The API token "nightly" was ended.' };

let database: TestDatabase<DB>;
let kit: EngineKit;

beforeAll(async () => {
  database = await createTestDatabase<DB>();
  kit = await createEngineKit(database);
});
afterAll(() => database.drop());

test('a notice is said once, is seen by a viewer and in the status, and only an admin ends it', async () => {
  const { parts } = kit;
  const now = new Date(kit.clock.now());
  for (let start = 0; start < 2; start += 1) await addNotice(parts.db, ENDED, now);
  const [notice, ...others] = await listNotices(parts, VIEWER);
  expect(notice).toMatchObject({ ...ENDED, action: '', connectionId: null });
  expect(others).toEqual([]);
  expect((await status(parts, VIEWER)).notices).toEqual([notice]);

  const noticeId = notice?.id ?? '';
  await expect(finishNotice(parts, VIEWER, { noticeId })).rejects.toThrow(PermissionError);
  expect(await finishNotice(parts, ADMIN, { noticeId })).toMatchObject({ message: ENDED.message });
  await expect(finishNotice(parts, ADMIN, { noticeId })).rejects.toThrow('no open notice');
  expect((await listAudit(parts, ADMIN, { limit: 1 })).entries[0]?.summary).toBe(
    `notice done: ${ENDED.message}`,
  );

  // The next start finds the same, and does not say it again.
  await addNotice(parts.db, ENDED, now);
  expect(await listNotices(parts, VIEWER)).toEqual([]);
});

test('a notice whose cause is gone ends by itself', async () => {
  const { parts } = kit;
  const now = new Date(kit.clock.now());
  const notice = { code: 'address-refused', subject: 'acme', message: 'Its address is private.' };
  await addNotice(parts.db, { ...notice, connectionId: kit.connectionId, action: 'Set something.' }, now);
  await closeNotices(parts.db, { code: notice.code, subject: 'other', doneBy: 'system', now });
  expect(await listNotices(parts, VIEWER)).toHaveLength(1);
  await closeNotices(parts.db, { code: notice.code, subject: 'acme', doneBy: 'system', now });
  expect(await listNotices(parts, VIEWER)).toEqual([]);
});
