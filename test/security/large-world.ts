/** An installation with large records, long trails and long lists behind the real HTTP server, and what an answer costs it. */
import { setImmediate } from 'node:timers/promises';
import { sql } from 'kysely';
import type pg from 'pg';
import { createFakeParts, FAKE_PASSWORD } from '../../src/api/fake/parts.ts';
import { toOperations } from '../../src/api/from-operations.ts';
import { createApiServer } from '../../src/api/server.ts';
import type { BookInvoice } from '../../src/connectors/example/books.ts';
import invoiceFixture from '../../src/connectors/freshbooks/fixtures/invoice.json' with { type: 'json' };
import { originsOf } from '../../src/connectors/freshbooks/origins.ts';
import { toRecord } from '../../src/connectors/freshbooks/resources.ts';
import { toCanonical } from '../../src/connectors/freshbooks/to-canonical.ts';
import { newId } from '../../src/core/ids.ts';
import { canonicalJson, type JsonObject } from '../../src/core/json.ts';
import { toldOrigins } from '../../src/core/origins.ts';
import type { PeopleParts } from '../../src/operations/users.ts';
import { createSandbox } from '../../src/platform/sandbox.ts';
import { createSignIn } from '../../src/platform/sign-in.ts';
import type { Db } from '../../src/store/db.ts';
import type { DB } from '../../src/store/schema.ts';
import { appendTrail, connectionSubject, documentSubject } from '../../src/store/trail.ts';
import { ENTRY_PURPOSE, hashOfContent, toMicros } from '../../src/store/trail-format.ts';
import { createTestDatabase } from '../kit/database.ts';
import { createEngineKit, type EngineKit, invoiceOf } from '../kit/engine.ts';
import { seedRecords } from '../kit/many-records.ts';
import { TEST_SIGNER } from '../kit/test-signer.ts';

const NOTES = 'A note of a person. '.repeat(3277);
const BASE_URL = 'http://127.0.0.1:3000';
const SECRET = 'oK3vB8qZ1wYt6RmE0sLxPd5uHcNaJf2G';

/** How much there is of everything. */
export type Size = { lines: number; entries: number; rows: number };
export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

export type Work = {
  status: number;
  /** Read from the database. */
  rows: number;
  /** Of the answer. */
  bytes: number;
  /** Of this thread, whatever else runs on the machine. */
  cpuMs: number;
  /** The longest stretch of it in which nobody else had a turn. */
  stretchMs: number;
  body: unknown;
};

export async function openLargeWorld(size: Size) {
  const database = await createTestDatabase<DB>({ max: 6 });
  const rows = countRows(database.pool);
  const kit = await createEngineKit(database);
  const { known } = kit.parts.vault;
  for (let i = 0; i < 20; i += 1) known.keep(`a secret of the installation ${i} ${'s'.repeat(30)}`);
  const ids = await fill(kit, size);
  const signIn = await createSignIn({ pool: database.pool, baseUrl: BASE_URL, secret: SECRET });
  const parts: PeopleParts = { ...kit.parts, accounts: signIn, setupCode: 'code' };
  const sandbox = createSandbox({});
  const operations = toOperations({ ...parts, sandbox });
  const app = await createApiServer(
    createFakeParts({ operations, publicUrl: BASE_URL, redact: known.redact }),
  );
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const payload = { email: 'ada@example.com', password: FAKE_PASSWORD };
  const session = await app.inject({ method: 'POST', url: '/api/v1/session', payload });
  const headers = { cookie: String(session.headers['set-cookie']).split(';')[0] ?? '' };

  const ask = async (method: Method, path: string, body?: object) => {
    const more = body === undefined ? {} : { payload: body };
    const answer = await app.inject({ method, url: `/api/v1${path}`, headers, ...more });
    return { status: answer.statusCode, bytes: answer.rawPayload.length, body: answer.json<unknown>() };
  };
  /** Of everything that `run` asks for. */
  const work = async (
    run: () => Promise<{ status: number; bytes: number; body: unknown }>,
  ): Promise<Work> => {
    const before = rows.count();
    const watch = watchStretches();
    const cpu = process.threadCpuUsage();
    const answer = await run();
    const { user, system } = process.threadCpuUsage(cpu);
    return { ...answer, rows: rows.count() - before, cpuMs: (user + system) / 1000, stretchMs: watch.stop() };
  };
  const close = async () => {
    await app.close();
    await sandbox.close();
    await database.drop();
  };
  return { kit, parts, url, ask, work, ids, close, size };
}

export type LargeWorld = Awaited<ReturnType<typeof openLargeWorld>>;

/** Rows that came from the database through this pool. */
/** Several statements in one have several answers. */
function rowsOf(answer: pg.QueryResult | pg.QueryResult[] | undefined): number {
  return [answer ?? []].flat().reduce((sum, { rows }) => sum + rows.length, 0);
}

function countRows(pool: pg.Pool): { count(): number } {
  let rows = 0;
  const seen = new WeakSet<object>();
  pool.on('acquire', (client) => {
    if (seen.has(client)) return;
    seen.add(client);
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    const counted = (...args: unknown[]) => {
      const last = args.at(-1);
      if (typeof last === 'function')
        args[args.length - 1] = (error: unknown, answer?: pg.QueryResult) => {
          rows += rowsOf(answer);
          (last as (...told: unknown[]) => void)(error, answer);
        };
      const result = query(...args);
      return result instanceof Promise
        ? result.then((answer: pg.QueryResult) => {
            rows += rowsOf(answer);
            return answer;
          })
        : result;
    };
    Object.assign(client, { query: counted });
  });
  return { count: () => rows };
}

/** The longest time on the processor between two turns of the event loop. */
function watchStretches(): { stop(): number } {
  let longest = 0;
  const watch = { running: true };
  const loop = async () => {
    let before = process.threadCpuUsage();
    while (watch.running) {
      await setImmediate();
      const { user, system } = process.threadCpuUsage(before);
      longest = Math.max(longest, (user + system) / 1000);
      before = process.threadCpuUsage();
    }
  };
  void loop();
  return {
    stop: () => {
      watch.running = false;
      return longest;
    },
  };
}

async function fill(kit: EngineKit, { lines, entries, rows }: Size) {
  const { parts, books, connectionId } = kit;
  const { db } = parts;
  books.put('client', { id: '7', name: 'Large Ltd', email: 'large@example.com' });
  const invoice: BookInvoice & { notes: string } = {
    ...invoiceOf({ id: '1' }),
    ...linesOf(lines),
    notes: NOTES,
  };
  books.put('invoice', invoice);
  // Only previewed.
  for (const id of ['2', '3']) books.put('invoice', { ...invoice, id, number: `N-${id}` });
  await kit.accept({ kind: 'invoice', sourceId: '1' });
  await kit.settle();
  const { id: recordId } = await kit.document('invoice', '1');
  await noteMapping(kit, documentSubject(recordId), lines);
  await lengthen(db, documentSubject(recordId), connectionId, entries);
  await lengthen(db, connectionSubject(connectionId), connectionId, entries);
  await seedRecords(db, connectionId, rows);
  await seedLists(db, connectionId, rows);
  await sql`analyze`.execute(db);
  const { rows: replays } = await sql<{ id: string }>`select id from replays limit 1`.execute(db);
  // Another large one that waits to be looked at: a dry run shows all that would be sent for it.
  await kit.accept({ kind: 'invoice', sourceId: '2' });
  const { id: pendingId } = await kit.document('invoice', '2');
  return { recordId, pendingId, connectionId, replayId: replays[0]?.id ?? '' };
}

function linesOf(count: number): Pick<BookInvoice, 'lines' | 'total'> {
  const line = { quantity: '2', price: '50.00', tax: { name: 'GST', rate: '10' } };
  return {
    lines: Array.from({ length: count }, (_, index) => ({ name: `Work of part ${index}`, ...line })),
    total: `${count * 110}.00`,
  };
}

/** As a source with origins maps it. */
async function noteMapping(
  { parts, connectionId }: EngineKit,
  subject: string,
  count: number,
): Promise<void> {
  const [line] = invoiceFixture.document.lines;
  const lines = Array.from({ length: count }, (_, index) => ({
    ...line,
    name: `Part ${index}`,
    lineid: index + 1,
  }));
  const raw = { ...invoiceFixture.document, notes: NOTES, lines } as unknown as JsonObject;
  const record = toRecord('invoice', raw);
  const mapped = toCanonical(record);
  if (!mapped.ok) throw new Error(JSON.stringify(mapped.problems.slice(0, 3)));
  const about = { subject, connectionId, actor: 'engine' };
  const now = new Date(parts.clock.now());
  await appendTrail(parts.db, { ...about, entry: 'revision', data: { summary: 'read', raw } }, now);
  const origins = toldOrigins(originsOf(record, mapped.value));
  const data = { summary: 'mapped', canonical: mapped.value, ...origins };
  await appendTrail(parts.db, { ...about, entry: 'transformation', data }, now);
}

/** As `appendTrail` writes them, many at once. */
async function lengthen(db: Db, subject: string, connectionId: string, count: number): Promise<void> {
  const at = new Date('2026-03-01T00:00:00Z');
  for (let made = 0; made < count; made += 500) {
    const entries = Array.from({ length: Math.min(500, count - made) }, (_, index) => {
      const [id, payload] = [
        newId(at.getTime()),
        canonicalJson({ summary: `call ${made + index}`, text: 'x'.repeat(300) }),
      ];
      const about = {
        id,
        subject,
        connectionId,
        micros: toMicros(at),
        actor: 'test',
        entry: 'decision',
        payload,
      };
      const content = hashOfContent(about);
      const mac = TEST_SIGNER.mac(ENTRY_PURPOSE, content);
      return { nth: index, id, payload, content: content.toString('hex'), mac: mac.toString('hex') };
    });
    await sql`
      select append_trail(id, ${subject}, ${connectionId}::uuid, ${at}, 'test', 'decision', payload,
        decode(content, 'hex'), ${TEST_SIGNER.keyId}, decode(mac, 'hex'))
      from (select * from jsonb_to_recordset(${JSON.stringify(entries)}::jsonb)
        as e(nth integer, id uuid, payload text, content text, mac text) order by nth) ordered`.execute(db);
  }
}

async function seedLists(db: Db, connectionId: string, rows: number): Promise<void> {
  const each = sql`from generate_series(1, ${rows}::int) as n`;
  await sql`insert into users (name, email, email_verified, role)
    select 'Person', 'person' || n || '@example.com', false, 'viewer' ${each}`.execute(db);
  await sql`insert into api_tokens (id, name, kind, scopes, hash, created_by, created_at, expires_at)
    select gen_random_uuid(), 'token ' || n, 'service', '{read}', sha256(n::text::bytea), 'ada', now(), now() + interval '1 year' ${each}`.execute(
    db,
  );
  await sql`insert into upgrade_notices (code, subject, message, created_at)
    select 'told', 'subject ' || n, 'It has happened.', now() ${each}`.execute(db);
  await sql`insert into rejections (id, connection_id, at, cause, status, headers, body)
    select gen_random_uuid(), ${connectionId}, now(), 'bad-signature', 401, '{"user-agent":"x"}', convert_to(repeat('b', 4096), 'UTF8') ${each}`.execute(
    db,
  );
  await sql`insert into account_owners (destination, tenant, counterpart_id, counterpart_number, since)
    select c.destination, '', 'account-' || n, 'A-' || n, now() from connections c, generate_series(1, ${rows}::int) as n where c.id = ${connectionId}`.execute(
    db,
  );
  await sql`insert into links (connection_id, kind, source_id, currency, counterpart_id, counterpart_number, stage, fingerprint, created_at)
    select ${connectionId}, 'client', 'shared' || m || '-' || n, 'USD', 'account-' || n, 'A-' || n, 'posted', '', now()
    from generate_series(1, ${rows}::int) as n, generate_series(1, 2) as m`.execute(db);
  await sql`with made as (insert into replays (id, actor, request, created_at)
      values (gen_random_uuid(), 'ada', '{"filter":{}}', now()) returning id)
    insert into replay_items (replay_id, document_id, taken_at) select made.id, d.id, now() from made, documents d`.execute(
    db,
  );
}
