/** A person's consent: where to send them, and what to do when they come back. */
import { randomBytes } from 'node:crypto';
import { UsageError } from '../core/errors.ts';
import { recordAttempt } from '../engine/audit.ts';
import { sourceManifest } from '../engine/connection-runtime.ts';
import { guardCall } from '../engine/guard-port.ts';
import { nowOf } from '../engine/parts.ts';
import { resumeConnection } from '../engine/pause.ts';
import { createHttp } from '../platform/http.ts';
import { freeDeep } from '../platform/redact.ts';
import { loadConnection, mergeSettings } from '../store/connections.ts';
import { insertConsent, takeConsent } from '../store/consents.ts';
import { loadSecrets, lockSecrets, saveSecrets } from '../store/credentials.ts';
import { sqlRunner } from '../store/db.ts';
import { keepSpent } from '../store/former-secrets.ts';
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
  // Before they are sent: whoever says them back to us, in whatever process, is not repeated.
  await keepSpent(parts.db, parts.vault, [answer.code, consent.codeVerifier], nowOf(parts));
  const { connectionId, codeVerifier, redirectUri } = consent;
  const connection = await loadConnection(parts.db, connectionId);
  const manifest = sourceManifest(parts.registry, connection.source);
  if (!manifest.consent) throw new UsageError(`${manifest.label} needs no consent.`);
  const key = { connectionId, side: 'source' as const };
  const secrets = await loadSecrets(parts.db, parts.vault, key);
  const { http, close } = createHttp({
    clock: parts.clock,
    known: parts.vault.known,
    takeTurn: async () => () => {},
    record: (attempt) => recordAttempt(parts, connectionId, 'source', attempt),
  });
  const exchange = {
    settings: connection.settings.source,
    secrets,
    redirectUri,
    code: answer.code,
    codeVerifier,
  };
  const { consent: flow } = manifest;
  const exchanged = await guardCall(
    () => flow.exchange({ http, now: () => parts.clock.now() }, exchange),
    parts.vault.known,
  ).finally(() => close());
  await parts.db.transaction().execute(async (tx) => {
    const present = await lockSecrets(tx, parts.vault, key);
    await saveSecrets(tx, parts.vault, key, { ...present, ...exchanged.secrets }, nowOf(parts));
    const settings = freeDeep(exchanged.settings, parts.vault.known);
    await mergeSettings(tx, connectionId, 'source', settings, nowOf(parts));
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
