/** Every command, with names, texts and errors that a hostile client wrote: the terminal gets words only. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { tellFailure } from '../../src/cli/output.ts';
import { createProgram } from '../../src/cli/program.ts';
import { newId } from '../../src/core/ids.ts';
import { addToken } from '../../src/operations/tokens.ts';
import type { PeopleParts } from '../../src/operations/users.ts';
import { addUser } from '../../src/operations/users.ts';
import { createSignIn } from '../../src/platform/sign-in.ts';
import { recordRejection } from '../../src/store/rejections.ts';
import type { DB } from '../../src/store/schema.ts';
import { appendTrail, connectionSubject, documentSubject } from '../../src/store/trail.ts';
import { addNotice } from '../../src/store/upgrade-notices.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { ADMIN, createEngineKit, type EngineKit, invoiceOf, paymentOf } from '../kit/engine.ts';

const world = vi.hoisted(() => ({ parts: undefined as unknown, config: {} }));
vi.mock('../../src/cli/with-installation.ts', () => ({
  withInstallation: (_options: unknown, run: (installation: unknown, config: unknown) => unknown) =>
    run({ parts: world.parts }, world.config),
}));

const ESC = String.fromCodePoint(0x1b);
/** Clears the screen, sets the title, hides what follows, turns its direction, and forges a line of ours. */
const HOSTILE = `Eve${ESC}[2J${ESC}]0;owned\u0007${ESC}[8m\u009b31m\u202Egnp\r\nerror: pay to IBAN 00`;
/** Besides the colours of ours, which only this program sets. */
const COMMAND = new RegExp(
  `[\\0-\\t\\v-\\x1A\\x1C-\\x1F\\x7F-\\x9F\\u202A-\\u202E\\u2066-\\u2069]|${ESC}(?!\\[(?:[0-79]|2\\d|3[1-79]|9[0-7])m)`,
  'u',
);
const BASE_URL = 'http://127.0.0.1:8080';

/** Commands that show nothing of what others wrote, or cannot run inside a test; each with why. */
const NOT_RUN: Readonly<Record<string, string>> = {
  start: 'is a service',
  demo: 'is a service',
  simulate: 'is a program of its own',
  prove: 'shows simulated data only',
  keys: 'shows ids of keys',
  setup: 'shows our own address',
  'connection add': 'asks at a terminal',
  'connection consent': 'shows our own address',
  backfill: 'waits for a worker',
  restored: 'shows counts',
};

let database: TestDatabase<DB>;
let kit: EngineKit;
let printed: string;
let ids: { invoice: string; token: string; notice: string };

beforeAll(async () => {
  database = await createTestDatabase<DB>();
  kit = await createEngineKit(database);
  const { books, clock } = kit;
  const now = new Date(clock.now());
  books.put('client', { id: '7', name: HOSTILE, email: 'eve@example.com' });
  books.put('invoice', invoiceOf({ id: '1', number: HOSTILE }));
  books.put('payment', paymentOf({ id: '2', invoice: '1' }));
  await kit.accept(
    { kind: 'client', sourceId: '7' },
    { kind: 'invoice', sourceId: '1' },
    { kind: 'payment', sourceId: '2' },
  );
  await kit.settle();
  const signIn = await createSignIn({ pool: database.pool, baseUrl: BASE_URL, secret: 'x'.repeat(32) });
  const parts: PeopleParts = { ...kit.parts, accounts: signIn, setupCode: 'code' };
  world.parts = parts;
  await addUser(parts, ADMIN, { email: 'ada@example.com', role: 'admin' });
  const token = await addToken(parts, ADMIN, {
    kind: 'service',
    name: `nightly ${HOSTILE}`,
    scopes: ['read'],
    days: 3,
  });
  const { db } = parts;
  const reason = {
    code: 'refused',
    message: HOSTILE,
    wayOut: HOSTILE,
    problems: [{ field: HOSTILE, value: HOSTILE, rule: HOSTILE }],
    figures: [{ name: HOSTILE, source: HOSTILE, destination: HOSTILE }],
    choices: [{ choice: 'leave-out', label: HOSTILE, explains: HOSTILE }],
  };
  await sql`update documents set label = ${HOSTILE}, reason = ${JSON.stringify(reason)}::jsonb, state = 'parked'`.execute(
    db,
  );
  await sql`update connections set name = ${HOSTILE}, state = 'paused', pause_reason = ${HOSTILE}`.execute(
    db,
  );
  const invoice = await kit.document('invoice', '1');
  for (const subject of [documentSubject(invoice.id), connectionSubject(kit.connectionId), 'installation']) {
    const entry = { subject, connectionId: undefined, actor: HOSTILE, entry: 'decision' as const };
    await appendTrail(db, { ...entry, data: { summary: HOSTILE, note: HOSTILE } }, now);
  }
  const rejection = { id: newId(clock.now()), connectionId: undefined, cause: HOSTILE, status: 401 };
  await recordRejection(db, { ...rejection, headers: { agent: HOSTILE }, body: Buffer.from(HOSTILE) }, now);
  await addNotice(db, { code: 'test', subject: 'x', message: HOSTILE, action: HOSTILE }, now);
  const [notice] = await db.selectFrom('upgrade_notices').select('id').execute();
  ids = { invoice: invoice.id, token: token.id, notice: notice?.id ?? '' };
});
afterAll(() => database?.drop());

beforeEach(() => {
  printed = '';
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
  return () => {
    vi.restoreAllMocks();
    process.exitCode = 0;
  };
});

function commandsOf(command: CommandUnknownOpts, path: string[] = []): string[] {
  if (command.commands.length === 0) return [path.join(' ')];
  return command.commands.flatMap((sub) => commandsOf(sub, [...path, sub.name()]));
}

/** What each command is given; those that change come last. */
const argumentsOf = (): Record<string, string[]> => ({
  'connection systems': [],
  'connection list': [],
  'connection show': [kit.connectionId],
  'connection preview': [kit.connectionId],
  ping: [],
  status: [],
  overview: [],
  records: [],
  parked: [],
  show: [ids.invoice, '--full'],
  'dry-run': [ids.invoice],
  rejections: [],
  replays: [],
  audit: ['--connection', kit.connectionId],
  'users list': [],
  'tokens list': [],
  'notices list': [],
  'users add': ['bob@example.com', '--role', 'viewer'],
  'users set-role': ['bob@example.com', '--role', 'operator'],
  password: ['bob@example.com'],
  'users sign-out': ['bob@example.com'],
  'users remove': ['bob@example.com'],
  'tokens add': [HOSTILE, '--scope', 'read', '--days', '2'],
  'tokens revoke': [ids.token],
  'notices done': [ids.notice],
  replay: [ids.invoice],
  resolve: ['leave-out', ids.invoice],
  link: [kit.connectionId, '7', HOSTILE],
  'connection set': [kit.connectionId, '--poll-seconds', '60'],
  'connection test-alert': [kit.connectionId],
  'connection rotate-paths': [kit.connectionId],
  'accounts shared': [],
  'accounts owner': [kit.connectionId, '7', HOSTILE],
  'connection pause': [kit.connectionId, '--reason', HOSTILE],
  'connection resume': [kit.connectionId],
  'connection remove': [kit.connectionId, '--dry-run'],
});

test('every command is run here, or is named with why not', () => {
  const known = [...Object.keys(argumentsOf()), ...Object.keys(NOT_RUN)].toSorted();
  expect(commandsOf(createProgram()).filter((name) => !known.includes(name))).toEqual([]);
});

test('no command prints a control that a client, a note or an error brought', async () => {
  const silent: string[] = [];
  const hostile: string[] = [];
  for (const [name, given] of Object.entries(argumentsOf())) {
    for (const more of [[], ['--json']]) {
      printed = '';
      await createProgram()
        .parseAsync([...name.split(' '), ...given, ...more], { from: 'user' })
        // As the program's end prints it.
        .catch((error: unknown) => tellFailure(error, more.length > 0));
      if (printed === '') silent.push(name);
      const found = COMMAND.exec(printed);
      if (found)
        hostile.push(
          `${name} ${more.join('')}: ${JSON.stringify(printed.slice(Math.max(0, found.index - 30), found.index + 10))}`,
        );
    }
  }
  expect(hostile).toEqual([]);
  expect(silent).toEqual([]);
});

test('a client’s name cannot forge a line', async () => {
  await createProgram().parseAsync(['records'], { from: 'user' });
  expect(printed).toContain('Eve');
  expect(printed.split('\n').filter((line) => line.startsWith('error:'))).toEqual([]);
});
