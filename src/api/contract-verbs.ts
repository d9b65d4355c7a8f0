/** Every verb of the admin API: its address, the scope a token needs, and the command that does the same. */

/**
 * What a token may do; `operate` is replaying and deciding, `connections` setting up, `people` seeing, signing out and
 * removing people, and ending tokens. What would outlive the token (tokens, accounts, passwords, roles) has no scope.
 */
export type Scope = 'read' | 'operate' | 'connections' | 'people';

export type VerbSpec = {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below /api/v1, with {parameters}. */
  path: string;
  summary: string;
  /** Null for what only a person does who is signed in, and no token. */
  scope: Scope | null;
  /** The command with the same effect; null where there is nothing to do on a command line. */
  command: string | null;
  /** The answer shows a secret on purpose, this once. */
  showsSecret?: true;
};

const SESSION = { scope: null, command: null } as const;

export const VERBS = {
  showSetup: {
    method: 'GET',
    path: '/setup',
    summary: 'Whether the first account is still missing',
    ...SESSION,
  },
  setUp: {
    method: 'POST',
    path: '/setup',
    summary: 'Make the first account, the owner’s, with the code that the start has shown',
    scope: null,
    command: 'setup',
  },
  showSession: { method: 'GET', path: '/session', summary: 'Who is signed in', ...SESSION },
  signIn: {
    method: 'POST',
    path: '/session',
    summary: 'Sign in; the answer sets the session cookie',
    ...SESSION,
  },
  signOut: { method: 'DELETE', path: '/session', summary: 'Sign out', ...SESSION },
  signOutEverywhere: {
    method: 'DELETE',
    path: '/sessions',
    summary: 'End every session of the person who asks',
    scope: null,
    command: 'users sign-out',
  },
  changePassword: {
    method: 'POST',
    path: '/session/password',
    summary: 'Change one’s own password; all other sessions end',
    scope: null,
    command: 'password',
  },

  listUsers: {
    method: 'GET',
    path: '/users',
    summary: 'Everybody who may sign in',
    scope: 'people',
    command: 'users list',
  },
  addUser: {
    method: 'POST',
    path: '/users',
    summary: 'Add a person; the made-up password is in the answer and nowhere else',
    scope: null,
    command: 'users add',
  },
  setUserRole: {
    method: 'PATCH',
    path: '/users/{userId}',
    summary: 'Give a person another role; a lower one asks what becomes of the service tokens they made',
    scope: null,
    command: 'users set-role',
  },
  removeUser: {
    method: 'DELETE',
    path: '/users/{userId}',
    summary: 'Remove a person; asks what becomes of the service tokens they made',
    scope: 'people',
    command: 'users remove',
  },
  signOutUser: {
    method: 'DELETE',
    path: '/users/{userId}/sessions',
    summary: 'End every session of a person',
    scope: 'people',
    command: 'users sign-out',
  },
  resetPassword: {
    method: 'POST',
    path: '/users/{userId}/password',
    summary: 'Make up a new password for a person; all their sessions end',
    scope: null,
    command: 'password',
  },
  listTokens: {
    method: 'GET',
    path: '/tokens',
    summary: 'API tokens, without their secrets',
    scope: 'people',
    command: 'tokens list',
  },
  addToken: {
    method: 'POST',
    path: '/tokens',
    summary: 'Make a personal or a service token; it is in the answer and nowhere else',
    scope: null,
    command: 'tokens add',
    showsSecret: true,
  },
  revokeToken: {
    method: 'DELETE',
    path: '/tokens/{tokenId}',
    summary: 'End an API token',
    scope: 'people',
    command: 'tokens revoke',
  },
  listAudit: {
    method: 'GET',
    path: '/audit',
    summary: 'Who did what: to a connection, or to the installation',
    scope: 'read',
    command: 'audit',
  },
  verifyAudit: {
    method: 'POST',
    path: '/audit/checks',
    summary: 'Check every chain, end and signature of the audit, in the background',
    scope: 'operate',
    command: 'audit',
  },
  showAuditCheck: {
    method: 'GET',
    path: '/audit/check',
    summary: 'How far the newest check of the audit is, and what it has found',
    scope: 'read',
    command: 'audit',
  },

  listConnectors: {
    method: 'GET',
    path: '/connectors',
    summary: 'Systems that can be connected, with the fields each needs',
    scope: 'read',
    command: 'connection systems',
  },
  listConnections: {
    method: 'GET',
    path: '/connections',
    summary: 'All connections',
    scope: 'read',
    command: 'connection list',
  },
  showConnection: {
    method: 'GET',
    path: '/connections/{connectionId}',
    summary: 'One connection with its settings; of secrets only whether they are there',
    scope: 'read',
    command: 'connection show',
  },
  addConnection: {
    method: 'POST',
    path: '/connections',
    summary: 'Add a connection; it starts paused until it is switched on',
    scope: 'connections',
    command: 'connection add',
  },
  addSandboxConnection: {
    method: 'POST',
    path: '/connections/sandbox',
    summary: 'Start the simulators of both systems and connect them',
    scope: 'connections',
    command: 'connection add',
  },
  setConnection: {
    method: 'PATCH',
    path: '/connections/{connectionId}',
    summary: 'Change settings, credentials, webhooks or polling',
    scope: 'connections',
    command: 'connection set',
  },
  removeConnection: {
    method: 'DELETE',
    path: '/connections/{connectionId}',
    summary: 'Take back callbacks and tokens, forget the secrets; records and audit stay',
    scope: 'connections',
    command: 'connection remove',
  },
  rotatePaths: {
    method: 'POST',
    path: '/connections/{connectionId}/webhook-paths',
    summary: 'Replace the webhook paths; the old ones are served until the new ones are verified',
    scope: 'connections',
    command: 'connection rotate-paths',
  },
  pauseConnection: {
    method: 'POST',
    path: '/connections/{connectionId}/pause',
    summary: 'Stop delivering; events are still taken in',
    scope: 'operate',
    command: 'connection pause',
  },
  resumeConnection: {
    method: 'POST',
    path: '/connections/{connectionId}/resume',
    summary: 'Deliver again',
    scope: 'operate',
    command: 'connection resume',
  },
  startConsent: {
    method: 'POST',
    path: '/connections/{connectionId}/consent',
    summary: 'Where a person gives the source’s consent',
    scope: 'connections',
    command: 'connection consent',
  },
  finishConsent: {
    method: 'POST',
    path: '/connections/{connectionId}/consent/answer',
    summary: 'Finish a consent with the address the browser ended at',
    scope: 'connections',
    command: 'connection consent',
  },
  pingConnection: {
    method: 'POST',
    path: '/connections/{connectionId}/ping',
    summary: 'Ask both systems whether they would work; writes nothing',
    scope: 'read',
    command: 'ping',
  },
  testAlert: {
    method: 'POST',
    path: '/connections/{connectionId}/alert-test',
    summary: 'Send a test to the connection’s address for alerts',
    scope: 'connections',
    command: 'connection test-alert',
  },
  previewConnection: {
    method: 'POST',
    path: '/connections/{connectionId}/preview',
    summary: 'What would be written for the newest invoices; writes nothing',
    scope: 'read',
    command: 'connection preview',
  },
  startBackfill: {
    method: 'POST',
    path: '/connections/{connectionId}/backfills',
    summary: 'Copy history',
    scope: 'operate',
    command: 'backfill',
  },
  showBackfill: {
    method: 'GET',
    path: '/backfills/{backfillId}',
    summary: 'How far a copy of history has come',
    scope: 'read',
    command: 'backfill',
  },

  listRecords: {
    method: 'GET',
    path: '/records',
    summary: 'Records that match, the last changed first',
    scope: 'read',
    command: 'records',
  },
  countRecords: {
    method: 'GET',
    path: '/record-counts',
    summary: 'How many records match, by state and kind, with their sums',
    scope: 'read',
    command: 'records',
  },
  listParked: {
    method: 'GET',
    path: '/parked',
    summary: 'What waits for a person, grouped by reason',
    scope: 'read',
    command: 'parked',
  },
  showRecord: {
    method: 'GET',
    path: '/records/{recordId}',
    summary: 'One record and everything that happened to it',
    scope: 'read',
    command: 'show',
  },
  dryRunRecord: {
    method: 'POST',
    path: '/records/{recordId}/dry-run',
    summary: 'What a look at the record would do now, as the exact requests; writes nothing',
    scope: 'read',
    command: 'dry-run',
  },
  resolveRecord: {
    method: 'POST',
    path: '/records/{recordId}/resolve',
    summary: 'Take one of the choices that a parked record offers',
    scope: 'operate',
    command: 'resolve',
  },
  resolveRecords: {
    method: 'POST',
    path: '/resolutions',
    summary: 'Take the same choice for several parked records',
    scope: 'operate',
    command: 'resolve',
  },
  linkAccount: {
    method: 'POST',
    path: '/connections/{connectionId}/links',
    summary: 'Tie a client to an account of the destination by hand',
    scope: 'operate',
    command: 'link',
  },
  listSharedAccounts: {
    method: 'GET',
    path: '/shared-accounts',
    summary: 'Accounts of the destination that several clients are booked to, and whose they are',
    scope: 'read',
    command: 'accounts shared',
  },
  setAccountOwner: {
    method: 'POST',
    path: '/connections/{connectionId}/account-owners',
    summary: 'Say whose a shared account is: that client’s name and e-mail are written to it, nobody else’s',
    scope: 'operate',
    command: 'accounts owner',
  },
  startReplay: {
    method: 'POST',
    path: '/replays',
    summary: 'Replay the named records, or all that match a filter, in the background',
    scope: 'operate',
    command: 'replay',
  },
  listReplays: {
    method: 'GET',
    path: '/replays',
    summary: 'The newest replays',
    scope: 'read',
    command: 'replays',
  },
  showReplay: {
    method: 'GET',
    path: '/replays/{replayId}',
    summary: 'How far a replay has come, and what became of its records',
    scope: 'read',
    command: 'replays',
  },

  showStatus: {
    method: 'GET',
    path: '/status',
    summary: 'Counts and sums',
    scope: 'read',
    command: 'status',
  },
  showOverview: {
    method: 'GET',
    path: '/overview',
    summary:
      'In step or not, for each connection and currency, with lag, budgets and what happened over time',
    scope: 'read',
    command: 'overview',
  },
  listNotices: {
    method: 'GET',
    path: '/notices',
    summary: 'What upgrades left for a person to do',
    scope: 'read',
    command: 'notices list',
  },
  finishNotice: {
    method: 'POST',
    path: '/notices/{noticeId}/done',
    summary: 'Show a notice no more',
    scope: 'connections',
    command: 'notices done',
  },
  listRejections: {
    method: 'GET',
    path: '/rejections',
    summary: 'Webhook deliveries that were turned away, and why',
    scope: 'operate',
    command: 'rejections',
  },
  watchLive: {
    method: 'GET',
    path: '/live',
    summary: 'Changed records as server-sent events',
    scope: 'read',
    command: null,
  },
} as const satisfies Record<string, VerbSpec>;

export type Verb = keyof typeof VERBS;
