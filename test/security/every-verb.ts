/** Every verb with one true request and, written by hand, who may do it: what the matrix and the fuzz are made of. */
import type { Verb } from '../../src/api/contract-verbs.ts';
import type { EveryVerbScene } from './every-verb-scene.ts';

export type Least = 'anybody' | 'signed-in' | 'viewer' | 'operator' | 'admin';

/** `params` by their names in the path. */
export type Call = { params?: Record<string, string>; query?: Record<string, string>; body?: object };

export type Row = {
  least: Least;
  /** What a token needs; null where no token will do. */
  scope: 'read' | 'operate' | 'connections' | 'people' | null;
  /** With objects that are there, and would change them. */
  call(scene: EveryVerbScene): Call;
  /** In its place where a call uses up what it is about. */
  anew?(scene: EveryVerbScene): Promise<Call>;
  /** The call ends or changes the session of whoever asks: ask as somebody new. `password` is theirs. */
  asSomebodyNew?(password: string): Call;
  /** Status for whoever may; 200 if left out. */
  gives?: number;
  /** Status for what belongs to a removed connection; 404 if left out. */
  removed?: number;
};

const nothing = () => ({});
const ofA = ({ a }: EveryVerbScene) => ({ params: { connectionId: a.connectionId } });
const looks = { least: 'viewer', scope: 'read' } as const;
const operates = { least: 'operator', scope: 'operate' } as const;
const setsUp = { least: 'admin', scope: 'connections' } as const;
const leads = { least: 'admin', scope: 'people' } as const;
/** What would outlive a token. */
const alone = { least: 'admin', scope: null } as const;

const PASSWORD = 'a new one, long enough';
const account = (accountId: string) => ({
  source: { connector: 'example-books', values: { accountId, key: 'k' } },
  destination: { connector: 'example-billing', values: { password: 'p' } },
  webhooksEnabled: false,
  pollIntervalSeconds: 0,
});

export const ROWS: Record<Verb, Row> = {
  showSetup: { least: 'anybody', scope: null, call: nothing },
  setUp: {
    least: 'anybody',
    scope: null,
    call: () => ({ body: { code: 'wrong', email: 'mallory@example.com', password: PASSWORD } }),
    gives: 400,
  },
  showSession: { least: 'signed-in', scope: null, call: nothing },
  signIn: { least: 'anybody', scope: null, call: ({ guest }) => ({ body: guest }) },
  signOut: { least: 'anybody', scope: null, call: nothing, asSomebodyNew: nothing, gives: 204 },
  signOutEverywhere: {
    least: 'signed-in',
    scope: null,
    call: nothing,
    asSomebodyNew: nothing,
    gives: 204,
  },
  changePassword: {
    least: 'signed-in',
    scope: null,
    call: ({ guest }) => ({ body: { present: guest.password, wanted: PASSWORD } }),
    asSomebodyNew: (present) => ({ body: { present, wanted: PASSWORD } }),
  },

  listUsers: { ...leads, call: nothing },
  addUser: {
    ...alone,
    call: () => ({ body: { email: 'new@example.com', role: 'admin' } }),
    anew: async ({ next }) => ({ body: { email: `new${next()}@example.com`, role: 'admin' } }),
  },
  setUserRole: {
    ...alone,
    call: ({ guest }) => ({ params: { userId: guest.id }, body: { role: 'admin' } }),
    anew: async ({ putPerson }) => ({ params: { userId: await putPerson() }, body: { role: 'operator' } }),
  },
  removeUser: {
    ...leads,
    call: ({ guest }) => ({ params: { userId: guest.id }, query: { serviceTokens: 'end' } }),
    anew: async ({ putPerson }) => ({ params: { userId: await putPerson() } }),
  },
  signOutUser: {
    ...leads,
    call: ({ guest }) => ({ params: { userId: guest.id } }),
    anew: async ({ putPerson }) => ({ params: { userId: await putPerson() } }),
  },
  resetPassword: {
    ...alone,
    call: ({ guest }) => ({ params: { userId: guest.id } }),
    anew: async ({ addPerson }) => ({ params: { userId: (await addPerson()).id } }),
  },
  listTokens: { ...leads, call: nothing },
  addToken: {
    ...alone,
    call: () => ({ body: { name: 'another', kind: 'service', scopes: ['read'], days: 1 } }),
  },
  revokeToken: {
    ...leads,
    call: ({ tokenId }) => ({ params: { tokenId } }),
    anew: async ({ addToken }) => ({ params: { tokenId: await addToken() } }),
  },
  listAudit: { ...looks, call: ({ a }) => ({ query: { connection: a.connectionId, limit: '5' } }) },
  verifyAudit: { ...operates, call: nothing },
  showAuditCheck: { ...looks, call: nothing },

  listConnectors: { ...looks, call: nothing },
  listConnections: { ...looks, call: nothing },
  showConnection: { ...looks, call: ofA },
  addConnection: {
    ...setsUp,
    call: () => ({ body: { name: 'another', ...account('X') } }),
    anew: async ({ next }) => ({ body: { name: `another ${next()}`, ...account('X') } }),
  },
  // The systems here have no simulators: whoever may ask is told so.
  addSandboxConnection: { ...setsUp, call: () => ({ body: { name: 'sandy' } }), gives: 400 },
  setConnection: {
    ...setsUp,
    call: (scene) => ({
      ...ofA(scene),
      body: { pollIntervalSeconds: 777, values: { source: { tone: 'curt' } } },
    }),
  },
  removeConnection: {
    ...setsUp,
    call: (scene) => ({ ...ofA(scene), body: { dryRun: false, force: true } }),
    anew: async ({ putConnection }) => ({
      params: { connectionId: await putConnection() },
      body: { force: true },
    }),
  },
  rotatePaths: { ...setsUp, call: ofA },
  pauseConnection: { ...operates, call: (scene) => ({ ...ofA(scene), body: { reason: 'month end' } }) },
  resumeConnection: { ...operates, call: ofA },
  startConsent: { ...setsUp, call: ofA },
  finishConsent: {
    ...setsUp,
    call: (scene) => ({ ...ofA(scene), body: { returnedUrl: scene.answerTo(scene.consentOfA) } }),
    anew: async (scene) => ({
      ...ofA(scene),
      body: { returnedUrl: scene.answerTo(await scene.askConsent(scene.a)) },
    }),
  },
  pingConnection: { ...looks, call: ofA },
  // It has no address for alerts: whoever may ask is told so.
  testAlert: { ...setsUp, call: ofA, gives: 400 },
  previewConnection: { ...looks, call: (scene) => ({ ...ofA(scene), body: { limit: 2 } }) },
  startBackfill: { ...operates, call: (scene) => ({ ...ofA(scene), body: { since: '2026-01-01' } }) },
  showBackfill: {
    ...looks,
    call: ({ backfillId }) => ({ params: { backfillId } }),
    // What was done stays to be seen.
    removed: 200,
  },

  listRecords: { ...looks, call: ({ a }) => ({ query: { connectionId: a.connectionId, limit: '5' } }) },
  countRecords: { ...looks, call: ({ a }) => ({ query: { connectionId: a.connectionId } }) },
  listParked: { ...looks, call: ({ a }) => ({ query: { connectionId: a.connectionId } }) },
  showRecord: {
    ...looks,
    call: ({ recordId }) => ({ params: { recordId }, query: { before: '1000', fieldsFrom: '0' } }),
    removed: 200,
  },
  dryRunRecord: { ...looks, call: ({ recordId }) => ({ params: { recordId } }) },
  resolveRecord: {
    ...operates,
    call: ({ parked }) => ({ params: { recordId: parked }, body: { choice: 'new-account' } }),
    anew: async ({ park }) => ({ params: { recordId: await park() }, body: { choice: 'new-account' } }),
  },
  resolveRecords: {
    ...operates,
    call: ({ parked }) => ({ body: { recordIds: [parked], choice: 'new-account' } }),
  },
  linkAccount: {
    ...operates,
    call: (scene) => ({
      ...ofA(scene),
      body: { clientId: scene.clientOfA, account: scene.accountOfA },
    }),
  },
  listSharedAccounts: { ...looks, call: nothing },
  setAccountOwner: {
    ...operates,
    call: (scene) => ({ ...ofA(scene), body: { clientId: scene.clientOfA, account: scene.accountOfA } }),
  },
  startReplay: { ...operates, call: ({ recordId }) => ({ body: { recordIds: [recordId] } }), gives: 202 },
  listReplays: { ...looks, call: nothing },
  showReplay: { ...looks, call: ({ replayId }) => ({ params: { replayId } }), removed: 200 },

  showStatus: { ...looks, call: nothing },
  showOverview: { ...looks, call: () => ({ query: { window: 'month' } }) },
  listNotices: { ...looks, call: nothing },
  finishNotice: {
    ...setsUp,
    call: ({ noticeId }) => ({ params: { noticeId } }),
    anew: async ({ putNotice }) => ({ params: { noticeId: await putNotice() } }),
  },
  listRejections: { ...operates, call: ({ a }) => ({ query: { connection: a.connectionId, limit: '5' } }) },
  // Open streams are tested elsewhere; who may listen but takes no events is told so.
  watchLive: { ...looks, call: nothing, gives: 406 },
};
