/** An ApiParts that keeps everything in memory: for tests of the API and looks at the dashboard. */
import { pino } from 'pino';
import { NotFound } from '../../core/errors.ts';
import { type Actor, requireRole } from '../../operations/context.ts';
import type { ShownToken } from '../../operations/tokens.ts';
import type { ConnectionView, RecordQuery, RecordSummary, Status } from '../contract.ts';
import type { ApiParts, Operations, PlainHeaders } from '../parts.ts';
import { fakeConnections, fakeRecords, fakeTimeline } from './data.ts';

const FAKE_USERS = { 'ada@example.com': 'admin', 'vic@example.com': 'viewer' } as const;
export const FAKE_PASSWORD = 'correct horse battery';
/** By their own text. */
const FAKE_TOKENS: Record<string, ShownToken> = {
  mlc_reader: fakeToken('reader', ['read']),
  mlc_operator: fakeToken('operator', ['operate']),
};

function fakeToken(name: string, scopes: string[]): ShownToken {
  return { name, scopes, actor: { name: `service-token:${name}`, tokenId: name }, atMost: 'admin' };
}
const COOKIE = 'fake.session';

const FAKE_CHAIN = { state: 'intact', entries: 4, sealed: 4, brokenAt: null, why: null } as const;

type LiveEvent = { id: string; state: string };

export type FakeParts = ApiParts & {
  records: RecordSummary[];
  received: { path: string; rawBody: Buffer; headers: PlainHeaders }[];
  refused: { cause: string; path: string }[];
  /** Changes a record and tells the open dashboards. */
  change(record: RecordSummary, state: RecordSummary['state'], at: string): void;
  listeners: Set<(event: LiveEvent) => void>;
};

function matches(record: RecordSummary, query: Partial<RecordQuery>): boolean {
  const text = `${record.label} ${record.sourceId} ${record.counterpartNumber ?? ''}`.toLowerCase();
  return (
    (query.connectionId === undefined || record.connectionId === query.connectionId) &&
    (query.state === undefined || record.state === query.state) &&
    (query.kind === undefined || record.kind === query.kind) &&
    (query.reason === undefined || record.reason?.code === query.reason) &&
    (query.search === undefined || text.includes(query.search.toLowerCase()))
  );
}

function countStates(records: readonly RecordSummary[]): Status['records'] {
  const counts = { pending: 0, synced: 0, parked: 0, ignored: 0 };
  for (const { state } of records) counts[state] += 1;
  return counts;
}

function toParkedByReason(records: readonly RecordSummary[]): Status['parkedByReason'] {
  const groups = new Map<string, Status['parkedByReason'][number]>();
  for (const { reason } of records) {
    if (!reason) continue;
    const group = groups.get(reason.code) ?? { code: reason.code, message: reason.message, count: 0 };
    groups.set(reason.code, { ...group, count: group.count + 1 });
  }
  return [...groups.values()];
}

function fakeOperations(
  connections: ConnectionView[],
  parts: Pick<FakeParts, 'records' | 'change'>,
): Partial<Operations> {
  const findConnection = (id: string): ConnectionView => {
    const found = connections.find((connection) => connection.id === id);
    if (!found) throw new NotFound(`There is no connection ${id}.`, 'See the list of connections.');
    return found;
  };
  const withCounts = (connection: ConnectionView): ConnectionView => ({
    ...connection,
    counts: countStates(parts.records.filter(({ connectionId }) => connectionId === connection.id)),
  });
  return {
    listConnections: async () => connections.map(withCounts),
    async pauseConnection(actor: Actor, { connectionId, reason }) {
      requireRole(actor, 'operator');
      return withCounts(
        Object.assign(findConnection(connectionId), { state: 'paused', pauseReason: reason }),
      );
    },
    async resumeConnection(actor, { connectionId }) {
      requireRole(actor, 'operator');
      return withCounts(Object.assign(findConnection(connectionId), { state: 'active', pauseReason: null }));
    },
    async listRecords(_actor, query) {
      const found = parts.records.filter((record) => matches(record, query));
      const from = Number(query.cursor ?? 0);
      const to = from + query.limit;
      return { records: found.slice(from, to), next: to < found.length ? String(to) : null };
    },
    async showRecord(_actor, { recordId }) {
      const record = parts.records.find(({ id }) => id === recordId);
      if (!record) throw new NotFound(`There is no record ${recordId}.`);
      return {
        record,
        related: [],
        fields: [],
        fieldsLeft: 0,
        recorded: { source: true, destination: true },
        timeline: fakeTimeline(record),
        earlier: null,
        chainIntact: true,
        chain: FAKE_CHAIN,
      };
    },
    noteSession: async () => {},
    async startReplay(actor, { recordIds, filter }) {
      requireRole(actor, 'operator');
      const chosen = parts.records.filter((record) =>
        recordIds ? recordIds.includes(record.id) : matches(record, filter ?? {}),
      );
      for (const record of chosen) parts.change(record, 'pending', record.changedAt);
      return {
        id: '01938f3a-0000-7000-8000-300000000001',
        actor: actor.name,
        createdAt: '2026-11-23T14:05:10.000Z',
        total: chosen.length,
        taken: chosen.length,
        settled: 0,
        outcomes: { pending: chosen.length, synced: 0, parked: 0, ignored: 0 },
        done: false,
      };
    },
    status: async () => ({
      version: '0.0.0-fake',
      startedAt: '2026-11-20T08:00:00.000Z',
      connections: connections.length,
      records: countStates(parts.records),
      toDecide: countStates(parts.records).parked,
      following: 0,
      eventsAccepted: 1_204,
      eventsUnsettled: 3,
      rejections: 2,
      refused: [{ connection: null, cause: 'unknown-path', count: 2, lastAt: '2026-11-23T13:40:00.000Z' }],
      parkedByReason: toParkedByReason(parts.records),
      blocks: [],
      notices: [],
      hints: [],
      sums: [
        {
          kind: 'invoice',
          currency: 'USD',
          count: 61,
          synced: 55,
          amount: '184220.10',
          syncedAmount: '171038.44',
        },
      ],
      database: { version: '18.4', builtIn: true, newestKnown: '18.4', knownOn: '2026-11-29', behind: false },
      audit: {
        sealedAt: '2026-11-23T14:05:00.000Z',
        unsealedChains: 2,
        brokenChains: 0,
        checkedAt: null,
        faults: 0,
      },
    }),
  };
}

/** The rest needs a database: asking for it here is a mistake of the test. */
function withTheRest(faked: Partial<Operations>): Operations {
  const missing = (name: PropertyKey) => () => {
    throw new Error(`${String(name)} is not faked`);
  };
  return new Proxy(faked, {
    get: (target, name) => Reflect.get(target, name) ?? missing(name),
  }) as Operations;
}

const fakeSignIn: ApiParts['signIn'] = {
  async signIn({ email, password }) {
    const role = FAKE_USERS[email as keyof typeof FAKE_USERS];
    if (!role || password !== FAKE_PASSWORD) return { outcome: 'refused' };
    const cookies = [`${COOKIE}=${encodeURIComponent(email)}; Path=/; HttpOnly; SameSite=Strict`];
    return { outcome: 'signed-in', who: { name: `user:${email}`, email, role, personId: email }, cookies };
  },
  tooMany: async () => undefined,
  signOut: async () => [`${COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict`],
  async actorOf({ cookie }) {
    const email = decodeURIComponent(/fake\.session=([^;]+)/.exec(String(cookie ?? ''))?.[1] ?? '');
    const role = FAKE_USERS[email as keyof typeof FAKE_USERS];
    return role ? { name: `user:${email}`, email, role, personId: email } : undefined;
  },
};

export function createFakeParts(overrides: Partial<ApiParts> = {}): FakeParts {
  const connections = fakeConnections();
  const listeners: FakeParts['listeners'] = new Set();
  const shared = {
    records: fakeRecords(140, connections),
    change(record: RecordSummary, state: RecordSummary['state'], at: string) {
      Object.assign(record, { state, changedAt: at, reason: state === 'parked' ? record.reason : null });
      for (const listener of listeners) listener({ id: record.id, state });
    },
  };
  const received: FakeParts['received'] = [];
  const refused: FakeParts['refused'] = [];
  return {
    ...shared,
    listeners,
    received,
    refused,
    operations: withTheRest(fakeOperations(connections, shared)),
    receive: async (path, rawBody, headers) => {
      received.push({ path, rawBody, headers });
      return path === 'known' ? { status: 200 } : { status: 404, title: 'No such path' };
    },
    refuse: async (path, cause) => {
      refused.push({ cause, path });
      return { status: 413 };
    },
    redact: (text) => text,
    completeConsent: async ({ error }) => ({
      ok: error === undefined,
      title: 'Consent',
      message: error ?? 'Done.',
    }),
    live: {
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    health: { live: () => true, ready: async () => ({ ready: true, checks: { database: 'ok' } }) },
    metrics: async () => '# no metrics\n',
    signIn: fakeSignIn,
    findToken: async (authorization) => FAKE_TOKENS[authorization.replace('Bearer ', '')],
    webRoot: '/nonexistent',
    publicUrl: 'http://127.0.0.1:8080',
    logger: pino({ level: 'silent' }),
    version: '0.0.0-fake',
    ...overrides,
  };
}
