/** The API over a real database with two living connections and a removed one, and an object of each kind for every verb. */
import { randomUUID } from 'node:crypto';
import { VERBS, type Verb } from '../../src/api/contract-verbs.ts';
import type { DocumentKind } from '../../src/core/canonical.ts';
import { backfill } from '../../src/operations/backfill.ts';
import { startConsent } from '../../src/operations/consent.ts';
import { removeConnection } from '../../src/operations/remove-connection.ts';
import { startReplay } from '../../src/operations/replay-runs.ts';
import { addToken } from '../../src/operations/tokens.ts';
import { ADMIN, createEngineKit, type EngineKit } from '../kit/engine.ts';
import { bill, ownNumber, putAccountByHand } from '../kit/one-tenant.ts';
import type { Call } from './every-verb.ts';
import { BASE_URL, openPeopleDoors, type Shown } from './people-doors.ts';

/** In every name and number of connection B: nobody who asks about A is to see it. */
export const MARK = 'otherbooks';

const CLIENT_OF_A = '7';
const CLIENT_OF_B = `${MARK}8`;

export type EveryVerbScene = Awaited<ReturnType<typeof openEveryVerbScene>>;

export async function openEveryVerbScene() {
  const doors = await openPeopleDoors();
  const { database, kit: a, parts } = doors;
  const b = await createEngineKit(database, { beside: a });
  const gone = await createEngineKit(database);
  await bill(a, CLIENT_OF_A);
  await bill(b, CLIENT_OF_B, 'other@example.com');
  // Its client waits for a person's decision.
  for (const id of ['gone-1', 'gone-2']) putAccountByHand(gone, id, { email: 'gone@example.com' });
  await bill(gone, '6', 'gone@example.com');
  await b.connectCallbacks();
  for (const id of ['twice-1', 'twice-2']) putAccountByHand(a, id, { email: 'twice@example.com' });
  let count = 0;
  const next = () => (count += 1);
  const park = async () => {
    const client = `parked${next()}`;
    await bill(a, client, 'twice@example.com');
    return (await a.document('client', client)).id;
  };
  const putNotice = async () => {
    const id = randomUUID();
    await database.pool.query(
      `insert into upgrade_notices (id, code, subject, message, created_at) values ($1::uuid, 'test', $1::text, 'x', now())`,
      [id],
    );
    return id;
  };
  const putPerson = async () => {
    const id = randomUUID();
    await database.pool.query(
      `insert into users (id, name, email, email_verified, role) values ($1::uuid, 'x', $1::text || '@example.com', true, 'viewer')`,
      [id],
    );
    return id;
  };
  const askConsent = async (kit: EngineKit) =>
    new URL((await startConsent(kit.parts, ADMIN, { connection: kit.connectionId })).url).searchParams.get(
      'state',
    ) ?? '';
  const workOf = async (kit: EngineKit, kind: DocumentKind, sourceId: string) => {
    const recordId = (await kit.document(kind, sourceId)).id;
    return {
      connectionId: kit.connectionId,
      recordId,
      replayId: (await startReplay(kit.parts, ADMIN, { recordIds: [recordId] })).id,
      backfillId: (await backfill(kit.parts, ADMIN, { connection: kit.connectionId })).id,
    };
  };
  const ofGone = await workOf(gone, 'client', '6');
  await removeConnection(gone.parts, ADMIN, { connection: gone.connectionId, force: true });
  const ofA = await workOf(a, 'invoice', CLIENT_OF_A);
  const ofB = await workOf(b, 'invoice', CLIENT_OF_B);
  const ownTokens = { name: 'a program', kind: 'service', scopes: ['read'], days: 30 } as const;
  const newToken = async () => (await addToken(parts, ADMIN, ownTokens)).id;
  const guest = await doors.addPerson('guest@example.com', 'viewer');
  let address = 0;

  /** As it stands in the request; `call` may be anything. */
  const send = async (verb: Verb, shown: Shown | object, call: Call) => {
    const { method, path } = VERBS[verb];
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => call.params?.[name] ?? '');
    const query = new URLSearchParams(call.query).toString();
    address += 1;
    const answer = await doors.app.inject({
      method,
      url: `/api/v1${filled}${query === '' ? '' : `?${query}`}`,
      // Limits by address are not what is looked at here.
      remoteAddress: `10.${address >> 16}.${(address >> 8) & 255}.${address & 255}`,
      // Whoever listens to live changes would wait for good; a browser says where its page is from.
      headers: { accept: 'application/json', ...shown, ...('cookie' in shown ? { origin: BASE_URL } : {}) },
      ...(call.body === undefined ? {} : { payload: call.body }),
    });
    return { status: answer.statusCode, type: String(answer.headers['content-type']), text: answer.body };
  };

  return {
    ...doors,
    baseUrl: BASE_URL,
    a,
    b,
    gone,
    ofGone,
    ofB,
    ...ofA,
    clientOfA: CLIENT_OF_A,
    accountOfA: ownNumber(a, CLIENT_OF_A),
    clientOfB: CLIENT_OF_B,
    accountOfB: ownNumber(b, CLIENT_OF_B),
    consentOfA: await askConsent(a),
    consentOfB: await askConsent(b),
    answerTo: (state: string) =>
      `http://connector.test/oauth/example-books/callback?code=good&state=${state}`,
    parked: await park(),
    noticeId: await putNotice(),
    tokenId: await newToken(),
    guest: { id: guest.id, email: guest.email, password: guest.password },
    next,
    park,
    putNotice,
    putPerson,
    askConsent,
    addToken: newToken,
    putConnection: async () =>
      (await createEngineKit(database, { webhooks: false, pollIntervalSeconds: 0 })).connectionId,
    newPerson: doors.addPerson,
    addPerson: () => doors.addPerson(`person${next()}@example.com`, 'viewer'),
    addTokenAs: doors.addToken,
    send,
  };
}

/** What looking alone may change: when a token or a session was seen last, and counts of tries. */
const SEEN = `array['last_used_at', 'updated_at', 'expires_at']`;

/** A digest of all that is kept; of connection B's rows alone where that is asked. */
export async function digestOf(
  { database, ofB }: EveryVerbScene,
  whose: 'all' | 'connection B' = 'all',
): Promise<string> {
  const { rows: tables } = await database.pool.query<{ name: string; owned: boolean }>(
    `select t.table_name as name, c.column_name is not null as owned from information_schema.tables t
     left join information_schema.columns c on c.table_name = t.table_name and c.column_name = 'connection_id'
       and c.table_schema = t.table_schema
     where t.table_schema = 'public' and t.table_type = 'BASE TABLE'
       and t.table_name not in ('sign_in_rates', 'sign_in_verifications') order by 1`,
  );
  const parts = tables.flatMap(({ name, owned }) => {
    const kept = name === 'sessions' || name === 'api_tokens' ? `to_jsonb(t) - ${SEEN}` : 'to_jsonb(t)';
    const column = name === 'connections' ? 'id' : 'connection_id';
    const isOwn = name === 'connections' || owned;
    const where = whose === 'all' ? 'true' : `${column} = '${ofB.connectionId}'`;
    if (whose !== 'all' && !isOwn) return [];
    return [
      `select '${name}' as name, md5(string_agg((${kept})::text, '|' order by (${kept})::text)) as hash from "${name}" t where ${where}`,
    ];
  });
  const { rows } = await database.pool.query<{ name: string; hash: string | null }>(
    // Parts of a union may come in any order.
    `${parts.join(' union all ')} order by name`,
  );
  return rows.map(({ name, hash }) => `${name} ${hash ?? 'empty'}`).join('\n');
}
