/** The admin API's shapes: the one file that server, CLI and dashboard share. */
import { z } from 'zod';
import { block } from './contract-connections.ts';

const documentKind = z.enum(['client', 'invoice', 'payment', 'credit']);
const recordState = z.enum(['pending', 'synced', 'parked', 'ignored']);

/** ISO 8601 with zone, UTC. */
const instant = z.iso.datetime();
/** Decimal text in major units, with all decimals of its currency. */
const amountText = z.string();

export const reason = z.object({
  /** Stable, for filters: "invoice-edited". */
  code: z.string(),
  /** One sentence for a person. */
  message: z.string(),
  /** What a person can do about it. */
  wayOut: z.string().optional(),
  problems: z.array(z.object({ field: z.string(), value: z.string(), rule: z.string() })).optional(),
  /** Figures on both sides, where they differ. */
  figures: z
    .array(z.object({ name: z.string(), source: z.string(), destination: z.string() }))
    .readonly()
    .optional(),
  /** What a person may decide; `argument` goes back with the choice. */
  choices: z
    .array(
      z.object({
        choice: z.string(),
        argument: z.string().optional(),
        /** What is asked for as the argument, where a person has to name it. */
        asks: z.string().optional(),
        label: z.string(),
        explains: z.string(),
      }),
    )
    .readonly()
    .optional(),
});

export const connection = z.object({
  id: z.uuid(),
  name: z.string(),
  source: z.string(),
  sourceLabel: z.string(),
  destination: z.string(),
  destinationLabel: z.string(),
  state: z.enum(['active', 'paused']),
  pauseReason: z.string().nullable(),
  webhooksEnabled: z.boolean(),
  /** 0 = off. */
  pollIntervalSeconds: z.number().int(),
  /** Takes the interval's place: five fields, in UTC. */
  pollCron: z.string().nullable(),
  createdAt: instant,
  blocks: z.array(block),
  counts: z.object({
    pending: z.number().int(),
    synced: z.number().int(),
    parked: z.number().int(),
    ignored: z.number().int(),
  }),
  lastEventAt: instant.nullable(),
});

export const recordSummary = z.object({
  id: z.uuid(),
  connectionId: z.uuid(),
  connectionName: z.string(),
  kind: documentKind,
  sourceId: z.string(),
  /** The number or name as the source has it. */
  label: z.string(),
  state: recordState,
  reason: reason.nullable(),
  currency: z.string().nullable(),
  amount: amountText.nullable(),
  /** Number of the copy in the destination. */
  counterpartNumber: z.string().nullable(),
  /** When the copy was read last; whether it is so still, nobody has looked since. */
  readBackAt: instant.nullable(),
  /** Whose it is; null for a client itself. */
  clientName: z.string().nullable(),
  /** Of a payment, the number of its invoice. */
  invoiceNumber: z.string().nullable(),
  /** The day written on it, yyyy-mm-dd. */
  date: z.string().nullable(),
  firstSeenAt: instant,
  changedAt: instant,
});

export const recordQuery = z.object({
  connectionId: z.uuid().optional(),
  state: recordState.optional(),
  kind: documentKind.optional(),
  currency: z.string().max(3).optional(),
  /** Part of a number, a client's name or an id, or a whole amount. */
  search: z.string().max(200).optional(),
  /** Reason code. */
  reason: z.string().max(100).optional(),
  cursor: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const recordPage = z.object({ records: z.array(recordSummary), next: z.string().nullable() });

export const timelineEntry = z.object({
  position: z.number().int(),
  at: instant,
  actor: z.string(),
  /** event, revision, transformation, plan, intent, call, outcome, confirmation, state, replay, decision */
  entry: z.string(),
  /** One line for a person. */
  summary: z.string(),
  data: z.unknown(),
});

/** One value on its way: where it stood in the source, in our common form, and in what was sent. */
const tracedField = z.object({
  field: z.string(),
  value: z.string(),
  source: z.object({ path: z.string(), value: z.string() }).nullable(),
  destination: z.object({ path: z.string(), value: z.string() }).nullable(),
});

/** Whether a chain of the audit is whole. */
export const chain = z.object({
  /** `unsealed`: whole, its newest entries are not in the signed chain of ends yet. */
  state: z.enum(['intact', 'unsealed', 'broken']),
  entries: z.number().int(),
  /** Entries up to this one are sealed. */
  sealed: z.number().int(),
  brokenAt: z.number().int().nullable(),
  why: z.string().nullable(),
});

export const recordDetail = z.object({
  record: recordSummary,
  /** The client, the invoice of a payment, the payments of an invoice. */
  related: z.array(recordSummary),
  fields: z.array(tracedField),
  /** How many come after these: ask with `fieldsFrom`. */
  fieldsLeft: z.number().int(),
  /** Whether the mapping recorded where values stood. */
  recorded: z.object({ source: z.boolean(), destination: z.boolean() }),
  /** Oldest first. */
  timeline: z.array(timelineEntry),
  /** Ask with it as `before` for the entries before these; null when there are none. */
  earlier: z.number().int().nullable(),
  /** False when the hash chain of this timeline is broken. */
  chainIntact: z.boolean(),
  chain,
});

export const recordPlace = z.object({
  before: z.coerce.number().int().min(1).max(2_147_483_647).optional(),
  fieldsFrom: z.coerce.number().int().min(0).max(10_000_000).optional(),
});

/** Names records, or a filter; an empty filter means every record, no member at all is refused. */
export const replayRequest = z
  .object({
    recordIds: z.array(z.uuid()).max(10_000).optional(),
    filter: recordQuery.omit({ cursor: true, limit: true }).optional(),
  })
  .refine(({ recordIds, filter }) => recordIds !== undefined || filter !== undefined, {
    error: 'recordIds or filter is needed',
  });

export const replayRun = z.object({
  id: z.uuid(),
  actor: z.string(),
  createdAt: instant,
  total: z.number().int(),
  /** Handed over to the lanes. */
  taken: z.number().int(),
  /** Looked at, with an end state. */
  settled: z.number().int(),
  /** States of those that are settled. */
  outcomes: z.record(recordState, z.number().int()),
  done: z.boolean(),
});

export const recordFilter = recordQuery.omit({ cursor: true, limit: true });

export const recordCounts = z.object({
  total: z.number().int(),
  groups: z.array(
    z.object({
      state: recordState,
      kind: documentKind,
      currency: z.string().nullable(),
      count: z.number().int(),
      amount: amountText.nullable(),
    }),
  ),
});

const choice = { choice: z.string().max(100), argument: z.string().max(200).optional() };
export const resolution = z.object(choice);
export const resolutions = z.object({ recordIds: z.array(z.uuid()).min(1).max(500), ...choice });
export const resolved = z.object({ recordId: z.uuid(), choice: z.string() });
export const resolvedRecords = z.object({
  resolved: z.array(z.uuid()),
  /** Those that no longer offer the choice, each with why. */
  refused: z.array(z.object({ recordId: z.uuid(), message: z.string() })),
});

export const dryRun = z.object({
  recordId: z.uuid(),
  /** How the record would stand afterwards. */
  state: recordState,
  reason: reason.nullable(),
  /** The exact requests in their order. */
  requests: z.array(z.object({ step: z.string(), method: z.string(), path: z.string(), body: z.unknown() })),
});

export const linkRequest = z.object({
  /** The client's id in the source. */
  clientId: z.string().max(100),
  /** The account's number or id in the destination. */
  account: z.string().max(100),
  /** Where another client has the account: that client, as "connection/client", if both are to share it. */
  sharedWith: z.string().max(200).optional(),
});
export const linked = z.object({ account: z.string(), currency: z.string() });

const accountUser = z.object({
  connectionId: z.uuid(),
  connection: z.string(),
  /** The client's id in the source. */
  clientId: z.string(),
  label: z.string(),
});
export const sharedAccount = z.object({
  id: z.string(),
  number: z.string(),
  /** Null until a person has said whose it is. */
  owner: accountUser.nullable(),
  clients: z.array(accountUser),
});
export const ownerRequest = z.object({
  /** The client's id in the source. */
  clientId: z.string().max(100),
  /** The account's number or id in the destination. */
  account: z.string().max(100),
});
/** `owner` is "connection/client". */
export const owned = z.object({ account: z.string(), owner: z.string() });

export const parkedGroup = z.object({
  /** Reason code. */
  code: z.string(),
  /** Of one of them. */
  message: z.string(),
  wayOut: z.string().nullable(),
  count: z.number().int(),
  oldestAt: instant,
  sums: z.array(z.object({ currency: z.string(), amount: amountText })),
  /** Parked only because these are; they go on by themselves. The first of them are listed. */
  following: z.object({ count: z.number().int(), records: z.array(recordSummary) }),
});

/** What an upgrade left for a person. */
export const notice = z.object({
  id: z.uuid(),
  /** What it is about: "token-ended". */
  code: z.string(),
  connectionId: z.uuid().nullable(),
  /** Which token, connection or person. */
  subject: z.string(),
  message: z.string(),
  /** Empty where knowing is enough. */
  action: z.string(),
  createdAt: instant,
});
export const finishedNotice = z.object({ id: z.uuid(), message: z.string() });

export const status = z.object({
  version: z.string(),
  startedAt: instant,
  connections: z.number().int(),
  records: z.object({
    pending: z.number().int(),
    synced: z.number().int(),
    parked: z.number().int(),
    ignored: z.number().int(),
  }),
  /** Of the parked: those that need a decision of their own, */
  toDecide: z.number().int(),
  /** and those that follow one of these. */
  following: z.number().int(),
  eventsAccepted: z.number().int(),
  eventsUnsettled: z.number().int(),
  /** Webhook deliveries turned away in the last 90 days, */
  rejections: z.number().int(),
  /** and of which kind; without a connection: sent to an address that is nobody's. */
  refused: z.array(
    z.object({
      connection: z.string().nullable(),
      cause: z.string(),
      count: z.number().int(),
      lastAt: instant,
    }),
  ),
  parkedByReason: z.array(z.object({ code: z.string(), message: z.string(), count: z.number().int() })),
  blocks: z.array(block),
  notices: z.array(notice),
  /** About how the service is reached. */
  hints: z.array(z.string()),
  /** Sums of live documents by kind and currency, as last read. */
  sums: z.array(
    z.object({
      kind: documentKind,
      currency: z.string(),
      count: z.number().int(),
      synced: z.number().int(),
      amount: amountText,
      syncedAmount: amountText,
    }),
  ),
  /** Which PostgreSQL answers, beside the newest minor that this release knows of. */
  database: z.object({
    version: z.string(),
    builtIn: z.boolean(),
    newestKnown: z.string().nullable(),
    knownOn: z.string(),
    behind: z.boolean(),
  }),
  audit: z.object({
    /** The newest entry into the signed chain of ends. */
    sealedAt: instant.nullable(),
    unsealedChains: z.number().int(),
    /** Sealed as broken. */
    brokenChains: z.number().int(),
    /** The newest check of the whole audit that came to its end, and how many faults it has found. */
    checkedAt: instant.nullable(),
    faults: z.number().int(),
  }),
});

/** Sent over GET /api/v1/live as server-sent events named "record" and "connection". */
export const liveRecord = z.object({ id: z.uuid(), state: recordState });

/** RFC 9457 problem details, for every error. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string().optional(),
  /** What to do about it, where we know. */
  hint: z.string().optional(),
  /** Finds the log lines of this request. */
  requestId: z.string().optional(),
  /** Wrong members of the request. */
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  /** Service tokens that a person made, of whom it has to be said first whether they are kept or ended. */
  serviceTokens: z
    .array(
      z.object({
        id: z.uuid(),
        name: z.string(),
        scopes: z.array(z.string()),
        expiresAt: instant.nullable(),
        lastUsedAt: instant.nullable(),
      }),
    )
    .optional(),
});

export const pauseRequest = z.object({ reason: z.string().trim().min(1).max(500) });

export type Reason = z.infer<typeof reason>;
export type ConnectionView = z.infer<typeof connection>;
export type RecordSummary = z.infer<typeof recordSummary>;
export type RecordQuery = z.infer<typeof recordQuery>;
export type RecordFilter = z.infer<typeof recordFilter>;
export type RecordPage = z.infer<typeof recordPage>;
export type TimelineEntry = z.infer<typeof timelineEntry>;
export type TracedField = z.infer<typeof tracedField>;
export type RecordPlace = z.infer<typeof recordPlace>;
export type Chain = z.infer<typeof chain>;
export type RecordDetail = z.infer<typeof recordDetail>;
export type ReplayRequest = z.infer<typeof replayRequest>;
export type ReplayRun = z.infer<typeof replayRun>;
export type RecordCounts = z.infer<typeof recordCounts>;
export type Resolution = z.infer<typeof resolution>;
export type Resolutions = z.infer<typeof resolutions>;
export type ResolvedRecords = z.infer<typeof resolvedRecords>;
export type DryRun = z.infer<typeof dryRun>;
export type LinkRequest = z.infer<typeof linkRequest>;
export type SharedAccount = z.infer<typeof sharedAccount>;
export type OwnerRequest = z.infer<typeof ownerRequest>;
export type ParkedGroup = z.infer<typeof parkedGroup>;
export type Notice = z.infer<typeof notice>;
export type FinishedNotice = z.infer<typeof finishedNotice>;
export type Status = z.infer<typeof status>;
export type LiveRecord = z.infer<typeof liveRecord>;
export type Problem = z.infer<typeof problem>;
