/** API tokens: making, listing, ending them, and knowing one when it is shown. */
import { createHash, randomBytes } from 'node:crypto';
import { NotFound, UsageError } from '../core/errors.ts';
import { isId, newId } from '../core/ids.ts';
import { nowOf } from '../engine/parts.ts';
import {
  type ApiToken,
  insertToken,
  listTokens as listStored,
  revokeTokens,
  type TokenKind,
  useToken,
} from '../store/api-tokens.ts';
import { dropConsentsOfToken } from '../store/consents.ts';
import type { Db } from '../store/db.ts';
import { lockPeople } from '../store/people.ts';
import { closeNotices } from '../store/upgrade-notices.ts';
import { type Actor, assertStillAdmin, type Role, refuseTokens, requireRole } from './context.ts';
import { auditInstallation, type OperationParts } from './parts.ts';

const PREFIX = 'mlc_';
const TOKEN_BYTES = 32;
const DAY_MS = 86_400_000;
/** Nobody has to remember a service token for longer; the migration that made them gives the same. */
const LONGEST_SERVICE_DAYS = 366;

/** 256 random bits: a plain hash cannot be searched. */
const hashOf = (token: string) => createHash('sha256').update(token).digest();

export function toTokenView(token: ApiToken) {
  return {
    id: token.id,
    name: token.name,
    kind: token.kind,
    scopes: token.scopes,
    createdBy: token.createdBy,
    createdAt: token.createdAt.toISOString(),
    expiresAt: token.expiresAt?.toISOString() ?? null,
    lastUsedAt: token.lastUsedAt?.toISOString() ?? null,
  };
}

export async function listTokens(parts: OperationParts, actor: Actor) {
  requireRole(actor, 'admin');
  return (await listStored(parts.db, nowOf(parts))).map(toTokenView);
}

export type TokenRequest = {
  name: string;
  kind: TokenKind;
  scopes: readonly string[];
  days?: number | undefined;
};

/** `token` is in this answer and nowhere else. */
export async function addToken(
  parts: OperationParts,
  actor: Actor,
  request: TokenRequest,
): Promise<{ id: string; name: string; token: string; expiresAt: string | null }> {
  requireRole(actor, 'admin');
  refuseTokens(actor);
  const { name, kind, days } = request;
  const scopes = [...new Set(request.scopes)];
  if (kind === 'service') assertService(scopes, days);
  if (scopes.length === 0)
    throw new UsageError('A token needs a scope: read, operate, connections or people.');
  const personId = actor.personId ?? null;
  if (kind === 'personal' && personId === null)
    throw new UsageError(
      'A personal token belongs to whoever is signed in, and here is nobody.',
      'Sign in to the dashboard for it, or make a service token.',
    );
  const now = nowOf(parts);
  const id = newId(now.getTime());
  const token = PREFIX + randomBytes(TOKEN_BYTES).toString('base64url');
  parts.vault.known.note(token);
  const expiresAt = days === undefined ? null : new Date(now.getTime() + days * DAY_MS);
  await parts.db.transaction().execute(async (tx) => {
    if (personId !== null) assertStillAdmin(actor, await lockPeople(tx, [personId]));
    await insertToken(tx, {
      id,
      name,
      kind,
      hash: hashOf(token),
      personId: kind === 'personal' ? personId : null,
      makerId: kind === 'service' ? personId : null,
      scopes,
      createdBy: actor.name,
      createdAt: now,
      expiresAt,
    });
    await auditInstallation(parts, tx, actor, {
      summary: `${kind} API token "${name}" made`,
      tokenId: id,
      scopes,
      days,
    });
  });
  return { id, name, token, expiresAt: expiresAt?.toISOString() ?? null };
}

function assertService(scopes: readonly string[], days: number | undefined): void {
  if (scopes.includes('people')) {
    throw new UsageError(
      'A service token never has the scope "people".',
      'Make a personal token for it, in the dashboard: it ends with its person.',
    );
  }
  if (days === undefined || days < 1 || days > LONGEST_SERVICE_DAYS) {
    throw new UsageError(
      `A service token has an end, after ${LONGEST_SERVICE_DAYS} days at most.`,
      `Say in how many days it ends: --days 1 to ${LONGEST_SERVICE_DAYS}.`,
    );
  }
}

/** With the consents that were asked for with them. The names of those that were living. */
export async function endTokens(tx: Db, ids: readonly string[], now: Date): Promise<string[]> {
  const ended = await revokeTokens(tx, ids, now);
  for (const token of ended) await dropConsentsOfToken(tx, nameOf(token));
  return ended.map(({ name }) => name);
}

export async function revokeToken(parts: OperationParts, actor: Actor, { tokenId }: { tokenId: string }) {
  requireRole(actor, 'admin');
  return parts.db.transaction().execute(async (tx) => {
    const now = nowOf(parts);
    const [name] = isId(tokenId) ? await endTokens(tx, [tokenId], now) : [];
    if (name === undefined) throw new NotFound(`There is no token ${tokenId}.`, 'tokens list shows them.');
    for (const code of ['token-personal', 'token-service'])
      await closeNotices(tx, { code, subject: tokenId.toLowerCase(), doneBy: actor.name, now });
    await auditInstallation(parts, tx, actor, { summary: `API token "${name}" ended`, tokenId });
    return { id: tokenId, name };
  });
}

export type ShownToken = {
  name: string;
  scopes: string[];
  /** Who acts, without the role, which follows from what is asked for. */
  actor: Omit<Actor, 'role'> & { tokenId: string };
  /** The person's present role; a service token has no people's scope and needs no other bound. */
  atMost: Role;
};

/** Names may be given twice; with the end of the id the audit says which one it was. */
const nameOf = (token: { id: string; name: string }) => `${token.name}#${token.id.slice(-8)}`;

/** The living token in an Authorization header; undefined for anything else. */
export async function findToken(
  parts: OperationParts,
  authorization: string,
): Promise<ShownToken | undefined> {
  const [, shown] = /^Bearer (\S{1,200})$/i.exec(authorization) ?? [];
  if (!shown?.startsWith(PREFIX)) return undefined;
  const token = await useToken(parts.db, hashOf(shown), nowOf(parts));
  if (!token) return undefined;
  parts.vault.known.note(shown);
  const { id, name, scopes, person } = token;
  return person
    ? {
        name,
        scopes,
        actor: {
          name: `user:${person.email} via token:${nameOf(token)}`,
          personId: person.id,
          tokenId: id,
        },
        atMost: person.role,
      }
    : { name, scopes, actor: { name: `service-token:${nameOf(token)}`, tokenId: id }, atMost: 'admin' };
}
