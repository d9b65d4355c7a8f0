/** The admin API's shapes for setting connections up, and for how they stand. */
import { z } from 'zod';

const instant = z.iso.datetime();
const amountText = z.string();
const side = z.enum(['source', 'destination']);
const values = z.record(z.string().max(100), z.string().max(10_000));

const field = z.object({
  name: z.string(),
  label: z.string(),
  help: z.string(),
  secret: z.boolean(),
  required: z.boolean(),
  choices: z.array(z.string()).nullable(),
  /** Where the value is a list of pairs, as text "from=to, from=to": what either side is, and its allowed values. */
  table: z
    .object({
      from: z.string(),
      to: z.string(),
      fromChoices: z.array(z.string()).nullable(),
      toChoices: z.array(z.string()).nullable(),
    })
    .nullable(),
  default: z.string().nullable(),
});

export const connectors = z.object({
  publicUrl: z.string(),
  systems: z.array(
    z.object({
      id: z.string(),
      label: z.string(),
      side,
      fields: z.array(field),
      hasSandbox: z.boolean(),
      /** Where a person's browser comes back to; null where no consent is asked for. */
      redirectUri: z.string().nullable(),
    }),
  ),
});

/** `value` is null for secrets; `isSet` says whether there is one. */
const setField = field.extend({
  value: z.string().nullable(),
  /** The value of a table. */
  pairs: z.array(z.object({ from: z.string(), to: z.string() })).nullable(),
  isSet: z.boolean(),
});
const policy = z.object({
  name: z.string(),
  label: z.string(),
  help: z.string(),
  choices: z.array(z.object({ value: z.string(), label: z.string() })),
  default: z.string(),
  /** What is chosen. */
  value: z.string(),
});
export const connectionFields = z.object({
  alerts: z.object({
    /** '' where nobody is told; only its origin for who may not change it. */
    url: z.string(),
    /** Why the last one did not arrive. */
    failure: z.string().nullable(),
  }),
  policies: z.array(policy),
  fields: z.object({ source: z.array(setField), destination: z.array(setField) }),
});

const newSide = z.object({ connector: z.string().max(100), values });
const schedule = {
  webhooksEnabled: z.boolean(),
  pollIntervalSeconds: z.number().int().min(0).max(86_400),
};
export const addConnectionRequest = z.object({
  name: z.string().max(63),
  source: newSide,
  destination: newSide,
  ...schedule,
  pollCron: z.string().max(100).optional(),
});
export const addedConnection = z.object({ id: z.uuid(), needsConsent: z.boolean() });
export const addSandboxRequest = z.object({ name: z.string().max(63).optional() });
export const addedSandbox = z.object({
  id: z.uuid(),
  name: z.string(),
  sourceUrl: z.string(),
  destinationUrl: z.string(),
});
export const setConnectionRequest = z
  .object({
    ...schedule,
    pollCron: z.string().max(100),
    /** '' for none. */
    alertUrl: z.string().max(2000),
    values: z.object({ source: values, destination: values }).partial(),
    /** Choices by the policy's name. */
    policies: values,
  })
  .partial();
export const changedConnection = z.object({ id: z.uuid() });
export const rotatedPaths = z.object({
  id: z.uuid(),
  /** How many webhooks get a new path. */
  callbacks: z.number().int(),
  /** It happens when the connection is resumed. */
  waits: z.boolean(),
});
export const testedAlert = z.object({ id: z.uuid(), failure: z.string().nullable() });
export const removeConnectionRequest = z.object({
  /** Only says what goes and what stays. */
  dryRun: z.boolean().default(false),
  /** Also when the source does not answer. */
  force: z.boolean().default(false),
});
export const removal = z.object({
  id: z.uuid(),
  name: z.string(),
  dryRun: z.boolean(),
  removed: z.boolean(),
  callbacks: z.array(z.string()),
  tokensRevoked: z.boolean(),
  recordsKept: z.number().int(),
  unsettled: z.number().int(),
  left: z.array(z.string()),
});

export const consentStart = z.object({ url: z.string(), redirectUri: z.string() });
export const consentAnswer = z.object({ returnedUrl: z.string().max(4096) });
export const consentEnd = z.object({ connection: z.string(), account: z.string().optional() });

export const pingReport = z.object({
  connection: z.string(),
  ok: z.boolean(),
  sides: z.array(
    z.object({
      side,
      system: z.string(),
      checks: z.array(
        z.object({
          name: z.string(),
          ok: z.boolean(),
          detail: z.string(),
          /** What to do about it. */
          fix: z.string().optional(),
        }),
      ),
    }),
  ),
  /** About how the service is reached, whatever the systems say. */
  hints: z.array(z.string()),
});

const plannedRequest = z.object({
  call: z.string(),
  method: z.string(),
  path: z.string(),
  body: z.unknown(),
});
export const previewRequest = z.object({ limit: z.number().int().min(1).max(50).default(20) });
export const preview = z.object({
  estimatedTotal: z.number().int(),
  invoices: z.array(
    z.object({
      sourceId: z.string(),
      label: z.string(),
      currency: z.string().nullable(),
      amount: amountText.nullable(),
      date: z.string().nullable(),
      outcome: z.enum(['copy', 'park']),
      account: z.string().nullable(),
      problems: z.array(z.object({ field: z.string(), value: z.string(), rule: z.string() })),
      requests: z.array(plannedRequest),
    }),
  ),
});

/** All of it when `since` is left out; otherwise what changed since that day. */
export const backfillRequest = z.object({ since: z.iso.date().optional() });
export const startedBackfill = z.object({ id: z.uuid() });
export const backfillState = z.object({
  id: z.uuid(),
  state: z.enum(['running', 'listed', 'complete', 'incomplete', 'failed']),
  error: z.string().nullable(),
  listed: z.number().int(),
  estimated: z.number().int(),
  accepted: z.number().int(),
  settled: z.number().int(),
});

export const overviewQuery = z.object({ window: z.enum(['day', 'month']).default('day') });

const balance = z.object({
  kind: z.enum(['invoice', 'payment', 'credit']),
  currency: z.string(),
  /** What is to be copied. */
  sourceCount: z.number().int(),
  sourceAmount: amountText,
  /** What was read back from the destination. */
  copyCount: z.number().int(),
  copyAmount: amountText,
  pending: z.number().int(),
  parked: z.number().int(),
  equal: z.boolean(),
});

/** What a connection cannot do although its sign-in is good. */
export const block = z.object({
  connectionId: z.uuid(),
  side: z.enum(['source', 'destination']),
  what: z.string(),
  /** "Payments cannot be read" */
  words: z.string(),
  message: z.string(),
  wayOut: z.string(),
  since: instant,
  nextTryAt: instant,
  /** Records that wait for it. */
  held: z.number().int(),
  /** Another way is taken; nobody has to act. */
  workedAround: z.boolean(),
});
export type Block = z.output<typeof block>;

export const overview = z.object({
  connections: z.array(
    z.object({
      id: z.uuid(),
      name: z.string(),
      sourceLabel: z.string(),
      destinationLabel: z.string(),
      state: z.enum(['active', 'paused']),
      pauseReason: z.string().nullable(),
      /** Counts and sums were equal on both sides when the copies were read last, nothing waits, and every kind can be read. */
      inStep: z.boolean(),
      blocks: z.array(block),
      balances: z.array(balance),
      lastEventAt: instant.nullable(),
      /** Age of the oldest event without an end state. */
      lagSeconds: z.number().int(),
      unsettled: z.number().int(),
      /** Records that need a decision of their own, and those that follow one of these. */
      parked: z.number().int(),
      following: z.number().int(),
      /** When copies were read: the one read longest ago, and the newest. Nobody has looked since. */
      readBack: z.object({ from: instant, to: instant }).nullable(),
      budgets: z.array(
        z.object({
          side,
          pool: z.string(),
          /** Calls in each window; null where no limit is known. */
          limit: z.number().int().nullable(),
          windowSeconds: z.number().nullable(),
          usedPercent: z.number().int(),
          blockedUntil: instant.nullable(),
        }),
      ),
    }),
  ),
  history: z.array(
    z.object({
      at: instant,
      received: z.number().int(),
      synced: z.number().int(),
      parked: z.number().int(),
      /** Median from event to end state. */
      seconds: z.number().nullable(),
    }),
  ),
});

export const rejectionQuery = z.object({
  connection: z.string().max(100).optional(),
  cause: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const rejections = z.array(
  z.object({
    id: z.uuid(),
    connectionId: z.uuid().nullable(),
    at: instant,
    cause: z.string(),
    status: z.number().int(),
    headers: z.record(z.string(), z.string()),
    body: z.string().nullable(),
  }),
);

export type FieldView = z.infer<typeof field>;
export type ConnectorsView = z.infer<typeof connectors>;
export type ConnectionFields = z.infer<typeof connectionFields>;
export type AddConnectionRequest = z.infer<typeof addConnectionRequest>;
export type AddedConnection = z.infer<typeof addedConnection>;
export type AddSandboxRequest = z.infer<typeof addSandboxRequest>;
export type AddedSandbox = z.infer<typeof addedSandbox>;
export type SetConnectionRequest = z.infer<typeof setConnectionRequest>;
export type RotatedPaths = z.infer<typeof rotatedPaths>;
export type TestedAlert = z.infer<typeof testedAlert>;
export type Removal = z.infer<typeof removal>;
export type ConsentStart = z.infer<typeof consentStart>;
export type ConsentEnd = z.infer<typeof consentEnd>;
export type PingReport = z.infer<typeof pingReport>;
export type Preview = z.infer<typeof preview>;
export type BackfillState = z.infer<typeof backfillState>;
export type Overview = z.infer<typeof overview>;
export type OverviewQuery = z.infer<typeof overviewQuery>;
export type Balance = z.infer<typeof balance>;
export type RejectionQuery = z.infer<typeof rejectionQuery>;
export type RejectionView = z.infer<typeof rejections>[number];
