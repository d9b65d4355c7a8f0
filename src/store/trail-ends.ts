/** The chain of ends: what is to be sealed, batches of ends, and whether all of it is as it was signed. */
import { sql } from 'kysely';
import type { Db } from './db.ts';
import { signerOf } from './signer.ts';
import { readChainFacts, readStretch } from './trail-chains.ts';
import { createChainCheck, type SealedEnd } from './trail-check.ts';
import {
  BATCH_PURPOSE,
  hashOfBatch,
  hashOfEnds,
  NO_HASH,
  type StoredEntry,
  type TrailEnd,
  toMicros,
} from './trail-format.ts';

/** Names the advisory lock of whoever seals. */
const SEALING = 4_711_012;
const CHAINS_AT_ONCE = 200;
const ENTRIES_AT_ONCE = 200;
const BATCHES_AT_ONCE = 200;

export type NewestBatch = { number: number; sealedAt: Date; hash: Buffer };

/** False where another process seals at the moment; held until the transaction ends. */
export async function takeSealing(tx: Db): Promise<boolean> {
  const { rows } = await sql<{
    taken: boolean;
  }>`select pg_try_advisory_xact_lock(${SEALING}) as taken`.execute(tx);
  return rows[0]?.taken === true;
}

export async function findNewestBatch(db: Db): Promise<NewestBatch | undefined> {
  const { rows } = await sql<NewestBatch>`
    select number, sealed_at as "sealedAt", hash from trail_batches order by number desc limit 1`.execute(db);
  return rows[0];
}

/** Chains that begin with entries of before the upgrade, and have not been entered yet. */
export async function countOldLeft(db: Db): Promise<number> {
  const { rows } = await sql<{ count: bigint }>`
    select count(*) from trail_heads h where unsealed and old_position > 0
      and not exists (select from trail_ends e where e.subject = h.subject)`.execute(db);
  return Number(rows[0]?.count ?? 0n);
}

export type AuditStanding = {
  /** The newest batch of ends; null before the first. */
  sealedAt: Date | null;
  /** Chains that have grown since. */
  unsealed: number;
  /** Entered as broken. */
  broken: number;
};

export async function readAuditStanding(db: Db): Promise<AuditStanding> {
  const { rows } = await sql<{ sealedAt: Date | null; unsealed: bigint; broken: bigint }>`
    select (select sealed_at from trail_batches order by number desc limit 1) as "sealedAt",
      (select count(*) from trail_heads where unsealed) as unsealed,
      (select count(distinct subject) from trail_ends where broken_at is not null) as broken`.execute(db);
  const [row] = rows;
  return {
    sealedAt: row?.sealedAt ?? null,
    unsealed: Number(row?.unsealed ?? 0n),
    broken: Number(row?.broken ?? 0n),
  };
}

export type FreshEnd = TrailEnd & {
  why: string | undefined;
  /** Its first end, and it begins with entries of before the upgrade. */
  isOld: boolean;
};

/** The new ends of chains that have grown, each checked from its last end on; `after` skips those that were looked at. */
export async function readFreshEnds(db: Db, after: string): Promise<FreshEnd[]> {
  const { rows } = await sql<{ subject: string; position: number; hash: Buffer }>`
    select subject, position, hash from trail_heads where unsealed and subject > ${after}
    order by subject limit ${CHAINS_AT_ONCE}`.execute(db);
  const signer = signerOf(db);
  const facts = await readChainFacts(
    db,
    rows.map(({ subject }) => subject),
  );
  const chains = rows.map(({ subject, position, hash }) => {
    const { ends, oldPosition, connectionId } = facts(subject);
    const since = ends.at(-1);
    // As it was when it was listed: it may have moved on since.
    const head = { position, hash };
    const check = createChainCheck({ subject, signer, head, oldPosition, ends, connectionId, since });
    return { subject, position, hash: hash.toString('hex'), oldPosition, since, check };
  });
  const checks = new Map(chains.map(({ subject, check }) => [subject, check]));
  for await (const entry of readEntries(
    db,
    chains.map(({ subject, position, since }) => ({ subject, first: since?.position ?? 0, last: position })),
  ))
    checks.get(entry.subject)?.take(entry);
  return chains.map(({ check, since, ...end }) => {
    const { fault, connectionId } = check.finish();
    const isOld = since === undefined && end.oldPosition > 0;
    return { ...end, connectionId, brokenAt: fault?.position ?? null, why: fault?.why, isOld };
  });
}

type Stretch = { subject: string; first: number; last: number };

async function* readEntries(db: Db, stretches: readonly Stretch[]): AsyncGenerator<StoredEntry> {
  for (const slice of toSlices(stretches)) {
    let after = { subject: '', position: -1 };
    for (let more = true; more; ) {
      const { entries, found } = await readStretch(
        db,
        sql`select t.subject, t.position, t.payload from jsonb_to_recordset(${JSON.stringify(slice)}::jsonb)
          as s(subject text, first integer, last integer)
        join trail t on t.subject = s.subject and t.position between s.first and s.last
          and (t.subject, t.position) > (${after.subject}, ${after.position})`,
      );
      yield* entries;
      after = entries.at(-1) ?? after;
      more = entries.length < found;
    }
  }
}

/** Places follow each other without a gap, so what comes with each read is known before. */
function* toSlices(stretches: readonly Stretch[]): Generator<Stretch[]> {
  let slice: Stretch[] = [];
  let room = ENTRIES_AT_ONCE;
  for (const { subject, first, last } of stretches) {
    for (let from = first; from <= last; ) {
      const to = Math.min(last, from + room - 1);
      slice.push({ subject, first: from, last: to });
      room -= to - from + 1;
      from = to + 1;
      if (room > 0) continue;
      yield slice;
      slice = [];
      room = ENTRIES_AT_ONCE;
    }
  }
  if (slice.length > 0) yield slice;
}

/** Signs and enters them as the next batch. */
export async function enterBatch(
  tx: Db,
  newest: NewestBatch | undefined,
  ends: readonly TrailEnd[],
  now: Date,
): Promise<NewestBatch & { signature: Buffer }> {
  const number = (newest?.number ?? 0) + 1;
  const endsHash = hashOfEnds(ends);
  const facts = { number, micros: toMicros(now), chains: ends.length, endsHash };
  const hash = hashOfBatch({ ...facts, previous: newest?.hash ?? NO_HASH });
  const { keyId, signature } = signerOf(tx).sign(BATCH_PURPOSE, hash);
  await sql`select seal_trail(${number}, ${now}, ${endsHash}, ${hash}, ${keyId}, ${signature},
    ${JSON.stringify(ends)}::jsonb)`.execute(tx);
  return { number, sealedAt: now, hash, signature };
}

export type BatchFault = { batch: number; why: string };

type Batch = {
  number: number;
  micros: string;
  chains: number;
  endsHash: Buffer;
  hash: Buffer;
  keyId: number;
  signature: Buffer;
};

/** The first fault in the chain of ends, if any, after every slice of batches that was looked at. */
export async function* checkBatches(db: Db): AsyncGenerator<{ batches: number; fault?: BatchFault }> {
  const signer = signerOf(db);
  let last = 0;
  let previous = NO_HASH;
  for (let more = true; more; ) {
    const { rows } = await sql<Batch>`
      select number, (extract(epoch from sealed_at) * 1000000)::bigint::text as micros, chains, ends_hash as "endsHash",
        hash, key_id as "keyId", signature from trail_batches
      where number > ${last} order by number limit ${BATCHES_AT_ONCE}`.execute(db);
    const ends = Map.groupBy(await readEnds(db, last, rows.at(-1)?.number ?? last), ({ batch }) => batch);
    for (const batch of rows) {
      const why = findBatchFault(batch, ends.get(batch.number) ?? []);
      if (why !== undefined) return yield { batches: last, fault: { batch: last + 1, why } };
      last = batch.number;
      previous = batch.hash;
    }
    yield { batches: last };
    more = rows.length === BATCHES_AT_ONCE;
  }

  function findBatchFault(batch: Batch, ends: readonly TrailEnd[]): string | undefined {
    if (batch.number !== last + 1) return 'is missing';
    if (ends.length !== batch.chains || !hashOfEnds(ends).equals(batch.endsHash))
      return 'has other ends than were signed';
    if (!hashOfBatch({ ...batch, previous }).equals(batch.hash)) return 'was altered';
    if (!signer.verify(BATCH_PURPOSE, batch.hash, batch))
      return "does not bear this installation's signature";
    return undefined;
  }
}

async function readEnds(
  db: Db,
  after: number,
  upTo: number,
): Promise<(TrailEnd & Pick<SealedEnd, 'batch'>)[]> {
  const { rows } = await sql<TrailEnd & Pick<SealedEnd, 'batch'>>`
    select batch, subject, position, encode(hash, 'hex') as hash, connection_id as "connectionId",
      old_position as "oldPosition", broken_at as "brokenAt"
    from trail_ends where batch > ${after} and batch <= ${upTo}`.execute(db);
  return rows;
}

/** Records and connections that have been worked on, and have no chain. */
export async function listWithoutChain(db: Db): Promise<string[]> {
  const { rows } = await sql<{ subject: string }>`
    select 'document:' || d.id as subject from documents d
    where not exists (select from trail_heads h where h.subject = 'document:' || d.id) and (${WAS_WORKED_ON})
    union all
    select 'connection:' || c.id from connections c
    where not exists (select from trail_heads h where h.subject = 'connection:' || c.id)
    order by 1`.execute(db);
  return rows.map(({ subject }) => subject);
}

/** A record that was only told about has nothing written yet. */
const WAS_WORKED_ON = sql<boolean>`d.state <> 'pending' or d.revision_id is not null or d.fetched_seq > 0
  or exists (select from events e where e.document_id = d.id and e.noted)
  or exists (select from deliveries v where v.document_id = d.id)
  or exists (select from trail_ends x where x.subject = 'document:' || d.id)`;

export async function mustHaveChain(db: Db, documentId: string): Promise<boolean> {
  const { rows } =
    await sql`select 1 from documents d where d.id = ${documentId} and (${WAS_WORKED_ON})`.execute(db);
  return rows.length > 0;
}
