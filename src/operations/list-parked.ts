/** What waits for a person, grouped by reason: how many, worth how much, and one example in words. */
import { sql } from 'kysely';
import { formatMoney } from '../core/money.ts';
import { isWorkedOn } from '../store/connections.ts';
import type { Reason } from '../store/documents.ts';
import { type Actor, requireRole } from './context.ts';
import type { OperationParts } from './parts.ts';

type Group = {
  code: string;
  message: string;
  wayOut: string | null;
  count: number;
  oldestAt: string;
  sums: { currency: string; amount: string }[];
};

export async function listParked(
  parts: OperationParts,
  actor: Actor,
  query: { connectionId?: string | undefined },
): Promise<Group[]> {
  requireRole(actor, 'viewer');
  const own = query.connectionId === undefined ? sql`true` : sql`connection_id = ${query.connectionId}`;
  const { rows } = await sql<{
    code: string;
    example: Reason;
    currency: string | null;
    count: bigint;
    amount: string | null;
    oldest: Date;
  }>`
    select reason ->> 'code' as code, (array_agg(reason order by changed_at desc))[1] as example, currency,
      count(*) as count, sum(amount_minor) as amount, min(changed_at) as oldest
    from documents d where state = 'parked' and ${isWorkedOn('d')} and ${own} group by 1, currency order by 1, currency`.execute(
    parts.db,
  );
  const groups = new Map<string, Group>();
  for (const { code, example, currency, count, amount, oldest } of rows) {
    const group = groups.get(code) ?? {
      code,
      message: example.message,
      wayOut: example.wayOut ?? null,
      count: 0,
      oldestAt: oldest.toISOString(),
      sums: [],
    };
    group.count += Number(count);
    if (oldest.toISOString() < group.oldestAt) group.oldestAt = oldest.toISOString();
    if (currency !== null && amount !== null)
      group.sums.push({ currency, amount: formatMoney({ currency, amountMinor: BigInt(amount) }) });
    groups.set(code, group);
  }
  return [...groups.values()].toSorted((a, b) => b.count - a.count);
}
