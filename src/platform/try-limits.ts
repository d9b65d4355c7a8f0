/** How often something may be tried: so many at once, then one every so often; counted for all processes together. */
import { createHmac } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Pool } from 'pg';
import type { Clock } from './clock.ts';

export type Limit = {
  /** Its place among the cells; never given to another limit. */
  kind: number;
  /** How many tries there are at once; null: nothing is refused, tries are only remembered. */
  burst: number | null;
  /** After how long one of them comes back. */
  everyMs: number;
};

/** `of`: whose tries are counted. */
export type Asked = { limit: Limit; of: string };

/** In the order of what was asked. */
export type Told = { waitMs: number; used: number };

export type TryLimits = {
  /** Takes one try of each, or none at all where one of them has to wait. */
  take(asked: readonly Asked[]): Promise<Told[]>;
  giveBack(asked: Asked): Promise<void>;
};

/** Each limit has so many cells: what shares one by chance shares its tries. The table holds no more rows than that. */
const CELL_BITS = 18;
/** What has all tries again needs no row. */
const SWEEP_EVERY_MS = 60_000;
const SWEPT_AT_ONCE = 10_000;

export function createTryLimits(parts: { pool: Pool; clock: Clock; secret: string }): TryLimits {
  const { pool, clock, secret } = parts;
  let sweptAt = 0;

  const cellOf = ({ limit, of }: Asked): number => {
    const hash = createHmac('sha256', secret).update(`tries ${limit.kind} ${of}`).digest().readUInt32BE();
    return limit.kind * 2 ** CELL_BITS + (hash >>> (32 - CELL_BITS));
  };

  const sweep = async (now: number): Promise<void> => {
    if (Math.abs(now - sweptAt) < SWEEP_EVERY_MS) return;
    sweptAt = now;
    await pool.query(
      `delete from sign_in_tries where cell in (
         select cell from sign_in_tries where full_at < $1 limit $2 for update skip locked)`,
      [new Date(now - SWEEP_EVERY_MS), SWEPT_AT_ONCE],
    );
  };

  return {
    async take(asked) {
      const now = clock.now();
      await sweep(now);
      const { rows } = await pool.query<{ wait_ms: number; used: number }>({
        text: 'select wait_ms, used from take_tries($1, $2, $3, $4)',
        values: [
          asked.map(cellOf),
          asked.map(({ limit }) => limit.everyMs),
          asked.map(({ limit }) => limit.burst),
          new Date(now),
        ],
      });
      return rows.map((row) => ({ waitMs: Math.ceil(row.wait_ms), used: row.used }));
    },

    async giveBack(asked) {
      await pool.query(
        `update sign_in_tries set full_at = full_at - $2 * interval '1 millisecond' where cell = $1`,
        [cellOf(asked), asked.limit.everyMs],
      );
    },
  };
}

/** Whom an address is counted as: of IPv6, whoever has one address has all of its /64. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  // In its canonical form, at most one stretch of zeros is left out.
  const [head = '', tail] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const [left, right] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return `${[...left, ...(tail === undefined ? [] : zeros), ...right].slice(0, 4).join(':')}::/64`;
}
