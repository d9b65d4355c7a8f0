/** Calls to the admin API by verb; every failure is an ApiError with words fit for the person. */
import type * as contract from '../../src/api/contract.ts';
import type * as connections from '../../src/api/contract-connections.ts';
import type * as people from '../../src/api/contract-people.ts';
import { VERBS, type Verb } from '../../src/api/contract-verbs.ts';

export class ApiError extends Error {
  readonly status: number;
  readonly hint: string | undefined;
  /** Of whom has to be said first whether they are kept or ended. */
  readonly serviceTokens: NonNullable<contract.Problem['serviceTokens']>;

  constructor(status: number, message: string, hint?: string, serviceTokens: ApiError['serviceTokens'] = []) {
    super(message);
    this.status = status;
    this.hint = hint;
    this.serviceTokens = serviceTokens;
  }
}

async function toError(answer: Response): Promise<ApiError> {
  const problem: Partial<contract.Problem> = await answer.json().catch(() => ({}));
  const wrong = problem.errors?.map(({ field, message }) => `${field}: ${message}`).join('; ');
  const reference =
    problem.requestId === undefined ? undefined : `Reference for the log: ${problem.requestId}`;
  const message = problem.detail ?? wrong ?? problem.title ?? `The service answered ${answer.status}.`;
  return new ApiError(answer.status, message, problem.hint ?? reference, problem.serviceTokens);
}

type Parameters = Record<string, string>;
type Query = Record<string, string | number | undefined>;

function addressOf(verb: Verb, parameters: Parameters, query: Query): string {
  const path = VERBS[verb].path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) =>
    encodeURIComponent(parameters[name] ?? ''),
  );
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)]],
  );
  return `/api/v1${path}${given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`}`;
}

async function call<T>(
  verb: Verb,
  { parameters = {}, query = {}, body }: { parameters?: Parameters; query?: Query; body?: unknown } = {},
): Promise<T> {
  const accept = { accept: 'application/json' };
  const { method } = VERBS[verb];
  const options: RequestInit =
    body === undefined
      ? { method, headers: accept }
      : { method, headers: { ...accept, 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(addressOf(verb, parameters, query), options).catch(() => {
    throw new ApiError(0, 'The service does not answer.', 'Is it running, and is this machine online?');
  });
  if (!answer.ok) throw await toError(answer);
  return answer.status === 204 ? (undefined as T) : ((await answer.json()) as T);
}

export type RecordFilter = Partial<contract.RecordFilter>;
type FullConnection = contract.ConnectionView & connections.ConnectionFields;

const ofConnection = (connectionId: string) => ({ parameters: { connectionId } });

export const LIVE_ADDRESS = addressOf('watchLive', {}, {});

export const api = {
  setup: () => call<{ needed: boolean }>('showSetup'),
  setUp: (body: people.SetUpRequest) => call<people.SessionView>('setUp', { body }),
  /** Null when nobody is signed in. */
  session: async (): Promise<people.SessionView | null> => {
    try {
      return await call<people.SessionView>('showSession');
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
  signIn: (body: people.SignInRequest) => call<people.SessionView>('signIn', { body }),
  signOut: () => call<void>('signOut'),
  signOutEverywhere: () => call<void>('signOutEverywhere'),
  changePassword: (body: people.ChangePasswordRequest) => call<{ email: string }>('changePassword', { body }),

  users: () => call<people.UserView[]>('listUsers'),
  addUser: (body: { email: string; role: people.Role }) => call<people.NewPasswordView>('addUser', { body }),
  setUserRole: (userId: string, role: people.Role, serviceTokens?: people.ServiceTokensAnswer) =>
    call<people.ChangedUser>('setUserRole', { parameters: { userId }, body: { role, serviceTokens } }),
  removeUser: (userId: string, serviceTokens?: people.ServiceTokensAnswer) =>
    call<people.RemovedUser>('removeUser', { parameters: { userId }, query: { serviceTokens } }),
  signOutUser: (userId: string) => call<{ email: string }>('signOutUser', { parameters: { userId } }),
  resetPassword: (userId: string) =>
    call<people.NewPasswordView>('resetPassword', { parameters: { userId } }),
  tokens: () => call<people.ApiTokenView[]>('listTokens'),
  addToken: (body: people.AddTokenRequest) => call<people.NewTokenView>('addToken', { body }),
  revokeToken: (tokenId: string) => call<{ name: string }>('revokeToken', { parameters: { tokenId } }),
  audit: (connection?: string) => call<people.AuditPage>('listAudit', { query: { connection } }),
  verifyAudit: () => call<people.NewestAuditCheck>('verifyAudit'),
  auditCheck: () => call<people.NewestAuditCheck>('showAuditCheck'),

  connectors: () => call<connections.ConnectorsView>('listConnectors'),
  connections: () => call<contract.ConnectionView[]>('listConnections'),
  connection: (id: string) => call<FullConnection>('showConnection', ofConnection(id)),
  addConnection: (body: connections.AddConnectionRequest) =>
    call<connections.AddedConnection>('addConnection', { body }),
  addSandbox: () => call<connections.AddedSandbox>('addSandboxConnection', { body: {} }),
  setConnection: (id: string, body: connections.SetConnectionRequest) =>
    call<{ id: string }>('setConnection', { ...ofConnection(id), body }),
  removeConnection: (id: string, body: { dryRun: boolean; force: boolean }) =>
    call<connections.Removal>('removeConnection', { ...ofConnection(id), body }),
  rotatePaths: (id: string) => call<connections.RotatedPaths>('rotatePaths', ofConnection(id)),
  pause: (id: string, reason: string) =>
    call<contract.ConnectionView>('pauseConnection', { ...ofConnection(id), body: { reason } }),
  resume: (id: string) => call<contract.ConnectionView>('resumeConnection', ofConnection(id)),
  startConsent: (id: string) => call<connections.ConsentStart>('startConsent', ofConnection(id)),
  finishConsent: (id: string, returnedUrl: string) =>
    call<connections.ConsentEnd>('finishConsent', { ...ofConnection(id), body: { returnedUrl } }),
  ping: (id: string) => call<connections.PingReport>('pingConnection', ofConnection(id)),
  testAlert: (id: string) => call<connections.TestedAlert>('testAlert', ofConnection(id)),
  preview: (id: string) => call<connections.Preview>('previewConnection', { ...ofConnection(id), body: {} }),
  startBackfill: (id: string, since: string | undefined) =>
    call<{ id: string }>('startBackfill', {
      ...ofConnection(id),
      body: since === undefined ? {} : { since },
    }),
  backfill: (backfillId: string) =>
    call<connections.BackfillState>('showBackfill', { parameters: { backfillId } }),

  records: (filter: RecordFilter, cursor: string | undefined) =>
    call<contract.RecordPage>('listRecords', { query: { ...filter, cursor, limit: 50 } }),
  recordCounts: (filter: RecordFilter) =>
    call<contract.RecordCounts>('countRecords', { query: { ...filter } }),
  parked: (connectionId?: string) => call<contract.ParkedGroup[]>('listParked', { query: { connectionId } }),
  record: (recordId: string, query: contract.RecordPlace = {}) =>
    call<contract.RecordDetail>('showRecord', { parameters: { recordId }, query }),
  dryRun: (recordId: string) => call<contract.DryRun>('dryRunRecord', { parameters: { recordId } }),
  resolveRecord: (recordId: string, body: contract.Resolution) =>
    call<{ recordId: string }>('resolveRecord', { parameters: { recordId }, body }),
  resolveRecords: (body: contract.Resolutions) => call<contract.ResolvedRecords>('resolveRecords', { body }),
  linkAccount: (id: string, body: contract.LinkRequest) =>
    call<{ account: string; currency: string }>('linkAccount', { ...ofConnection(id), body }),
  sharedAccounts: () => call<contract.SharedAccount[]>('listSharedAccounts'),
  setAccountOwner: (id: string, body: contract.OwnerRequest) =>
    call<{ account: string; owner: string }>('setAccountOwner', { ...ofConnection(id), body }),
  startReplay: (body: contract.ReplayRequest) => call<contract.ReplayRun>('startReplay', { body }),
  replays: () => call<contract.ReplayRun[]>('listReplays'),

  status: () => call<contract.Status>('showStatus'),
  overview: (window: connections.OverviewQuery['window']) =>
    call<connections.Overview>('showOverview', { query: { window } }),
  notices: () => call<contract.Notice[]>('listNotices'),
  finishNotice: (noticeId: string) =>
    call<contract.FinishedNotice>('finishNotice', { parameters: { noticeId } }),
  rejections: () => call<connections.RejectionView[]>('listRejections'),
};
