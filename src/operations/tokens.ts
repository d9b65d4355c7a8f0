/** API tokens: making, listing, ending them, and knowing one when it is shown. */
import { createHash, randomBytes } from 'node:crypto';
import { NotFound, UsageError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { nowOf } from '../engine/parts.ts';
import {
  insertToken,
  listTokens as listStored,
  revokeToken as revokeStored,
  useToken,
} from '../store/api-tokens.ts';
import { type Actor, requireRole } from './context.ts';
import { auditInstallation, type OperationParts } from './parts.ts';

const PREFIX = 'mlc_';
const TOKEN_BYTES = 32;
const DAY_MS = 86_400_000;

/** 256 random bits: a plain hash cannot be searched. */
const hashOf = (token: string) => createHash('sha256').update(token).digest();

export async function listTokens(parts: OperationParts, actor: Actor) {
  requireRole(actor, 'admin');
  return (await listStored(parts.db, nowOf(parts))).map((token) => ({
    id: token.id,
    name: token.name,
    scopes: token.scopes,
    createdBy: token.createdBy,
    createdAt: token.createdAt.toISOString(),
    expiresAt: token.expiresAt?.toISOString() ?? null,
    lastUsedAt: token.lastUsedAt?.toISOString() ?? null,
  }));
}

/** `token` is in this answer and nowhere else. */
export async function addToken(
  parts: OperationParts,
  actor: Actor,
  request: { name: string; scopes: readonly string[]; days?: number | undefined },
): Promise<{ id: string; name: string; token: string }> {
  requireRole(actor, 'admin');
  const { name, scopes, days } = request;
  if (scopes.length === 0)
    throw new UsageError('A token needs a scope: read, operate, connections or people.');
  const now = nowOf(parts);
  const id = newId(now.getTime());
  const token = PREFIX + randomBytes(TOKEN_BYTES).toString('base64url');
  parts.vault.known.note(token);
  await parts.db.transaction().execute(async (tx) => {
    await insertToken(tx, {
      id,
      name,
      hash: hashOf(token),
      scopes: [...new Set(scopes)],
      createdBy: actor.name,
      createdAt: now,
      expiresAt: days === undefined ? null : new Date(now.getTime() + days * DAY_MS),
    });
    await auditInstallation(parts, tx, actor, {
      summary: `API token "${name}" made`,
      tokenId: id,
      scopes,
      days,
    });
  });
  return { id, name, token };
}

export async function revokeToken(parts: OperationParts, actor: Actor, { tokenId }: { tokenId: string }) {
  requireRole(actor, 'admin');
  return parts.db.transaction().execute(async (tx) => {
    const name = await revokeStored(tx, tokenId, nowOf(parts));
    if (name === undefined) throw new NotFound(`There is no token ${tokenId}.`, 'tokens list shows them.');
    await auditInstallation(parts, tx, actor, { summary: `API token "${name}" ended`, tokenId });
    return { id: tokenId, name };
  });
}

/** The living token in an Authorization header; undefined for anything else. */
export async function findToken(
  parts: OperationParts,
  authorization: string,
): Promise<{ name: string; scopes: string[] } | undefined> {
  const [, token] = /^Bearer (\S{1,200})$/i.exec(authorization) ?? [];
  if (!token?.startsWith(PREFIX)) return undefined;
  const found = await useToken(parts.db, hashOf(token), nowOf(parts));
  if (found) parts.vault.known.note(token);
  return found;
}
