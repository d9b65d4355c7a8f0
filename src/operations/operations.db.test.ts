/** What people may ask for: by role, in pages, audited, and without harm to what is under way. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { ADMIN, createEngineKit, type EngineKit, invoiceOf, paymentOf } from '../../test/kit/engine.ts';
import { asOwner } from '../../test/kit/tamper.ts';
import { OperatingError, UsageError } from '../core/errors.ts';
import { createVault, readKeyFile, writeKeyFile } from '../platform/vault.ts';
import { listCallbacks } from '../store/callbacks.ts';
import { loadConnection } from '../store/connections.ts';
import { loadSecrets } from '../store/credentials.ts';
import { acquireLease, assertLease } from '../store/lanes.ts';
import type { DB } from '../store/schema.ts';
import { appendTrail, connectionSubject, documentSubject, listTrail } from '../store/trail.ts';
import { assertVaultFits } from '../store/vault-keys.ts';
import { addConnection } from './add-connection.ts';
import { backfill, backfillProgress } from './backfill.ts';
import { completeConsent, startConsent } from './consent.ts';
import { type Actor, PermissionError, type Role } from './context.ts';
import { resealKeys, rotateKeys, showKeys } from './keys.ts';
import { listAudit } from './list-audit.ts';
import { listConnections } from './list-connections.ts';
import { listConnectors } from './list-connectors.ts';
import { listParked } from './list-parked.ts';
import { countRecords, listRecords } from './list-records.ts';
import { overview } from './overview.ts';
import { ping } from './ping.ts';
import { previewConnection } from './preview-connection.ts';
import { replay } from './replay.ts';
import { listReplays, startReplay } from './replay-runs.ts';
import { resolveRecords } from './resolve-records.ts';
import { pauseConnection, resumeConnection, setConnection } from './set-connection.ts';
import { showConnection } from './show-connection.ts';
import { findRecordId, showRecord } from './show-record.ts';
import { status } from './status.ts';

const OPERATOR: Actor = { name: 'test:otto', role: 'operator' };
const VIEWER: Actor = { name: 'test:vera', role: 'viewer' };

let database: TestDatabase<DB>;
let kit: EngineKit;

beforeAll(async () => {
  database = await createTestDatabase<DB>({ max: 8 });
});
afterAll(() => database.drop());
beforeEach(async () => {
  kit = await createEngineKit(database);
});

async function bringInvoices(...ids: string[]): Promise<void> {
  kit.books.put('client', { id: '7', name: 'Ada Ltd', email: 'ada@example.com' });
  for (const id of ids) kit.books.put('invoice', invoiceOf({ id }));
  await kit.accept(...ids.map((sourceId) => ({ kind: 'invoice' as const, sourceId })));
  await kit.settle();
}

describe('permissions', () => {
  const request = () => ({ connection: kit.connectionId });
  const verbs: Record<string, [Role, (actor: Actor) => Promise<unknown>]> = {
    listConnections: ['viewer', (actor) => listConnections(kit.parts, actor)],
    listRecords: ['viewer', (actor) => listRecords(kit.parts, actor, { limit: 1 })],
    showRecord: ['viewer', (actor) => showRecord(kit.parts, actor, { recordId: 'x' })],
    status: ['viewer', (actor) => status(kit.parts, actor)],
    ping: ['viewer', (actor) => ping(kit.parts, actor, request())],
    backfillProgress: ['viewer', (actor) => backfillProgress(kit.parts, actor, { id: kit.connectionId })],
    listConnectors: ['viewer', (actor) => listConnectors(kit.parts, actor)],
    showConnection: ['viewer', (actor) => showConnection(kit.parts, actor, request())],
    previewConnection: ['viewer', (actor) => previewConnection(kit.parts, actor, { ...request(), limit: 1 })],
    countRecords: ['viewer', (actor) => countRecords(kit.parts, actor, {})],
    listParked: ['viewer', (actor) => listParked(kit.parts, actor, {})],
    overview: ['viewer', (actor) => overview(kit.parts, actor, { window: 'day' })],
    listAudit: ['viewer', (actor) => listAudit(kit.parts, actor, { limit: 1 })],
    listReplays: ['viewer', (actor) => listReplays(kit.parts, actor)],
    startReplay: ['operator', (actor) => startReplay(kit.parts, actor, { recordIds: [] })],
    resolveRecords: [
      'operator',
      (actor) => resolveRecords(kit.parts, actor, { recordIds: [], choice: 'adopt' }),
    ],
    replay: ['operator', (actor) => replay(kit.parts, actor, { recordIds: [] })],
    backfill: ['operator', (actor) => backfill(kit.parts, actor, request())],
    pauseConnection: ['operator', (actor) => pauseConnection(kit.parts, actor, request())],
    resumeConnection: ['operator', (actor) => resumeConnection(kit.parts, actor, request())],
    setConnection: ['admin', (actor) => setConnection(kit.parts, actor, request())],
    startConsent: ['admin', (actor) => startConsent(kit.parts, actor, request())],
    showKeys: ['admin', (actor) => showKeys(kit.parts, actor)],
    resealKeys: ['admin', (actor) => resealKeys(kit.parts, actor)],
    rotateKeys: ['admin', (actor) => rotateKeys(kit.parts, actor, { keyFile: '/nowhere' })],
    addConnection: ['admin', (actor) => addConnection(kit.parts, actor, newConnection({ name: '?' }))],
  };
  const RANKS: Role[] = ['viewer', 'operator', 'admin'];

  test.each(Object.keys(verbs))('%s is open to its role and above, and to nobody below', async (name) => {
    const [needed, ask] = verbs[name] ?? ['admin', async () => {}];
    for (const role of RANKS) {
      const refused = await ask({ name: `test:${role}`, role })
        .then(() => false)
        .catch((error: unknown) => error instanceof PermissionError);
      expect({ role, refused }).toEqual({ role, refused: RANKS.indexOf(role) < RANKS.indexOf(needed) });
    }
  });
});

function newConnection(changes: {
  name?: string;
  values?: Record<string, string>;
  password?: Record<string, string>;
  secrets?: Record<string, string>;
}) {
  return {
    name: changes.name ?? 'another',
    source: {
      connector: 'example-books',
      values: changes.values ?? { accountId: 'A', key: 'zq-key' },
      secrets: changes.secrets ?? {},
    },
    destination: {
      connector: 'example-billing',
      values: changes.password ?? { password: 'zq-password' },
      secrets: {},
    },
    webhooksEnabled: true,
    pollIntervalSeconds: 60,
  };
}

describe('a new connection', () => {
  test('sorts settings from secrets, takes defaults, and waits for consent where one is needed', async () => {
    const { id, needsConsent } = await addConnection(kit.parts, ADMIN, newConnection({ name: 'waits' }));
    expect(needsConsent).toBe(true);
    const connection = await loadConnection(database.db, 'waits');
    expect(connection).toMatchObject({
      state: 'paused',
      settings: { source: { accountId: 'A', tone: 'kind' }, destination: {} },
    });
    expect(await loadSecrets(database.db, kit.parts.vault, { connectionId: id, side: 'source' })).toEqual({
      key: 'zq-key',
    });
    const trail = await listTrail(database.db, connectionSubject(id));
    expect(trail).toMatchObject([{ actor: ADMIN.name, entry: 'decision' }]);
    expect(JSON.stringify(trail)).not.toContain('zq-');
  });

  test('names every bad field at once, and stores nothing', async () => {
    const bad = newConnection({ name: 'bad', values: { tone: 'loud', colour: 'red', key: '' } });
    const error = await addConnection(kit.parts, ADMIN, bad).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UsageError);
    for (const part of [
      /tone: one of kind, curt/,
      /colour: .* no such field/,
      /accountId: missing/,
      /key: missing/,
    ])
      expect(String(error)).toMatch(part);
    await expect(loadConnection(database.db, 'bad')).rejects.toThrow('There is no connection');
  });

  test('needs a name that nobody has, and connectors that exist', async () => {
    await addConnection(kit.parts, ADMIN, newConnection({ name: 'taken' }));
    await expect(addConnection(kit.parts, ADMIN, newConnection({ name: 'taken' }))).rejects.toThrow(
      'There is a connection "taken" already',
    );
    await expect(addConnection(kit.parts, ADMIN, newConnection({ name: '' }))).rejects.toThrow(UsageError);
    const unknown = { ...newConnection({}), source: { connector: 'ledgers', values: {}, secrets: {} } };
    await expect(addConnection(kit.parts, ADMIN, unknown)).rejects.toThrow('There is no connector "ledgers"');
  });
});

describe('a changed connection', () => {
  const set = (values: Record<string, string>) =>
    setConnection(kit.parts, ADMIN, { connection: kit.connectionId, values: { source: values } });

  test('keeps what was not given, keeps secrets sealed, and is audited by field names only (I7)', async () => {
    await set({ tone: 'curt', key: 'zq-new' });
    const { settings } = await loadConnection(database.db, kit.connectionId);
    expect(settings.source).toEqual({ accountId: kit.books.account, tone: 'curt' });
    const key = { connectionId: kit.connectionId, side: 'source' as const };
    expect(await loadSecrets(database.db, kit.parts.vault, key)).toEqual({
      key: 'zq-new',
      refreshToken: 'books-token',
    });
    const trail = JSON.stringify(await listTrail(database.db, connectionSubject(kit.connectionId)));
    expect(trail).toContain('source.key');
    expect(trail).not.toContain('zq-new');
  });

  test.each([
    [{ colour: 'red' }, /no field colour/],
    [{ tone: 'loud' }, /tone.*kind, curt/],
    [{ accountId: '' }, /accountId/],
  ])('%j is refused', async (values, message) => {
    await expect(set(values as Record<string, string>)).rejects.toThrow(message);
    expect((await loadConnection(database.db, kit.connectionId)).settings.source['tone']).toBe('kind');
  });

  test('is paused once and resumed once, whoever asks twice', async () => {
    const request = { connection: kit.connectionId };
    expect((await pauseConnection(kit.parts, OPERATOR, request)).changed).toBe(true);
    expect((await pauseConnection(kit.parts, OPERATOR, request)).changed).toBe(false);
    expect((await resumeConnection(kit.parts, OPERATOR, request)).changed).toBe(true);
    expect((await resumeConnection(kit.parts, OPERATOR, request)).changed).toBe(false);
  });
});

describe('records', () => {
  test('come in pages, each once, newest change first, while others change', async () => {
    await bringInvoices('1', '2', '3', '4', '5', '6');
    const { connectionId } = kit;
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listRecords(kit.parts, VIEWER, { connectionId, limit: 2, cursor });
      seen.push(...page.records.map(({ id }) => id));
      cursor = page.next ?? undefined;
      await kit.clock.advance(1_000);
      await kit.accept({ kind: 'invoice', sourceId: '99' });
      await kit.drain();
    } while (cursor !== undefined);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toHaveLength(7);
    await expect(listRecords(kit.parts, VIEWER, { limit: 1, cursor: 'nonsense' })).rejects.toThrow(
      UsageError,
    );
  });

  test('are found by state, kind, reason, number, name, and copy; wild cards are plain characters', async () => {
    await bringInvoices('1', '2');
    kit.books.put('invoice', invoiceOf({ id: '3', number: '50%_off', total: '990.00' }));
    await kit.accept({ kind: 'invoice', sourceId: '3' });
    await kit.settle();
    const { connectionId } = kit;
    const labels = async (filter: Omit<Parameters<typeof listRecords>[2], 'limit'>) =>
      (await listRecords(kit.parts, VIEWER, { connectionId, limit: 50, ...filter })).records
        .map(({ label }) => label)
        .toSorted();
    expect(await labels({ state: 'parked' })).toEqual(['50%_off']);
    expect(await labels({ reason: 'total-not-explained' })).toEqual(['50%_off']);
    expect(await labels({ kind: 'client' })).toEqual(['Ada Ltd']);
    expect(await labels({ search: 'n-' })).toEqual(
      ['Ada Ltd', 'N-1', 'N-2'].filter((x) => x.startsWith('N')),
    );
    expect(await labels({ search: '%' })).toEqual(['50%_off']);
    expect(await labels({ search: "' or true --" })).toEqual([]);
  });

  test('show their whole timeline and an unbroken chain (I8)', async () => {
    await bringInvoices('only-one');
    const recordId = await findRecordId(kit.parts, 'N-only-one');
    expect(await findRecordId(kit.parts, 'invoice only-one')).toBe(recordId);
    const shown = await showRecord(kit.parts, VIEWER, { recordId });
    expect(shown).toMatchObject({ chainIntact: true, record: { state: 'synced', amount: '110.00' } });
    await asOwner(database.db, (tx) =>
      tx
        .updateTable('trail')
        .set({ actor: 'somebody' })
        .where('subject', '=', documentSubject(recordId))
        .where('position', '=', 2)
        .execute(),
    );
    expect((await showRecord(kit.parts, VIEWER, { recordId })).chainIntact).toBe(false);
    await expect(showRecord(kit.parts, VIEWER, { recordId: 'nonsense' })).rejects.toThrow(
      'There is no record',
    );
  });

  test('are counted and summed by currency', async () => {
    const before = await status(kit.parts, VIEWER);
    await bringInvoices('1', '2');
    const after = await status(kit.parts, VIEWER);
    expect(after.records.synced - before.records.synced).toBe(3);
    const usd = (all: typeof after) =>
      all.sums.find(({ kind, currency }) => kind === 'invoice' && currency === 'USD')?.syncedAmount ?? '0.00';
    const cents = (text: string) => BigInt(text.replace('.', ''));
    expect(cents(usd(after)) - cents(usd(before))).toBe(22_000n);
  });
});

describe('a replay', () => {
  test('that is only a trial names the records and changes nothing', async () => {
    await bringInvoices('1', '2');
    const { connectionId } = kit;
    const filter = { connectionId, kind: 'invoice' as const };
    const trial = await replay(kit.parts, OPERATOR, { filter, dryRun: true });
    expect(trial).toMatchObject({ replayed: 0, recordIds: [expect.any(String), expect.any(String)] });
    expect(await kit.unsettled('invoice', '1')).toBe(0);
    const real = await replay(kit.parts, OPERATOR, { filter });
    expect(real).toEqual({ replayed: 2, recordIds: trial.recordIds });
    expect(await kit.unsettled('invoice', '1')).toBe(1);
  });

  test('says who asked in the trail of each record, and needs to be told which', async () => {
    await bringInvoices('1');
    await replay(kit.parts, OPERATOR, { filter: { connectionId: kit.connectionId } });
    const decision = (await kit.timeline('invoice', '1')).findLast(({ entry }) => entry === 'decision');
    expect(decision).toMatchObject({ actor: OPERATOR.name });
    await expect(replay(kit.parts, OPERATOR, {})).rejects.toThrow(UsageError);
  });

  test('R2 waits for a write in its lane and never blocks it for good', async () => {
    await bringInvoices('1');
    const { id, lane } = await kit.document('invoice', '1');
    const { connectionId } = kit;
    const now = new Date(kit.clock.now());
    const lease = await acquireLease(database.db, { connectionId, lane }, 'w', now, 60_000);
    if (!lease) throw new Error('the lane is taken');
    let replaying: Promise<unknown> | undefined;
    await database.db.transaction().execute(async (tx) => {
      await assertLease(tx, lease, now);
      replaying = replay(kit.parts, OPERATOR, { recordIds: [id] });
      await new Promise((resolve) => setTimeout(resolve, 100));
      const data = { summary: 'written by the lane' };
      await appendTrail(
        tx,
        { subject: documentSubject(id), connectionId, actor: 'system', entry: 'plan', data },
        now,
      );
    });
    expect(await replaying).toMatchObject({ replayed: 1 });
  });

  test('of a paid invoice and its payment leaves both synced', async () => {
    await bringInvoices('1');
    kit.books.put('payment', paymentOf({ id: '9', invoice: '1' }));
    await kit.accept({ kind: 'payment', sourceId: '9' });
    await kit.settle();
    await replay(kit.parts, OPERATOR, { filter: { connectionId: kit.connectionId } });
    await kit.settle();
    expect([await kit.stateOf('invoice', '1'), await kit.stateOf('payment', '9')]).toEqual([
      'synced',
      'synced',
    ]);
  });
});

describe('consent', () => {
  const start = async () => {
    const { url } = await startConsent(kit.parts, ADMIN, { connection: kit.connectionId });
    return new URL(url).searchParams.get('state') ?? '';
  };

  test('stores the tokens beside what was there, and lets the connection work', async () => {
    await pauseConnection(kit.parts, ADMIN, { connection: kit.connectionId });
    const state = await start();
    expect(await completeConsent(kit.parts, { state, code: 'good' })).toMatchObject({
      account: kit.books.account,
    });
    const key = { connectionId: kit.connectionId, side: 'source' as const };
    expect(await loadSecrets(database.db, kit.parts.vault, key)).toEqual({
      key: 'books-key',
      refreshToken: 'given-by-consent',
    });
    expect((await loadConnection(database.db, kit.connectionId)).state).toBe('active');
  });

  test('works once for each start, whatever came of it', async () => {
    const state = await start();
    await expect(completeConsent(kit.parts, { state, code: 'bad' })).rejects.toThrow(OperatingError);
    await expect(completeConsent(kit.parts, { state, code: 'good' })).rejects.toThrow(/was used already/);
    await expect(completeConsent(kit.parts, { state: 'guessed', code: 'good' })).rejects.toThrow(UsageError);
  });

  test('is refused after thirty minutes', async () => {
    const state = await start();
    await kit.clock.advance(30 * 60_000);
    await expect(completeConsent(kit.parts, { state, code: 'good' })).rejects.toThrow(
      /older than 30 minutes/,
    );
  });
});

test('a ping asks both sides and says what is wrong in words', async () => {
  const request = { connection: kit.connectionId };
  const unregistered = await ping(kit.parts, VIEWER, request);
  expect(unregistered).toMatchObject({ ok: false, sides: [{ side: 'source' }, { side: 'destination' }] });
  expect(unregistered.sides[0]?.checks.filter(({ ok }) => !ok)).toEqual(
    ['client', 'invoice', 'payment', 'credit'].map(() => ({
      name: expect.stringContaining('Callback'),
      ok: false,
      detail: 'not registered yet',
      fix: expect.any(String),
    })),
  );
  await setConnection(kit.parts, ADMIN, { ...request, webhooksEnabled: false });
  expect(await ping(kit.parts, VIEWER, request)).toMatchObject({ ok: true, sides: [{}, {}] });
  const error = new OperatingError('transient', 'cannot be reached');
  kit.billing.faults.next('ping', { what: 'fail', error });
  expect(await ping(kit.parts, VIEWER, request)).toMatchObject({
    ok: false,
    sides: [
      { side: 'source', checks: [{ ok: true }, { name: 'Callbacks', ok: true }] },
      { side: 'destination', checks: [{ ok: false, detail: 'cannot be reached', fix: expect.any(String) }] },
    ],
  });
});

test('a backfill tells how far it has come', async () => {
  kit.books.put('client', { id: '7', name: 'Ada Ltd' });
  const { id } = await backfill(kit.parts, OPERATOR, { connection: kit.connectionId });
  expect(await backfillProgress(kit.parts, VIEWER, { id })).toMatchObject({ state: 'running', listed: 0 });
  await expect(
    backfill(kit.parts, OPERATOR, { connection: kit.connectionId, since: 'last week' }),
  ).rejects.toThrow(UsageError);
});

test('keys rotate: one new key in the file, every secret still opens, the old key opens nothing (I7)', async () => {
  const own = await createTestDatabase<DB>();
  const folder = await mkdtemp(join(tmpdir(), 'ml-connector-keys-'));
  try {
    const one = await createEngineKit(own);
    await one.connectCallbacks();
    const keyFile = join(folder, 'key');
    const old = new Uint8Array(32).fill(7);
    await writeKeyFile(keyFile, [old]);
    await assertVaultFits(own.db, one.parts.vault, new Date(0));
    const { active, resealed } = await rotateKeys(one.parts, ADMIN, { keyFile });
    expect(resealed).toBe(2 + 4);
    const keys = (await readKeyFile(keyFile)) ?? [];
    expect(keys).toHaveLength(1);
    const vault = createVault(keys);
    expect(vault.activeKeyId).toBe(active);
    await assertVaultFits(own.db, vault, new Date(0));
    const key = { connectionId: one.connectionId, side: 'destination' as const };
    expect(await loadSecrets(own.db, vault, key)).toEqual({ password: 'billing-password' });
    const callbacks = await listCallbacks(own.db, vault, one.connectionId);
    expect(callbacks.every(({ verifier }) => verifier?.startsWith('verifier-of') === true)).toBe(true);
    await expect(loadSecrets(own.db, createVault([old]), key)).rejects.toThrow(/not at hand/);
    await expect(rotateKeys(one.parts, ADMIN, { keyFile: join(folder, 'none') })).rejects.toThrow(
      /no key file/,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
    await own.drop();
  }
});
