/** The figures that are read off the tables at the moment somebody asks for metrics. */
import { sql } from 'kysely';
import { isWorkedOn } from './connections.ts';
import type { Db } from './db.ts';

export type Gauges = { paused: number; unsettled: number; parked: number; brokenChains: number };

export async function readGauges(db: Db): Promise<Gauges> {
  const { rows } = await sql<Record<keyof Gauges, bigint>>`
    select (select count(*) from connections where state = 'paused' and removed_at is null) as paused,
      (select count(*) from events e where settled_at is null and ${isWorkedOn('e')}) as unsettled,
      (select count(*) from documents d where state = 'parked' and ${isWorkedOn('d')}) as parked,
      (select count(distinct subject) from trail_ends where broken_at is not null) as "brokenChains"`.execute(
    db,
  );
  const [row] = rows;
  return {
    paused: Number(row?.paused ?? 0n),
    unsettled: Number(row?.unsettled ?? 0n),
    parked: Number(row?.parked ?? 0n),
    brokenChains: Number(row?.brokenChains ?? 0n),
  };
}
