/** What the HTTP server asks for, made of the operations and the store. */
import { NotFound } from '../core/errors.ts';
import { setOwner, sharedAccounts } from '../operations/account-owner.ts';
import { addConnection } from '../operations/add-connection.ts';
import { testAlert } from '../operations/alert-address.ts';
import { backfill, backfillProgress } from '../operations/backfill.ts';
import {
  completeConsent,
  finishConsent,
  isConsentUnderWay,
  startConsent,
  UnknownConsent,
} from '../operations/consent.ts';
import type { Actor } from '../operations/context.ts';
import { dryRunRecord } from '../operations/dry-run-record.ts';
import { linkAccount } from '../operations/link-account.ts';
import { listAudit } from '../operations/list-audit.ts';
import { listConnections } from '../operations/list-connections.ts';
import { listConnectors } from '../operations/list-connectors.ts';
import { listParked } from '../operations/list-parked.ts';
import { countRecords, listRecords } from '../operations/list-records.ts';
import { listRejections } from '../operations/list-rejections.ts';
import { finishNotice, listNotices } from '../operations/notices.ts';
import { overview } from '../operations/overview.ts';
import type { OperationParts } from '../operations/parts.ts';
import { ping } from '../operations/ping.ts';
import { previewConnection } from '../operations/preview-connection.ts';
import { removeConnection } from '../operations/remove-connection.ts';
import { listReplays, showReplay, startReplay } from '../operations/replay-runs.ts';
import { resolveRecord } from '../operations/resolve-record.ts';
import { resolveRecords } from '../operations/resolve-records.ts';
import { rotatePaths } from '../operations/rotate-paths.ts';
import { addSandboxConnection } from '../operations/sandbox-connection.ts';
import { pauseConnection, resumeConnection, setConnection } from '../operations/set-connection.ts';
import { showConnection } from '../operations/show-connection.ts';
import { showRecord } from '../operations/show-record.ts';
import { status } from '../operations/status.ts';
import { addToken, listTokens, revokeToken } from '../operations/tokens.ts';
import * as users from '../operations/users.ts';
import { showAuditCheck, startAuditCheck } from '../operations/verify-audit.ts';
import type { Sandbox } from '../platform/sandbox.ts';
import { unstoredReason } from '../store/credentials.ts';
import { readGauges } from '../store/gauges.ts';
import { tryWrite } from '../store/write-probe.ts';
import type { ConsentAnswer, Health, Operations } from './parts.ts';

export function toOperations(parts: users.PeopleParts & { sandbox: Sandbox }): Operations {
  return { ...peopleOperations(parts), ...connectionOperations(parts), ...recordOperations(parts) };
}

function peopleOperations(parts: users.PeopleParts) {
  return {
    showSetup: () => users.showSetup(parts),
    setUp: (request) => users.setUp(parts, request),
    noteSession: (actor, summary) => users.noteSession(parts, actor, summary),
    changePassword: (actor, request) => users.changePassword(parts, actor, request),
    listUsers: (actor) => users.listUsers(parts, actor),
    addUser: (actor, request) => users.addUser(parts, actor, request),
    setUserRole: (actor, request) => users.setUserRole(parts, actor, request),
    removeUser: (actor, request) => users.removeUser(parts, actor, request),
    signOutUser: (actor, request) => users.signOutEverywhere(parts, actor, request),
    resetPassword: (actor, request) => users.resetPassword(parts, actor, request),
    listTokens: (actor) => listTokens(parts, actor),
    addToken: (actor, request) => addToken(parts, actor, request),
    revokeToken: (actor, request) => revokeToken(parts, actor, request),
    listAudit: (actor, query) => listAudit(parts, actor, query),
    verifyAudit: async (actor) => ({ check: await startAuditCheck(parts, actor) }),
    showAuditCheck: async (actor) => ({ check: await showAuditCheck(parts, actor) }),
  } satisfies Partial<Operations>;
}

function connectionOperations(parts: users.PeopleParts & { sandbox: Sandbox }) {
  const viewOf = async (actor: Actor, id: string) => {
    const view = (await listConnections(parts, actor)).find((connection) => connection.id === id);
    if (!view) throw new NotFound(`There is no connection ${id}.`);
    return view;
  };
  return {
    listConnectors: (actor) => listConnectors(parts, actor),
    listConnections: (actor) => listConnections(parts, actor),
    showConnection: (actor, { connectionId }) => showConnection(parts, actor, { connection: connectionId }),
    addConnection: (actor, { source, destination, ...request }) =>
      addConnection(parts, actor, {
        ...request,
        source: { ...source, secrets: {} },
        destination: { ...destination, secrets: {} },
        startPaused: true,
      }),
    addSandboxConnection: (actor, request) => addSandboxConnection(parts, actor, request),
    setConnection: (actor, { connectionId, values = {}, ...change }) =>
      setConnection(parts, actor, { connection: connectionId, ...change, values: withoutAbsent(values) }),
    removeConnection: (actor, { connectionId, ...request }) =>
      removeConnection(parts, actor, { connection: connectionId, ...request }),
    rotatePaths: (actor, { connectionId }) => rotatePaths(parts, actor, { connection: connectionId }),
    pauseConnection: async (actor, { connectionId, reason }) => {
      await pauseConnection(parts, actor, { connection: connectionId, reason });
      return viewOf(actor, connectionId);
    },
    resumeConnection: async (actor, { connectionId }) => {
      await resumeConnection(parts, actor, { connection: connectionId });
      return viewOf(actor, connectionId);
    },
    startConsent: (actor, { connectionId }) => startConsent(parts, actor, { connection: connectionId }),
    finishConsent: async (actor, { connectionId, returnedUrl }) => {
      const request = { connection: connectionId, returnedUrl };
      const { connection, account } = await finishConsent(parts, actor, request);
      return { connection, ...(account === undefined ? {} : { account }) };
    },
    pingConnection: (actor, { connectionId }) => ping(parts, actor, { connection: connectionId }),
    testAlert: (actor, { connectionId }) => testAlert(parts, actor, { connection: connectionId }),
    previewConnection: (actor, { connectionId, limit }) =>
      previewConnection(parts, actor, { connection: connectionId, limit }),
    startBackfill: (actor, { connectionId, since }) =>
      backfill(parts, actor, { connection: connectionId, since }),
    showBackfill: (actor, { backfillId }) => backfillProgress(parts, actor, { id: backfillId }),
  } satisfies Partial<Operations>;
}

type Values = Record<string, string>;

function withoutAbsent({
  source,
  destination,
}: {
  source?: Values | undefined;
  destination?: Values | undefined;
}) {
  return { ...(source ? { source } : {}), ...(destination ? { destination } : {}) };
}

function recordOperations(parts: OperationParts) {
  return {
    listRecords: (actor, query) => listRecords(parts, actor, query),
    countRecords: (actor, filter) => countRecords(parts, actor, filter),
    listParked: (actor, query) => listParked(parts, actor, query),
    showRecord: (actor, request) => showRecord(parts, actor, request),
    dryRunRecord: async (actor, request) => {
      const { requests, ...end } = await dryRunRecord(parts, actor, request);
      return { ...end, requests: [...requests] };
    },
    resolveRecord: (actor, request) => resolveRecord(parts, actor, request),
    resolveRecords: (actor, request) => resolveRecords(parts, actor, request),
    linkAccount: (actor, { connectionId, ...request }) =>
      linkAccount(parts, actor, { connection: connectionId, ...request }),
    listSharedAccounts: (actor) => sharedAccounts(parts, actor),
    setAccountOwner: (actor, { connectionId, ...request }) =>
      setOwner(parts, actor, { connection: connectionId, ...request }),
    startReplay: (actor, request) => startReplay(parts, actor, request),
    listReplays: (actor) => listReplays(parts, actor),
    showReplay: (actor, request) => showReplay(parts, actor, request),
    status: (actor) => status(parts, actor),
    showOverview: (actor, query) => overview(parts, actor, query),
    listNotices: (actor) => listNotices(parts, actor),
    finishNotice: (actor, request) => finishNotice(parts, actor, request),
    listRejections: (actor, query) => listRejections(parts, actor, query),
  } satisfies Partial<Operations>;
}

/** The end of a consent in the person's own browser. */
export async function consentAnswer(
  parts: OperationParts,
  answer: {
    connector: string;
    state: string | undefined;
    code: string | undefined;
    error: string | undefined;
  },
): Promise<ConsentAnswer> {
  if (answer.state === undefined || answer.code === undefined) {
    return {
      ok: false,
      title: 'No consent',
      message: answer.error ?? 'The answer carries neither a code nor an error.',
      unasked: answer.state === undefined || !(await isConsentUnderWay(parts, answer.state)),
    };
  }
  try {
    const { connector, state, code } = answer;
    const { connection, account } = await completeConsent(parts, { connector, state, code });
    return {
      ok: true,
      title: 'Connected',
      message: `${connection} is connected${account ? ` to account ${account}` : ''}. You may close this page.`,
    };
  } catch (error) {
    const unasked = error instanceof UnknownConsent;
    if (!unasked) parts.log.warn({ err: error }, 'consent failed');
    return {
      unasked,
      ok: false,
      title: 'Not connected',
      message: error instanceof Error ? error.message : String(error),
    };
  }
}

export async function metricsText({ db, metrics }: OperationParts): Promise<string> {
  const { paused, unsettled, parked, brokenChains } = await readGauges(db);
  metrics.brokenChains.set(brokenChains);
  metrics.paused.set(paused);
  metrics.unsettled.set(unsettled);
  metrics.parked.set(parked);
  return metrics.registry.metrics();
}

/** A prober gives up sooner or later; this answer comes first. */
const READY_MS = 3_000;

export async function readiness(parts: OperationParts): ReturnType<Health['ready']> {
  const ended = new AbortController();
  try {
    const late = parts.clock.sleep(READY_MS, ended.signal).then(() => {
      if (!ended.signal.aborted) throw new Error(`no answer within ${READY_MS / 1000} s`);
    });
    const tried = tryWrite(parts.db, new Date(parts.clock.now()));
    tried.catch(() => {});
    await Promise.race([tried, late]);
    const reason = unstoredReason();
    if (reason !== undefined)
      return {
        ready: false,
        checks: { database: 'answers', tokens: `a new token is not stored yet: ${reason}` },
      };
    return { ready: true, checks: { database: 'answers and stores' } };
  } catch (error) {
    return { ready: false, checks: { database: error instanceof Error ? error.message : String(error) } };
  } finally {
    ended.abort();
  }
}
