/** What operations are made of, and how they write themselves into the audit. */
import type { ConnectionRuntime } from '../engine/connection-runtime.ts';
import type { EngineParts } from '../engine/parts.ts';
import { nowOf } from '../engine/parts.ts';
import { freeDeep } from '../platform/redact.ts';
import type { Db } from '../store/db.ts';
import { appendTrail, connectionSubject } from '../store/trail.ts';
import type { Actor } from './context.ts';

export type OperationParts = EngineParts & {
  runtime: ConnectionRuntime;
  /** How the source reaches us. */
  publicUrl: string;
  version: string;
  startedAt: Date;
};

/** Writes who decided what about a connection, in the transaction of the decision. */
export async function auditDecision(
  parts: OperationParts,
  tx: Db,
  actor: Actor,
  connectionId: string,
  data: { summary: string } & Record<string, unknown>,
): Promise<void> {
  const subject = connectionSubject(connectionId);
  const entry = { subject, connectionId, actor: actor.name, entry: 'decision' as const };
  await appendTrail(tx, { ...entry, data: freeDeep(data, parts.vault.known) }, nowOf(parts));
}

/** The same for what concerns no connection: people, tokens, keys. */
export async function auditInstallation(
  parts: OperationParts,
  tx: Db,
  actor: Pick<Actor, 'name'>,
  data: { summary: string } & Record<string, unknown>,
): Promise<void> {
  const entry = {
    subject: 'installation',
    connectionId: undefined,
    actor: actor.name,
    entry: 'decision' as const,
  };
  await appendTrail(tx, { ...entry, data: freeDeep(data, parts.vault.known) }, nowOf(parts));
}
