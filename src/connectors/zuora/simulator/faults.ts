/** Faults a test or a demonstration can order over the control API. */
import { z } from 'zod';

const times = z.number().int().min(1).default(1);
const match = z.string().min(1);
const once = z.object({ match, times }).strict();

export const FaultOrder = z
  .object({
    /** Added to every API call, in real time. */
    latencyMs: z.number().int().min(0),
    failNext: z.array(
      z
        .object({
          match,
          times,
          status: z.number().int().min(200).max(599),
          code: z.union([z.number().int(), z.string()]).optional(),
          message: z.string().optional(),
          /** The API's own, a broken page, a page of the edge, or what gateways say in JSON. */
          body: z
            .enum(['json', 'html', 'edge', 'no-route', 'message', 'named', 'error-message'])
            .default('json'),
          retryAfter: z.union([z.number().int(), z.string()]).optional(),
        })
        .strict(),
    ),
    loseAnswerAfter: z.array(once),
    loseRequestBefore: z.array(once),
    gatewayTimeoutWithWriteDone: z.array(
      once.extend({ afterMs: z.number().int().min(0).default(0) }).strict(),
    ),
    /** The connection closes at once, or the gateway answers 504, and the write is done later. */
    lateCommit: z.array(
      once
        .extend({ commitAfterMs: z.number().int().min(0), gatewayTimeout: z.boolean().default(false) })
        .strict(),
    ),
    truncateBody: z.array(once),
    /** The work is done, the connection stays open, and no answer comes. */
    neverAnswer: z.array(once),
    lockContentionNext: z.number().int().min(0),
    /** Chance that a write fails when it truly overlaps another write to its account. */
    lockContentionChance: z.number().min(0).max(1),
    tokenLifetimeSeconds: z.number().int().min(0).nullable(),
    /** Every error as HTTP 200 with success:false, whatever the version. */
    successFalseWith200: z.boolean(),
  })
  .partial()
  .strict();

export type FaultOrder = z.infer<typeof FaultOrder>;
type Lists =
  | 'failNext'
  | 'loseAnswerAfter'
  | 'loseRequestBefore'
  | 'gatewayTimeoutWithWriteDone'
  | 'lateCommit'
  | 'truncateBody'
  | 'neverAnswer';
export type FaultOf<K extends Lists> = NonNullable<FaultOrder[K]>[number];

export type Faults = ReturnType<typeof createFaults>;

export function createFaults() {
  let orders: FaultOrder = {};
  return {
    orders: (): FaultOrder => orders,
    set(order: FaultOrder): void {
      orders = { ...orders, ...order };
    },
    clear(): void {
      orders = {};
    },
    /** Uses up one order of the list that matches a call such as "POST invoice"; `*` matches all but token calls. */
    take<K extends Lists>(list: K, kind: string): FaultOf<K> | undefined {
      const members: readonly FaultOf<Lists>[] | undefined = orders[list];
      const index = members?.findIndex(({ match: wanted }) => matches(wanted, kind)) ?? -1;
      const found = orders[list]?.[index];
      if (members === undefined || found === undefined) return undefined;
      found.times -= 1;
      if (found.times === 0) orders[list]?.splice(index, 1);
      return found;
    },
    takeLockContention(): boolean {
      const left = orders.lockContentionNext ?? 0;
      if (left > 0) orders.lockContentionNext = left - 1;
      return left > 0;
    },
  };
}

function matches(wanted: string, kind: string): boolean {
  if (wanted === '*') return kind !== 'POST token';
  return kind === wanted || kind.startsWith(`${wanted} `);
}
