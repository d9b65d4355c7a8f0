/** Dry run equals reality: for each look at a record, what was predicted is compared with what was then sent, byte for byte. */
import { sql } from 'kysely';
import { playHistory } from '../../src/connectors/freshbooks/simulator/histories.ts';
import { OperatingError } from '../../src/core/errors.ts';
import { canonicalJson } from '../../src/core/json.ts';
import type { LaneWork } from '../../src/engine/lane-work.ts';
import { syncDocument } from '../../src/engine/sync.ts';
import { type DryRun, dryRunRecord } from '../../src/operations/dry-run-record.ts';
import { findPendingDocument } from '../../src/store/documents.ts';
import { acquireLease, deferLane } from '../../src/store/lanes.ts';
import { ADMIN } from '../kit/engine.ts';
import { createLifecycleWorld, type LifecycleWorld } from '../kit/lifecycle.ts';

export type DryRunFigures = {
  cases: number;
  /** Cases in which something was written. */
  withWrites: number;
  requests: number;
  different: number;
  findings: string[];
};

const ACTS_AT_ONCE = 12;
const POLICIES = [{}, { edits: 'reissue', drafts: 'wait' }, { edits: 'memo', reducedPayments: 'replace' }];

/** `count` looks, in worlds of different policies. */
export async function proveDryRuns(
  count: number,
  seed: number,
  onProgress: (cases: number) => void = () => {},
): Promise<DryRunFigures> {
  const figures: DryRunFigures = { cases: 0, withWrites: 0, requests: 0, different: 0, findings: [] };
  for (let round = 0; figures.cases < count; round += 1) {
    const policies = POLICIES[round % POLICIES.length] ?? {};
    const world = await createLifecycleWorld({ seed: seed + round, policies });
    try {
      for (let part = 0; part < 8 && figures.cases < count; part += 1) {
        const { books } = world.simulators.books.simulator;
        const day = `2026-0${1 + part}-02`;
        const request = {
          seed: seed * 1000 + round * 10 + part,
          clients: part === 0 ? 3 : 0,
          acts: ACTS_AT_ONCE,
        };
        playHistory(books, { ...request, currencies: ['USD', 'EUR'], startOn: day });
        await world.arrived();
        await lookAtAll(world, figures, count);
        onProgress(figures.cases);
      }
    } finally {
      await world.close();
    }
  }
  return figures;
}

async function lookAtAll(world: LifecycleWorld, figures: DryRunFigures, count: number): Promise<void> {
  for (
    let lane = await nextLane(world);
    lane !== undefined && figures.cases < count;
    lane = await nextLane(world)
  ) {
    const { parts, connectionId } = world;
    const document = await findPendingDocument(parts.db, { connectionId, lane }, new Date(parts.clock.now()));
    if (!document) throw new Error(`nothing to do in lane ${lane}`);
    const predicted = await dryRunRecord(parts, ADMIN, { recordId: document.id });
    const since = await lastDelivery(world);
    const open = await parts.runtime.open(connectionId);
    const lease = await acquireLease(
      parts.db,
      { connectionId, lane },
      'prover',
      new Date(parts.clock.now()),
      60_000,
    );
    if (!lease) throw new Error(`lane ${lane} cannot be had`);
    const moved = await really({ parts, open, lease }, document);
    await deferLane(parts.db, lease, new Date(parts.clock.now()), 0, new Date(parts.clock.now()));
    if (moved) continue;
    compare(document.label || document.sourceId, predicted, await sentSince(world, since), figures);
  }
}

/** True when the document has only changed its lane. */
async function really(work: LaneWork, document: Parameters<typeof syncDocument>[1]): Promise<boolean> {
  try {
    await syncDocument(work, document);
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
  }
  const { rows } = await sql<{ lane: string }>`select lane from documents where id = ${document.id}`.execute(
    work.parts.db,
  );
  return rows[0]?.lane !== document.lane;
}

type Sent = { method: string; path: string; body: unknown };

function compare(label: string, predicted: DryRun, sent: readonly Sent[], figures: DryRunFigures): void {
  figures.cases += 1;
  figures.requests += sent.length;
  if (sent.length > 0) figures.withWrites += 1;
  const expected = withoutIds(predicted.requests);
  const actual = withoutIds(sent);
  if (expected.join('\n') === actual.join('\n')) return;
  figures.different += 1;
  figures.findings.push(`${label}: predicted\n${expected.join('\n')}\nsent\n${actual.join('\n')}`);
}

/** Ids of the destination: 32 hexadecimal digits, or what stands for one that is not there yet. */
const IDS = /[0-9a-f]{32}|\(new\) \d+|%28new%29%20\d+/g;

function withoutIds(requests: readonly Sent[]): string[] {
  return requests.map(({ method, path, body }) =>
    `${method} ${path} ${canonicalJson(body)}`.replaceAll(IDS, '<id>'),
  );
}

async function nextLane({ parts, connectionId }: LifecycleWorld): Promise<string | undefined> {
  const { rows } = await sql<{ lane: string }>`
    select d.lane from events e join documents d on d.id = e.document_id
    where d.connection_id = ${connectionId} and e.settled_at is null order by e.seq limit 1`.execute(
    parts.db,
  );
  return rows[0]?.lane;
}

async function lastDelivery({ parts }: LifecycleWorld): Promise<string> {
  const { rows } = await sql<{ id: string | null }>`select max(id::text) as id from deliveries`.execute(
    parts.db,
  );
  return rows[0]?.id ?? '';
}

async function sentSince({ parts }: LifecycleWorld, since: string): Promise<Sent[]> {
  const { rows } = await sql<{ request: Sent }>`
    select request from deliveries where id::text > ${since} order by id::text`.execute(parts.db);
  return rows.map(({ request }) => request);
}
