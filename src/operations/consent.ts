/** A person's consent: where to send them, and what to do when they come back. */
import { randomBytes } from 'node:crypto';
import { originsOf } from '../core/addresses.ts';
import { UsageError } from '../core/errors.ts';
import { canonicalJson } from '../core/json.ts';
import { recordAttempt } from '../engine/audit.ts';
import { sourceManifest } from '../engine/connection-runtime.ts';
import { addressesOf } from '../engine/outgoing.ts';
import { nowOf } from '../engine/parts.ts';
import { resumeConnection } from '../engine/pause.ts';
import { createHttp } from '../platform/http.ts';
import { loadConnection, lockConnection, mergeSettings } from '../store/connections.ts';
import { insertConsent, takeConsent } from '../store/consents.ts';
import { loadSecrets, lockSecrets, saveSecrets } from '../store/credentials.ts';
import { sqlRunner } from '../store/db.ts';
import { BEING_SET_UP, redirectUriOf } from './add-connection.ts';
import { type Actor, requireRole } from './context.ts';
import { auditDecision, type OperationParts } from './parts.ts';

const CONSENT_MS = 30 * 60_000;

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
  await insertConsent(
    parts.db,
    parts.vault,
    state,
    { connectionId: connection.id, codeVerifier, redirectUri, actor: actor.name },
    new Date(parts.clock.now() + CONSENT_MS),
  );
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

/** Exchanges the code that the person brought back, stores the tokens, and lets the connection work. */
export async function completeConsent(
  parts: OperationParts,
  answer: { state: string; code: string },
): Promise<{ connection: string; account: string | undefined }> {
  const consent = await takeConsent(parts.db, parts.vault, answer.state, nowOf(parts));
  if (!consent) {
    throw new UsageError(
      'This consent is unknown, was used already, or is older than 30 minutes.',
      'Start it again: connection consent NAME',
    );
  }
  const { connectionId, codeVerifier, redirectUri } = consent;
  const connection = await loadConnection(parts.db, connectionId);
  const manifest = sourceManifest(parts.registry, connection.source);
  if (!manifest.consent) throw new UsageError(`${manifest.label} needs no consent.`);
  const key = { connectionId, side: 'source' as const };
  const secrets = await loadSecrets(parts.db, parts.vault, key);
  const { http, close } = createHttp({
    clock: parts.clock,
    addresses: addressesOf(parts, connection),
    takeTurn: async () => () => {},
    record: (attempt) => recordAttempt(parts, connectionId, 'source', attempt),
  });
  const exchanged = await manifest.consent
    .exchange(
      { http, now: () => parts.clock.now() },
      { settings: connection.settings.source, secrets, redirectUri, code: answer.code, codeVerifier },
    )
    .finally(() => close());
  await parts.db.transaction().execute(async (tx) => {
    // Tokens of one address must not be kept for another.
    const origins = originsOf(manifest, connection.settings.source);
    const { settings } = await lockConnection(tx, connectionId);
    if (canonicalJson(originsOf(manifest, settings.source)) !== canonicalJson(origins))
      throw new UsageError('An address of the connection was changed meanwhile.', 'Give consent again.');
    const present = await lockSecrets(tx, parts.vault, key);
    await saveSecrets(tx, parts.vault, key, { ...present, ...exchanged.secrets }, nowOf(parts));
    await mergeSettings(tx, connectionId, 'source', exchanged.settings, nowOf(parts));
    await parts.queue.wake('callbacks', [{ key: connectionId }], sqlRunner(tx));
    await auditDecision(parts, tx, { name: consent.actor, role: 'admin' }, connectionId, {
      summary: 'consent given',
    });
  });
  if (connection.pauseReason !== BEING_SET_UP) await resumeConnection(parts, connectionId, consent.actor);
  return { connection: connection.name, account: exchanged.settings['accountId'] };
}

/** The same from the whole address that the browser ended at, for a service it could not reach. */
export async function finishConsent(
  parts: OperationParts,
  actor: Actor,
  { returnedUrl }: { returnedUrl: string },
): Promise<{ connection: string; account: string | undefined }> {
  requireRole(actor, 'admin');
  const query = URL.canParse(returnedUrl) ? new URL(returnedUrl).searchParams : new URLSearchParams();
  const [code, state] = [query.get('code'), query.get('state')];
  if (code === null || state === null) {
    throw new UsageError(
      'That address carries no code and state.',
      'Copy the whole address the browser ended at.',
    );
  }
  return completeConsent(parts, { code, state });
}
