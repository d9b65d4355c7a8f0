/** Reads chains of the trail and checks them: one, those that begin alike, or all, in slices that leave room for other work. */
import { type RawBuilder, sql } from 'kysely';
import type { Db } from './db.ts';
import { signerOf } from './signer.ts';
import { connectionSubject, documentSubject } from './trail.ts';
import { type ChainHead, type ChainState, createChainCheck, type SealedEnd } from './trail-check.ts';
import { type StoredEntry, UPGRADED } from './trail-format.ts';

const CHAINS_AT_ONCE = 200;
const ENTRIES_AT_ONCE = 200;

/** Of payloads; one entry is read whatever its size. */
const BYTES_AT_ONCE = 1024 * 1024;

/** What is read of an entry for checking it; the moment to the microsecond. */
export const ENTRY_COLUMNS = sql`t.subject, t.position, t.connection_id as "connectionId",
  (extract(epoch from t.at) * 1000000)::bigint::text as micros, t.actor, t.entry, t.payload, t.hash, t.format,
  t.id, t.key_id as "keyId", t.mac`;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export async function checkChain(db: Db, subject: string): Promise<ChainState> {
  const [state] = await checkRange(db, sql<boolean>`subject = ${subject}`, '').then(({ states }) => states);
  return state ?? { subject, entries: 0, sealed: 0, connectionId: null, fault: undefined };
}

/** Every chain whose subject begins so; those without a fault, too. */
export async function* checkChains(db: Db, prefix: string): AsyncGenerator<ChainState> {
  const scope = sql<boolean>`starts_with(subject, ${prefix})`;
  for (let after: string | undefined = ''; after !== undefined; ) {
    const range: Range = await checkRange(db, scope, after);
    yield* range.states;
    after = range.upTo;
  }
}

/** The first broken place of every chain whose subject begins so; empty when all are whole. */
export async function listBrokenTrails(
  db: Db,
  prefix: string,
): Promise<{ subject: string; position: number; why: string }[]> {
  const broken = [];
  for await (const { subject, fault } of checkChains(db, prefix))
    if (fault) broken.push({ subject, ...fault });
  return broken;
}

type Range = { states: ChainState[]; upTo: string | undefined };

/** In one snapshot: entries, heads and ends belong together, whoever writes meanwhile. */
function checkRange(db: Db, scope: RawBuilder<boolean>, after: string): Promise<Range> {
  if (db.isTransaction) return checkInside(db, scope, after);
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute((tx) => checkInside(tx, scope, after));
}

async function checkInside(db: Db, scope: RawBuilder<boolean>, after: string): Promise<Range> {
  const { rows } = await sql<{ subject: string }>`
    select subject from (
      (select subject from trail_heads where ${scope} and subject > ${after} order by subject limit ${CHAINS_AT_ONCE})
      union (select distinct subject from trail_ends where ${scope} and subject > ${after} and subject <> ${UPGRADED.subject} order by subject limit ${CHAINS_AT_ONCE})
    ) known order by subject limit ${CHAINS_AT_ONCE}`.execute(db);
  const known = rows.map(({ subject }) => subject);
  const upTo = known.length < CHAINS_AT_ONCE ? undefined : known.at(-1);
  const facts = await readChainFacts(db, known);
  const signer = signerOf(db);
  const checkOf = (subject: string) => createChainCheck({ subject, signer, ...facts(subject) });
  const checks = new Map(known.map((subject) => [subject, checkOf(subject)]));
  const within = upTo === undefined ? sql`true` : sql`subject <= ${upTo}`;
  let at = { subject: after, position: 2_147_483_647 };
  for (let more = true; more; ) {
    const page = await readStretch(
      db,
      sql`select subject, position, payload from trail where ${scope} and (subject, position) > (${at.subject}, ${at.position})
        and ${within} order by subject, position limit ${ENTRIES_AT_ONCE}`,
    );
    for (const entry of page.entries) {
      // Entries whose head is gone, and whose end was never sealed.
      const check = checks.get(entry.subject) ?? checkOf(entry.subject);
      checks.set(entry.subject, check);
      check.take(entry);
    }
    at = page.entries.at(-1) ?? at;
    more = page.found === ENTRIES_AT_ONCE || page.entries.length < page.found;
  }
  return { states: [...checks.values()].map((check) => check.finish()), upTo };
}

/** Of the wanted entries (subject, position, payload) the first that are not too much at once; `found` is how many are there. */
export async function readStretch(
  db: Db,
  wanted: RawBuilder<unknown>,
): Promise<{ entries: StoredEntry[]; found: number }> {
  const { rows } = await sql<StoredEntry & { found: number }>`
    with sized as (
      select subject, position, (count(*) over ())::int as found, row_number() over in_order as nth,
        sum(octet_length(payload)) over in_order as bytes
      from (${wanted}) w window in_order as (order by subject, position)
    )
    select ${ENTRY_COLUMNS}, s.found from sized s join trail t on t.subject = s.subject and t.position = s.position
    where s.nth = 1 or s.bytes <= ${BYTES_AT_ONCE} order by t.subject, t.position`.execute(db);
  return { entries: rows, found: rows[0]?.found ?? 0 };
}

export type ChainFacts = {
  head: ChainHead | undefined;
  oldPosition: number;
  ends: SealedEnd[];
  connectionId: string | null | undefined;
};

/** What else is known of these chains: head, sealed ends, and to which connection they must belong. */
export async function readChainFacts(
  db: Db,
  subjects: readonly string[],
): Promise<(subject: string) => ChainFacts> {
  const heads = await sql<ChainHead & { subject: string; oldPosition: number }>`
    select subject, position, hash, old_position as "oldPosition" from trail_heads where subject = any(${subjects})`.execute(
    db,
  );
  const ends = await sql<SealedEnd>`
    select e.subject, e.batch, e.position, encode(e.hash, 'hex') as hash, e.connection_id as "connectionId",
      e.old_position as "oldPosition", e.broken_at as "brokenAt", b.key_id as "keyId"
    from trail_ends e join trail_batches b on b.number = e.batch
    where e.subject = any(${subjects}) order by e.subject, e.position, e.batch`.execute(db);
  const owners = await sql<{ id: string; connectionId: string }>`
    select id, connection_id as "connectionId" from documents
    where id = any(${idsOf(documentSubject(''), subjects)}::uuid[])`.execute(db);
  const upgradedAt = await findUpgraded(db);
  const headOf = new Map(heads.rows.map((head) => [head.subject, head]));
  const endsOf = Map.groupBy(ends.rows, ({ subject }) => subject);
  const ownerOf = new Map(owners.rows.map(({ id, connectionId }) => [documentSubject(id), connectionId]));
  const ofConnection = connectionSubject('');
  /** What is said of old entries counts only until all old chains were sealed. */
  const oldPositionOf = (subject: string) => {
    const [first] = endsOf.get(subject) ?? [];
    if (first) return upgradedAt === undefined || first.batch < upgradedAt ? first.oldPosition : 0;
    return upgradedAt === undefined ? (headOf.get(subject)?.oldPosition ?? 0) : 0;
  };
  return (subject) => ({
    head: headOf.get(subject),
    oldPosition: oldPositionOf(subject),
    ends: endsOf.get(subject) ?? [],
    connectionId: subject.startsWith(ofConnection)
      ? subject.slice(ofConnection.length)
      : ownerOf.get(subject),
  });
}

/** The batch that says so; undefined until then. */
export async function findUpgraded(db: Db): Promise<number | undefined> {
  const { rows } = await sql<{ batch: number }>`
    select min(batch) as batch from trail_ends where subject = ${UPGRADED.subject}`.execute(db);
  return rows[0]?.batch ?? undefined;
}

function idsOf(prefix: string, subjects: readonly string[]): string[] {
  return subjects
    .filter((subject) => subject.startsWith(prefix))
    .map((subject) => subject.slice(prefix.length))
    .filter((id) => UUID.test(id));
}
