/** The ports of a connector: what a source gives, what a destination takes, and what both tell about themselves. */
import type { CanonicalClient, CanonicalDocument, DocumentKind, Mapped, PlainDate } from './canonical.ts';
import type { SourceIdentity } from './ids.ts';
import type { JsonObject, JsonValue } from './json.ts';
import type { Money } from './money.ts';
import type { Origin } from './origins.ts';
import type { Counterpart, InvoiceItem, Owed, Step, StepKind } from './steps.ts';
import type { TableSpec } from './table.ts';

// ---------------------------------------------------------------- what the platform lends to a connector

/** One HTTP exchange as it is kept for the audit; secrets are already redacted. */
export type AttemptRecord = {
  /** What the call is for, in the connector's words: "GET invoice", "POST payment". */
  call: string;
  method: string;
  url: string;
  requestHeaders: Record<string, string>;
  requestBody: string | undefined;
  startedAt: number;
  durationMs: number;
  /** Absent when no answer came. */
  status: number | undefined;
  responseHeaders: Record<string, string>;
  responseBody: string | undefined;
  /** The error in words when no answer came. */
  failure: string | undefined;
};

export type HttpRequest = {
  call: string;
  method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';
  url: string;
  headers?: Record<string, string>;
  body?: string;
  /** Default 30,000. */
  timeoutMs?: number;
  /** Few words are expected, such as a token; otherwise `safe` decides how large an answer may be. */
  answer?: 'small';
  /** Names of JSON members or form fields (any depth) whose values must never be recorded. */
  secretFields?: readonly string[];
  /** Members of a good JSON answer that hold secrets issued with it: known as such before anything is recorded. */
  issues?: readonly string[];
  /** True for calls that change nothing: a lost answer is then `transient`, otherwise `ambiguous`. */
  safe: boolean;
  /** Which budget pays for the call; one rate bucket per connection, side and name. Default "default". */
  bucket?: string;
  /** Which limit of calls at once it counts against, where a vendor has several. Default "default". */
  atOnce?: string;
};

/** Header names are in lower case. */
export type HttpAnswer = { status: number; headers: Record<string, string>; body: string };

/** What the vendor's headers tell about a bucket; undefined members change nothing. */
export type RateHint = {
  /** Calls allowed in each `windowMs`. */
  limit?: number | undefined;
  windowMs?: number | undefined;
  /** Several windows at once, where the vendor names them. */
  windows?: readonly { limit: number; windowMs: number }[] | undefined;
  /** The part of the window nearest to its end that is left, and when it ends. */
  left?: { part: number; until: number } | undefined;
  /** No call before this time, epoch milliseconds (after a 429). */
  blockedUntil?: number | undefined;
  /** Refused for the rate: where no limit is known, one is found. */
  rateRefused?: boolean | undefined;
  /** What was said about calls at once. */
  concurrency?: { kind: string; announced?: number | undefined; refused?: true | undefined } | undefined;
};

/** What a vendor's limits belong to. */
export type SharedBudget = {
  /** The same for all connections that share the limits: a tenant. */
  name: string;
  /** Limits of a bucket to begin with, until answers tell better. */
  windows(bucket: string): readonly { limit: number; windowMs: number }[];
};

/**
 * Sends one request once, within the budget, and records it. Throws OperatingError: `transient` when the request
 * surely did not leave, `ambiguous` when an unsafe request left and no whole answer came. Any HTTP status is an answer.
 */
export type Http = (request: HttpRequest) => Promise<HttpAnswer>;

/** Secrets of one side of one connection as kept in the vault: a flat record of texts. */
export type Secrets = Record<string, string>;

export interface CredentialStore {
  load(): Promise<Secrets>;
  /**
   * Runs `renew` under a lock that holds across threads, processes and machines, and stores what it returns before
   * anybody may use it. `renew` gets the secrets as they are inside the lock; returning undefined leaves them as they are.
   * `early`: only because the clock says so; this happens at most once a minute, whatever the clock says.
   */
  renew(
    renew: (current: Secrets) => Promise<Secrets | undefined>,
    options?: { early?: boolean },
  ): Promise<Secrets>;
}

export type ConnectorContext = {
  http: Http;
  credentials: CredentialStore;
  /** Non-secret settings of this side, already parsed by the manifest's schema. */
  settings: Record<string, string>;
  now: () => number;
  /** Uniform in [0, 1): jitter. */
  random: () => number;
  /** Waits; resolves early when the process stops. */
  sleep: (ms: number) => Promise<void>;
  /** Tells the shared budget what the last answer's headers said. */
  learnRate: (bucket: string, hint: RateHint) => Promise<void>;
  /**
   * Remembers a found setting (a region, an account id) for good. Two names mean the same in every connector: `accountId`
   * is the source's account, `tenantId` the destination's tenant; by them connections to the same one are known.
   */
  rememberSetting: (name: string, value: string) => Promise<void>;
};

// ---------------------------------------------------------------- manifest: a connector described as data

export type FieldSpec = {
  name: string;
  label: string;
  help: string;
  secret: boolean;
  required: boolean;
  /** Allowed values, where the set is closed. */
  choices?: readonly string[];
  /** Where the value is a list of pairs. */
  table?: TableSpec;
  /** Where it is an address: `called` with secrets, `opened` by a person's browser, `returned` to by it. */
  address?: 'called' | 'opened' | 'returned';
  default?: string;
};

type ManifestBase = {
  /** Lower case, used in the CLI, the API and the database. */
  id: string;
  label: string;
  fields: readonly FieldSpec[];
  /** Settings that say whose books these are. They stay once there are records: other books need a connection of their own. */
  identitySettings?: readonly string[];
  /** The vendor's own, among which a connection's secrets may move. */
  origins?: readonly string[];
  /** Names of what its `Secrets` hold beside secrets (ends, addresses, marks); everything else is cut out of texts. */
  notSecret?: readonly string[];
  /** Where a sandbox of this system (its simulator) comes from. */
  simulator?: SimulatorManifest;
};

export type SimulatorManifest = {
  /** Absolute path of the program; takes --port, --seed and --exit-with-parent, prints {"url"} when ready. */
  program: string;
  defaultPort: number;
  /** Obtains working credentials and settings from a running simulator. `redirectUri` is ours. */
  connect(url: string, redirectUri: string): Promise<{ settings: Record<string, string>; secrets: Secrets }>;
};

export type SourceManifest = ManifestBase & {
  side: 'source';
  webhooks: WebhookFormat;
  consent?: ConsentFlow;
  create(context: ConnectorContext): Source;
};

export type DestinationManifest = ManifestBase & {
  side: 'destination';
  /** Without it each connection has a budget of its own. */
  budget?(settings: Readonly<Record<string, string>>): SharedBudget;
  create(context: ConnectorContext): Destination;
};

// ---------------------------------------------------------------- source

/** One document as the source gave it. */
export type SourceRecord = {
  kind: DocumentKind;
  sourceId: string;
  raw: JsonObject;
  /** The client whose lane it belongs to. */
  clientId: string;
  /** Human label: a number or a name. */
  label: string;
  /** For lists; undefined where the document has none or it cannot be read. */
  amount?: Money | undefined;
  /** The day that is written on it; undefined where there is none or it cannot be read. */
  date?: PlainDate | undefined;
  /** Of a payment, the invoice that it is of. */
  invoiceId?: string | undefined;
  /** Invoices: what is still owed, where it can be read. */
  owed?: Money | undefined;
};

export type ListRequest = {
  kind: DocumentKind;
  /** Only what may have changed since then (epoch milliseconds); undefined = everything. Overlap is the source's duty. */
  changedSince: number | undefined;
  /** List what has been deleted instead of what is there. */
  deleted: boolean;
  /** From the previous page; undefined = first page. */
  cursor: string | undefined;
  /** How many rows a page should have at most; the source may give fewer. A cursor keeps the size it began with. */
  pageSize?: number;
};

export type ListPage = {
  records: SourceRecord[];
  /** Undefined on the last page. */
  next: string | undefined;
  /** How many there are in all, as far as the source tells; an estimate for progress bars. */
  estimatedTotal: number;
  /** A row shows that `deleted`, or `changedSince`, was not heeded. */
  filterIgnored?: boolean;
};

export interface Source {
  /** Names this account for natural keys. */
  readonly identity: SourceIdentity;
  /** Kinds this source can list and read, in the order in which they should be copied. */
  readonly kinds: readonly DocumentKind[];
  /** The document in full, deleted ones included; undefined when the source does not know the id. */
  read(kind: DocumentKind, sourceId: string): Promise<SourceRecord | undefined>;
  list(request: ListRequest): Promise<ListPage>;
  /** A record from what `read` or `list` once gave as `raw`. */
  toRecord(kind: DocumentKind, raw: JsonObject): SourceRecord;
  /** Pure; every problem at once. */
  toCanonical(record: SourceRecord): Mapped<CanonicalDocument>;
  /** Pure; which member of the record each value of its canonical document was read from. */
  originsOf?(record: SourceRecord, document: CanonicalDocument): readonly Origin[];
  readonly callbacks: SourceCallbacks;
  /** What to grant, and where, when a kind may not be read. */
  permissionFor?(kind: DocumentKind): string;
  /** Everything but the callbacks, whose state the caller compares with its own. The first check is the one without which the rest says nothing. */
  ping(): Promise<PingCheck[]>;
  /** Gives the credentials back: nobody can use them afterwards. Where absent, forgetting them is all there is to do. */
  revoke?(): Promise<void>;
}

/** A registration with the source: "tell this URL about this topic". */
export type Callback = { remoteId: string; topic: string; url: string; verified: boolean };

export interface SourceCallbacks {
  /** One callback, and so one path and one verifier, for each topic. */
  readonly topics: readonly string[];
  register(topic: string, url: string): Promise<Callback>;
  list(): Promise<Callback[]>;
  /** Answers the handshake. */
  confirm(remoteId: string, verifier: string): Promise<void>;
  requestHandshake(remoteId: string): Promise<void>;
  remove(remoteId: string): Promise<void>;
}

/** What a delivery says, once its signature is known to be good. */
export type WebhookMessage =
  | { type: 'handshake'; remoteId: string; verifier: string }
  | { type: 'event'; topic: string; kind: DocumentKind; sourceId: string; account: string }
  /** Well signed, but nothing we look at (another noun). */
  | { type: 'other'; topic: string };

export interface WebhookFormat {
  /** The only content type accepted. */
  readonly contentType: string;
  readonly maximumBytes: number;
  /** In lower case. Its value, once verified, is the same for two deliveries only if they say the same. */
  readonly signatureHeader: string;
  /** Names of form fields or JSON members that must not be kept with a refused delivery. */
  readonly secretFields?: readonly string[];
  /** Never throws on bad input: undefined when the body is not even of the right form. */
  parse(rawBody: Uint8Array): WebhookMessage | undefined;
  /** Constant time, fail closed. `headers` in lower case. */
  verify(rawBody: Uint8Array, headers: Readonly<Record<string, string>>, verifier: string): boolean;
}

/** OAuth consent by a person in a browser. */
export interface ConsentFlow {
  /** Where to send the person. `codeVerifier` is for PKCE and stays with us. */
  authorizeUrl(request: {
    settings: Record<string, string>;
    secrets: Secrets;
    redirectUri: string;
    state: string;
    codeVerifier: string;
  }): Promise<string>;
  /** The result is merged into the secrets. Throws where the person does not, or may not, reach the settings' own account. */
  exchange(
    context: Pick<ConnectorContext, 'http' | 'now'>,
    request: {
      settings: Record<string, string>;
      secrets: Secrets;
      redirectUri: string;
      code: string;
      codeVerifier: string | undefined;
    },
  ): Promise<{ settings: Record<string, string>; secrets: Secrets }>;
  /** Ends what an exchange gave and nobody is to have, as far as it can. */
  giveBack?(
    context: Pick<ConnectorContext, 'http' | 'now'>,
    request: { settings: Record<string, string>; secrets: Secrets },
  ): Promise<void>;
}

// ---------------------------------------------------------------- destination

/** The exact call a step would make: what a dry run shows, what an intent stores, what an attempt sends. */
export type DestinationRequest = {
  call: string;
  method: 'POST' | 'PUT' | 'DELETE';
  /** Below the connection's base URL. */
  path: string;
  body: JsonObject;
  /** Whether the vendor remembers an idempotency key for this call. */
  idempotent: boolean;
  /** What the copy cannot carry as it is, in words for a person. */
  notes?: string[];
};

export type StepResult = { counterpart: Counterpart; raw: JsonValue };

export type CopyKind = 'invoice' | 'payment' | 'credit' | 'debit';

/** What the destination holds now, read back. */
export type CopyState = {
  counterpart: Owed;
  accountId: string;
  /** `reversed`: an invoice credited in full; `deleted` and `cancelled` ones are dead. */
  stage: 'draft' | 'posted' | 'reversed' | 'cancelled' | 'deleted';
  amount: Money;
  /** Invoices and debit memos: still owed. Payments and credits: not yet applied nor refunded. */
  balance: Money;
  /** Payments: what was given back. */
  refunded: Money;
  /** Invoices: due date; payments: effective date; credits: memo date. */
  date: PlainDate;
  /** Invoices: their own date. */
  issuedOn?: PlainDate;
  /** Texts that the mapping writes: an invoice's comments, a payment's comment. */
  comment: string;
  /** Payments and credits: amount applied to each invoice or debit memo, by its id. */
  applied: ReadonlyArray<{ invoiceId: string; isDebit?: true; amount: Money }>;
  raw: JsonValue;
};

/** More of an invoice's copy, where a plan needs it. */
export type InvoiceParts = {
  /** What was billed, discounts and taxes aside; `itemIds` are those of all. */
  items: readonly InvoiceItem[];
  itemIds: readonly string[];
  /** What is applied to it, each by the payment's or credit's id; `date` is the payment's or credit's own. */
  settledBy: ReadonlyArray<{
    kind: 'payment' | 'credit';
    counterpart: Counterpart;
    amount: Money;
    date: PlainDate;
    /** The external key by which a copy is recognised, where it carries one. */
    mark?: string;
  }>;
};

/** What the tenant allows, as far as it can be read; looked up rarely and kept for minutes. */
export type DestinationFacts = {
  /** In the tenant's time zone. */
  today: PlainDate;
  /** First and last day of what is closed for booking, oldest first. Empty where nobody may read it. */
  closedPeriods: ReadonlyArray<{ from: PlainDate; to: PlainDate }>;
  /** False once unposting was refused for want of a permission. */
  unposting: boolean;
  /** Whether what credits need is configured. */
  credits: boolean;
  /** Whether `replace-lines` can bring lines with taxes; where not, such a draft is deleted and made anew. */
  taxedLinesReplaceable: boolean;
  /** Payment terms that are active. Empty where nobody may read them. */
  paymentTerms: ReadonlyArray<{ name: string; days: number }>;
};

export type AccountCandidate = Counterpart & {
  name: string;
  currency: string;
  reason: 'external-id' | 'email' | 'by-hand';
};

export interface Destination {
  /** Hours for which a repeated key surely gives the first answer again. */
  readonly idempotencyHours: number;
  /** Own natural number for a copied invoice: valid in the destination, deterministic. `own`: no other document can get it. */
  toInvoiceNumber(invoice: {
    number: string;
    externalKey: string;
    generation: number;
    own?: boolean;
  }): string;
  toAccountNumber(externalKey: string, currency: string): string;
  /** A credit's own number, as for invoices. `generation` 0 is the first copy; later ones get a suffix, as for invoices. */
  toCreditNumber(credit: { number: string; externalKey: string; generation: number }): string;
  /** Pure; every problem at once. */
  toRequest(step: Step): Mapped<DestinationRequest>;
  /** Pure; to which member of its request each value of the canonical document goes. */
  originsOf?(step: Step): readonly Origin[];
  /**
   * Sends a stored request once. Throws OperatingError. `rejected` for a natural key already taken has the code
   * `duplicate`.
   */
  send(
    step: Step,
    request: DestinationRequest,
    options: { idempotencyKey: string; trackId: string },
  ): Promise<StepResult>;
  /**
   * Looks for the effect of a step by its natural key; undefined when there surely is none. `sent`: the request, where it
   * is known.
   */
  find(step: Step, sent?: DestinationRequest): Promise<StepResult | undefined>;
  /** Accounts that could be this client's: first by `accountNumber`, then by e-mail in that currency. */
  findAccounts(client: CanonicalClient, currency: string, accountNumber: string): Promise<AccountCandidate[]>;
  /** Reads a copy back. Throws OperatingError `conflict` when nothing is known of it. */
  readBack(kind: CopyKind, counterpart: Counterpart): Promise<CopyState>;
  readInvoiceParts(invoice: Counterpart): Promise<InvoiceParts>;
  /** A payment's refunds that were not cancelled. */
  listRefunds(payment: Counterpart): Promise<ReadonlyArray<{ refund: Counterpart; amount: Money }>>;
  /** The account as it would have to be found by a person: by number or id. Undefined when there is none. */
  findAccount(numberOrId: string): Promise<AccountCandidate | undefined>;
  /** The invoice under that number, whoever made it. */
  findInvoice(number: string): Promise<CopyState | undefined>;
  facts(): Promise<DestinationFacts>;
  /** What to grant, and where, when a step is refused for want of a permission. */
  permissionFor?(step: StepKind): string;
  ping(): Promise<PingCheck[]>;
}

// ---------------------------------------------------------------- ping

/** One thing that was checked, in plain words, with the way out when it does not work. */
export type PingCheck = { name: string; ok: boolean; detail: string; fix?: string };
