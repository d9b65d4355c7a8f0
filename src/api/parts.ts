/** Everything the HTTP server needs from the rest of the program, handed in as one object. */
import type { FastifyBaseLogger } from 'fastify';
import type { Actor } from '../operations/context.ts';
import type { SignIn } from '../platform/sign-in.ts';
import type {
  ConnectionView,
  RecordDetail,
  RecordPage,
  RecordQuery,
  ReplayRequest,
  ReplayResult,
  Status,
} from './contract.ts';

/** What a signed-in person can ask for; each checks the role itself and throws PermissionError or UsageError. */
export interface Operations {
  listConnections(actor: Actor): Promise<ConnectionView[]>;
  pauseConnection(actor: Actor, request: { connectionId: string; reason: string }): Promise<ConnectionView>;
  resumeConnection(actor: Actor, request: { connectionId: string }): Promise<ConnectionView>;
  listRecords(actor: Actor, query: RecordQuery): Promise<RecordPage>;
  showRecord(actor: Actor, request: { recordId: string }): Promise<RecordDetail>;
  replay(actor: Actor, request: ReplayRequest): Promise<ReplayResult>;
  status(actor: Actor): Promise<Status>;
}

/** Header names in lower case; a repeated header's values are joined by ", ". */
export type PlainHeaders = Record<string, string>;

export type ReceiveAnswer = { status: number; title?: string };

export type ConsentAnswer = { ok: boolean; title: string; message: string };

export type Health = {
  /** False only when a restart would help. */
  live(): boolean;
  ready(): Promise<{ ready: boolean; checks: Record<string, string> }>;
};

export type ApiParts = {
  operations: Operations;
  /** Takes a delivery in; its promise settles when the event is stored. A rejection is answered with 503. */
  receive(path: string, rawBody: Buffer, headers: PlainHeaders): Promise<ReceiveAnswer>;
  /** Told about deliveries that were refused before `receive` could see them. */
  rejected(cause: 'too-large', delivery: { path: string; headers: PlainHeaders; status: number }): void;
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
  /** When set, /metrics asks for it as a bearer token; without it, /metrics answers the loopback only. */
  metricsToken?: string | undefined;
  signIn: Pick<SignIn, 'signIn' | 'signOut' | 'actorOf'>;
  /** The built dashboard. */
  webRoot: string;
  /** Where people and webhooks reach this server from outside, without a trailing slash. */
  publicUrl: string;
  /** Proxies whose X-Forwarded-For is believed: addresses or ranges. None unless given. */
  trustedProxies?: string[] | undefined;
  logger: FastifyBaseLogger;
  version: string;
};
