/** Everything the HTTP server needs from the rest of the program, handed in as one object. */
import type { FastifyBaseLogger } from 'fastify';
import type { Actor } from '../operations/context.ts';
import type { ShownToken } from '../operations/tokens.ts';
import type { ProxyWatch } from '../platform/proxy-watch.ts';
import type { SignIn } from '../platform/sign-in.ts';
import type * as contract from './contract.ts';
import type * as connections from './contract-connections.ts';
import type * as people from './contract-people.ts';

type OfConnection = { connectionId: string };
type OfUser = { userId: string };
type ChangedPerson = OfUser & { serviceTokens?: people.ServiceTokensAnswer | undefined };

/** What a signed-in person can ask for; each checks the role itself and throws PermissionError or UsageError. */
export interface Operations {
  showSetup(): Promise<{ needed: boolean }>;
  setUp(request: people.SetUpRequest): Promise<{ email: string }>;
  noteSession(actor: Pick<Actor, 'name'>, summary: 'signed in' | 'signed out'): Promise<void>;
  changePassword(actor: Actor, request: people.ChangePasswordRequest): Promise<{ email: string }>;

  listUsers(actor: Actor): Promise<people.UserView[]>;
  addUser(actor: Actor, request: { email: string; role: people.Role }): Promise<people.NewPasswordView>;
  /** Both throw ServiceTokensUndecided where the person made some and the request does not say what becomes of them. */
  setUserRole(actor: Actor, request: ChangedPerson & { role: people.Role }): Promise<people.ChangedUser>;
  removeUser(actor: Actor, request: ChangedPerson): Promise<people.RemovedUser>;
  /** An e-mail will do for an id. */
  signOutUser(actor: Actor, request: OfUser): Promise<{ email: string }>;
  resetPassword(actor: Actor, request: OfUser): Promise<people.NewPasswordView>;
  listTokens(actor: Actor): Promise<people.ApiTokenView[]>;
  addToken(actor: Actor, request: people.AddTokenRequest): Promise<people.NewTokenView>;
  revokeToken(actor: Actor, request: { tokenId: string }): Promise<{ id: string; name: string }>;
  listAudit(actor: Actor, query: people.AuditQuery): Promise<people.AuditPage>;
  verifyAudit(actor: Actor): Promise<people.NewestAuditCheck>;
  showAuditCheck(actor: Actor): Promise<people.NewestAuditCheck>;

  listConnectors(actor: Actor): Promise<connections.ConnectorsView>;
  listConnections(actor: Actor): Promise<contract.ConnectionView[]>;
  showConnection(
    actor: Actor,
    request: OfConnection,
  ): Promise<contract.ConnectionView & connections.ConnectionFields>;
  addConnection(
    actor: Actor,
    request: connections.AddConnectionRequest,
  ): Promise<connections.AddedConnection>;
  addSandboxConnection(
    actor: Actor,
    request: connections.AddSandboxRequest,
  ): Promise<connections.AddedSandbox>;
  setConnection(
    actor: Actor,
    request: OfConnection & connections.SetConnectionRequest,
  ): Promise<{ id: string }>;
  removeConnection(
    actor: Actor,
    request: OfConnection & { dryRun: boolean; force: boolean },
  ): Promise<connections.Removal>;
  rotatePaths(actor: Actor, request: OfConnection): Promise<connections.RotatedPaths>;
  pauseConnection(actor: Actor, request: OfConnection & { reason: string }): Promise<contract.ConnectionView>;
  resumeConnection(actor: Actor, request: OfConnection): Promise<contract.ConnectionView>;
  startConsent(actor: Actor, request: OfConnection): Promise<connections.ConsentStart>;
  finishConsent(
    actor: Actor,
    request: OfConnection & { returnedUrl: string },
  ): Promise<connections.ConsentEnd>;
  pingConnection(actor: Actor, request: OfConnection): Promise<connections.PingReport>;
  testAlert(actor: Actor, request: OfConnection): Promise<connections.TestedAlert>;
  previewConnection(actor: Actor, request: OfConnection & { limit: number }): Promise<connections.Preview>;
  startBackfill(
    actor: Actor,
    request: OfConnection & { since?: string | undefined },
  ): Promise<{ id: string }>;
  showBackfill(actor: Actor, request: { backfillId: string }): Promise<connections.BackfillState>;

  listRecords(actor: Actor, query: contract.RecordQuery): Promise<contract.RecordPage>;
  countRecords(actor: Actor, filter: contract.RecordFilter): Promise<contract.RecordCounts>;
  listParked(actor: Actor, query: { connectionId?: string | undefined }): Promise<contract.ParkedGroup[]>;
  showRecord(
    actor: Actor,
    request: { recordId: string } & contract.RecordPlace,
  ): Promise<contract.RecordDetail>;
  dryRunRecord(actor: Actor, request: { recordId: string }): Promise<contract.DryRun>;
  resolveRecord(
    actor: Actor,
    request: { recordId: string } & contract.Resolution,
  ): Promise<{ recordId: string; choice: string }>;
  resolveRecords(actor: Actor, request: contract.Resolutions): Promise<contract.ResolvedRecords>;
  linkAccount(
    actor: Actor,
    request: OfConnection & contract.LinkRequest,
  ): Promise<{ account: string; currency: string }>;
  listSharedAccounts(actor: Actor): Promise<contract.SharedAccount[]>;
  setAccountOwner(
    actor: Actor,
    request: OfConnection & contract.OwnerRequest,
  ): Promise<{ account: string; owner: string }>;
  startReplay(actor: Actor, request: contract.ReplayRequest): Promise<contract.ReplayRun>;
  listReplays(actor: Actor): Promise<contract.ReplayRun[]>;
  showReplay(actor: Actor, request: { replayId: string }): Promise<contract.ReplayRun>;

  status(actor: Actor): Promise<contract.Status>;
  showOverview(actor: Actor, query: connections.OverviewQuery): Promise<connections.Overview>;
  listNotices(actor: Actor): Promise<contract.Notice[]>;
  finishNotice(actor: Actor, request: { noticeId: string }): Promise<contract.FinishedNotice>;
  listRejections(actor: Actor, query: connections.RejectionQuery): Promise<connections.RejectionView[]>;
}

/** Header names in lower case; a repeated header's values are joined by ", ". */
export type PlainHeaders = Record<string, string>;

export type ReceiveAnswer = { status: number; title?: string; retryAfterSeconds?: number };

/** `unasked`: nobody asked for it, so it may be anybody's. */
export type ConsentAnswer = { ok: boolean; title: string; message: string; unasked?: boolean };

export type Health = {
  /** False only when a restart would help. */
  live(): boolean;
  ready(): Promise<{ ready: boolean; checks: Record<string, string> }>;
};

export type ApiParts = {
  operations: Operations;
  /** Takes a delivery of the caller at `address` in; its promise settles when the event is stored. A rejection is answered with 503. */
  receive(path: string, rawBody: Buffer, headers: PlainHeaders, address: string): Promise<ReceiveAnswer>;
  /** The answer to a delivery that is refused before its body could be read. */
  refuse(path: string, cause: 'too-large', headers: PlainHeaders, address: string): Promise<ReceiveAnswer>;
  /** Cuts known secrets out of a text: every answer goes through it. */
  redact(text: string): string;
  /** The end of an OAuth consent; the state says which connection it belongs to. */
  completeConsent(answer: {
    connector: string;
    state: string | undefined;
    code: string | undefined;
    error: string | undefined;
  }): Promise<ConsentAnswer>;
  live: { subscribe(listener: (event: { id: string; state: string }) => void): () => void };
  health: Health;
  /** Prometheus text. */
  metrics(): Promise<string>;
  /** What /metrics asks for as a bearer token; without it, only a listener of its own tells the figures. */
  metricsToken?: string | undefined;
  /** Whether the API's documentation is open to everybody. */
  openApiDocs?: boolean | undefined;
  signIn: Pick<SignIn, 'signIn' | 'signOut' | 'actorOf' | 'tooMany'>;
  /** The living API token of an Authorization header. */
  findToken(authorization: string): Promise<ShownToken | undefined>;
  /** The built dashboard. */
  webRoot: string;
  /** Where people and webhooks reach this server from outside, without a trailing slash. */
  publicUrl: string;
  /** Proxies whose X-Forwarded-For is believed: addresses or ranges. None unless given. */
  trustedProxies?: string[] | undefined;
  /** Sees whom requests come from. */
  proxies?: ProxyWatch | undefined;
  logger: FastifyBaseLogger;
  version: string;
};
