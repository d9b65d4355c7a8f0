/** The admin API's shapes for people, tokens and the audit. */
import { z } from 'zod';

const instant = z.iso.datetime();
const email = z.email().max(320);
const password = z.string().min(12).max(256);

export const role = z.enum(['viewer', 'operator', 'admin']);
const scope = z.enum(['read', 'operate', 'connections', 'people']);

export const signInRequest = z.object({ email: z.string().max(320), password: z.string().max(256) });

/** Who is signed in, and as what. */
export const session = z.object({ email: z.string(), role });

export const setupState = z.object({ needed: z.boolean() });
export const setUpRequest = z.object({ code: z.string().min(1).max(100), email, password });
export const changePasswordRequest = z.object({ present: z.string().max(256), wanted: password });

export const user = z.object({
  id: z.uuid(),
  email: z.string(),
  role,
  createdAt: instant,
  /** Sessions that are open now. */
  sessions: z.number().int(),
});
export const addUserRequest = z.object({ email, role });
/** What becomes of the service tokens that the person made; needed where there are any. */
const serviceTokens = z.enum(['keep', 'end']).optional();
export const setUserRoleRequest = z.object({ role, serviceTokens });
export const removeUserQuery = z.object({ serviceTokens });
/** Names of service tokens that the person made. */
const decidedTokens = { keptTokens: z.array(z.string()), endedTokens: z.array(z.string()) };
export const changedUser = z.object({ email: z.string(), role, ...decidedTokens });
export const removedUser = z.object({ email: z.string(), ...decidedTokens });
/** The only time that the password is told. */
export const newPassword = z.object({ email: z.string(), password: z.string() });
export const person = z.object({ email: z.string() });

/** A personal one ends with its person and does no more than their role; a service's outlives its maker. */
const tokenKind = z.enum(['personal', 'service']);
export const apiToken = z.object({
  id: z.uuid(),
  name: z.string(),
  kind: tokenKind,
  scopes: z.array(z.string()),
  createdBy: z.string(),
  createdAt: instant,
  expiresAt: instant.nullable(),
  lastUsedAt: instant.nullable(),
});
export const addTokenRequest = z.object({
  name: z.string().trim().min(1).max(100),
  kind: tokenKind,
  scopes: z.array(scope).min(1),
  /** Ends by itself after so many days: a service token after 366 at most; a personal one with its person when left out. */
  days: z.number().int().min(1).max(3650).optional(),
});
/** The only time that the token is told. */
export const newToken = z.object({
  id: z.uuid(),
  name: z.string(),
  token: z.string(),
  expiresAt: instant.nullable(),
});
export const endedToken = z.object({ id: z.uuid(), name: z.string() });

export const auditQuery = z.object({
  /** Id or name; the installation's own entries when left out. */
  connection: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
const auditEntry = z.object({
  position: z.number().int(),
  at: instant,
  actor: z.string(),
  entry: z.string(),
  /** One line for a person. */
  summary: z.string(),
  data: z.unknown(),
});
export const auditPage = z.object({
  /** The newest first. */
  entries: z.array(auditEntry),
  /** False when the hash chain is broken. */
  chainIntact: z.boolean(),
  /** What is wrong with it, and where. */
  chainFault: z.string().nullable(),
});

export const auditCheck = z.object({
  id: z.uuid(),
  actor: z.string(),
  startedAt: instant,
  finishedAt: instant.nullable(),
  /** `ended`: it did not come to its end; start another. */
  state: z.enum(['running', 'done', 'ended']),
  chains: z.number().int(),
  entries: z.number().int(),
  /** Of the signed chain of ends. */
  batches: z.number().int(),
  faults: z.array(
    z.object({
      subject: z.string(),
      /** The first broken place; null where a whole chain is not there. */
      position: z.number().int().nullable(),
      why: z.string(),
    }),
  ),
});
export const newestAuditCheck = z.object({ check: auditCheck.nullable() });

export type Role = z.infer<typeof role>;
export type SessionView = z.infer<typeof session>;
export type SignInRequest = z.infer<typeof signInRequest>;
export type SetUpRequest = z.infer<typeof setUpRequest>;
export type ChangePasswordRequest = z.infer<typeof changePasswordRequest>;
export type UserView = z.infer<typeof user>;
export type ServiceTokensAnswer = NonNullable<z.infer<typeof serviceTokens>>;
export type ChangedUser = z.infer<typeof changedUser>;
export type RemovedUser = z.infer<typeof removedUser>;
export type NewPasswordView = z.infer<typeof newPassword>;
export type ApiTokenView = z.infer<typeof apiToken>;
export type AddTokenRequest = z.infer<typeof addTokenRequest>;
export type NewTokenView = z.infer<typeof newToken>;
export type AuditCheckView = z.infer<typeof auditCheck>;
export type NewestAuditCheck = z.infer<typeof newestAuditCheck>;
export type AuditPage = z.infer<typeof auditPage>;
export type AuditQuery = z.infer<typeof auditQuery>;
