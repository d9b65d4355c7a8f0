/** A person's consent: where to send them, and what to do when they come back. */
import { randomBytes } from 'node:crypto';
import { originsOf } from '../core/addresses.ts';
import { NotFound, UsageError } from '../core/errors.ts';
import { canonicalJson } from '../core/json.ts';
import type { Secrets, SourceManifest } from '../core/ports.ts';
import { recordAttempt } from '../engine/audit.ts';
import { sourceManifest } from '../engine/connection-runtime.ts';
import { guardCall } from '../engine/guard-port.ts';
import { addressesOf } from '../engine/outgoing.ts';
import { nowOf } from '../engine/parts.ts';
import { resumeConnection } from '../engine/pause.ts';
import { createHttp } from '../platform/http.ts';
import { freeDeep } from '../platform/redact.ts';
import {
  type Connection,
  findConnection,
  loadConnection,
  lockConnection,
  mergeSettings,
} from '../store/connections.ts';
import {
  dropOldConsents,
  dropSurplusConsents,
  findConsent,
  insertConsent,
  takeConsent,
} from '../store/consents.ts';
import { loadSecrets, lockSecrets, saveSecrets } from '../store/credentials.ts';
import { sqlRunner } from '../store/db.ts';
import { keepSpent } from '../store/former-secrets.ts';
import { lockPeople } from '../store/people.ts';
import { BEING_SET_UP, redirectUriOf } from './add-connection.ts';
import { type Actor, assertStillAdmin, requireRole } from './context.ts';
import { auditDecision, type OperationParts } from './parts.ts';

const CONSENT_MS = 30 * 60_000;

/** Nobody is under way with this state. */
export class UnknownConsent extends UsageError {
  constructor() {
    super(
      'This consent is unknown, was used already, or is older than 30 minutes.',
      'Start it again: connection consent NAME',
    );
  }
}

export async function startConsent(
  parts: OperationParts,
  actor: Actor,
  { connection: name }: { connection: string },
): Promise<{ url: string; redirectUri: string }> {
  requireRole(actor, 'admin');
  const connection = await loadConnection(parts.db, name);
  const manifest = sourceManifest(parts.registry, connection.source);
  if (!manifest.consent) throw new UsageError(`${manifest.label} needs no consent.`);
  const settings = connection.settings.source;
  const redirectUri = settings['redirectUri'] ?? redirectUriOf(parts.publicUrl, manifest.id);
  const secrets = await loadSecrets(parts.db, parts.vault, { connectionId: connection.id, side: 'source' });
  const state = randomBytes(24).toString('base64url');
  const codeVerifier = randomBytes(48).toString('base64url');
  const consent = { connectionId: connection.id, codeVerifier, redirectUri, actor: actor.name };
  await dropOldConsents(parts.db, nowOf(parts));
  await parts.db.transaction().execute(async (tx) => {
    // It must not outlive who asks for it.
    if (actor.personId !== undefined) assertStillAdmin(actor, await lockPeople(tx, [actor.personId]));
    await insertConsent(tx, parts.vault, state, consent, new Date(parts.clock.now() + CONSENT_MS));
    await dropSurplusConsents(tx, actor.name);
  });
  const url = await manifest.consent.authorizeUrl({ settings, secrets, redirectUri, state, codeVerifier });
  // A person's browser opens it.
  const problem = addressesOf(parts, connection).problemOf(url);
  if (problem !== undefined)
    throw new UsageError(
      `The consent page of ${manifest.label} is not opened: ${problem}.`,
      'Correct its address.',
    );
  return { url, redirectUri };
}

/**
 * Exchanges the code that the person brought back, stores the tokens, and lets the connection work. `connector` and
 * `connectionId`: through whose door it came; where they do not fit, nothing is used up.
 */
export async function completeConsent(
  parts: OperationParts,
  answer: {
    state: string;
    code: string;
    connector?: string | undefined;
    connectionId?: string | undefined;
  },
): Promise<{ connection: string; account: string | undefined }> {
  const connectionId = await findConsent(parts.db, answer.state, nowOf(parts));
  if (connectionId === undefined) throw new UnknownConsent();
  const connection = await loadConnection(parts.db, connectionId);
  const manifest = sourceManifest(parts.registry, connection.source);
  if (!manifest.consent) throw new UsageError(`${manifest.label} needs no consent.`);
  if (answer.connectionId !== undefined && answer.connectionId !== connectionId) {
    throw new UsageError(
      'This consent was asked for by another connection. Nothing was changed.',
      'Finish it there, or start one here: connection consent NAME',
    );
  }
  if (answer.connector !== undefined && answer.connector !== manifest.id) {
    throw new UsageError(
      'This consent was asked for from another system than this address is for. Nothing was changed.',
      'Start it again: connection consent NAME',
    );
  }
  const consent = await takeConsent(parts.db, parts.vault, answer.state, nowOf(parts));
  if (!consent) throw new UnknownConsent();
  const { codeVerifier, redirectUri } = consent;
  // Before they are sent: whoever says them back to us, in whatever process, is not repeated.
  await keepSpent(parts.db, parts.vault, [answer.code, codeVerifier], nowOf(parts));
  const secrets = await loadSecrets(parts.db, parts.vault, { connectionId, side: 'source' });
  const { http, close } = createHttp({
    clock: parts.clock,
    addresses: addressesOf(parts, connection),
    known: parts.vault.known,
    takeTurn: async () => () => {},
    record: (attempt) => recordAttempt(parts, connectionId, 'source', attempt),
  });
  const context = { http, now: () => parts.clock.now() };
  const settings = connection.settings.source;
  const flow = manifest.consent;
  const request = { settings, secrets, redirectUri, code: answer.code, codeVerifier };
  const exchanged = await guardCall(() => flow.exchange(context, request), parts.vault.known)
    .then(async (given) => {
      const refusal = await storeConsent(parts, manifest, connection, given, consent.actor);
      if (refusal === undefined) return given;
      await flow.giveBack?.(context, { settings, secrets: { ...secrets, ...given.secrets } });
      throw refusal;
    })
    .finally(() => close());
  if (connection.pauseReason !== BEING_SET_UP) await resumeConnection(parts, connectionId, consent.actor);
  return { connection: connection.name, account: exchanged.settings['accountId'] };
}

/** Returns why nothing was stored: somebody has removed it, or chosen another account or another address meanwhile. */
async function storeConsent(
  parts: OperationParts,
  manifest: SourceManifest,
  asked: Connection,
  given: { settings: Record<string, string>; secrets: Secrets },
  actor: string,
): Promise<UsageError | undefined> {
  const { identitySettings = [], label } = manifest;
  const connectionId = asked.id;
  const key = { connectionId, side: 'source' as const };
  return parts.db.transaction().execute(async (tx) => {
    if (!(await findConnection(tx, connectionId)))
      return new NotFound(
        `There is no connection ${JSON.stringify(asked.name)} any more. Nothing was stored.`,
      );
    const { settings, name } = await lockConnection(tx, connectionId);
    const present = await lockSecrets(tx, parts.vault, key);
    // Tokens of one address must not be kept for another.
    const [before, now] = [asked.settings.source, settings.source].map((of) => originsOf(manifest, of));
    if (canonicalJson(before) !== canonicalJson(now))
      return new UsageError('An address of the connection was changed meanwhile.', 'Give consent again.');
    const other = identitySettings.find(
      (setting) => settings.source[setting] && settings.source[setting] !== given.settings[setting],
    );
    if (other !== undefined) {
      return new UsageError(
        `This consent is for ${label} account ${given.settings[other] || 'unknown'}, but ${name} belongs to ${settings.source[other]}. Nothing was changed.`,
        'A person of that account has to give it: connection consent NAME',
      );
    }
    await saveSecrets(tx, parts.vault, key, { ...present, ...given.secrets }, nowOf(parts));
    const found = freeDeep(given.settings, parts.vault.known);
    await mergeSettings(tx, connectionId, 'source', found, nowOf(parts));
    await parts.queue.wake('callbacks', [{ key: connectionId }], sqlRunner(tx));
    const by = { name: actor, role: 'admin' as const };
    await auditDecision(parts, tx, by, connectionId, { summary: 'consent given' });
    return undefined;
  });
}

export async function isConsentUnderWay(parts: OperationParts, state: string): Promise<boolean> {
  return (await findConsent(parts.db, state, nowOf(parts))) !== undefined;
}

/** The same from the whole address that the browser ended at, for a service it could not reach. */
export async function finishConsent(
  parts: OperationParts,
  actor: Actor,
  { connection, returnedUrl }: { connection: string; returnedUrl: string },
): Promise<{ connection: string; account: string | undefined }> {
  requireRole(actor, 'admin');
  const { id: connectionId } = await loadConnection(parts.db, connection);
  const url = URL.canParse(returnedUrl) ? new URL(returnedUrl) : undefined;
  const query = url?.searchParams ?? new URLSearchParams();
  const [code, state] = [query.get('code'), query.get('state')];
  if (code === null || state === null) {
    throw new UsageError(
      'That address carries no code and state.',
      'Copy the whole address the browser ended at.',
    );
  }
  // Where the address is of our own form it says which system it is for.
  const connector = /^\/oauth\/([^/]+)\/callback\/?$/.exec(url?.pathname ?? '')?.[1];
  return completeConsent(parts, { code, state, connectionId, connector });
}
