/** `setup`, `users …`, `tokens …`, `password`, `audit`: people, programs, and what they did. */
import { UsageError } from '../core/errors.ts';
import type { Role } from '../operations/context.ts';
import { listAudit } from '../operations/list-audit.ts';
import * as tokens from '../operations/tokens.ts';
import * as users from '../operations/users.ts';
import { answer, localActor, say, table } from './output.ts';
import { type GlobalOptions, withInstallation } from './with-installation.ts';

const SCOPES = ['read', 'operate', 'connections', 'people'];

export async function setup(
  options: GlobalOptions & { email?: string | undefined; publicUrl?: string | undefined },
): Promise<void> {
  await withInstallation(options, async ({ parts }, config) => {
    if (options.email !== undefined) {
      const made = await users.setUpLocally(parts, localActor(), { email: options.email });
      return answer(options.json, made, () => say(`${made.email}: ${made.password}   (shown only now)`));
    }
    const { needed } = await users.showSetup(parts);
    const url = needed ? `${config.publicUrl}/#setup=${parts.setupCode}` : null;
    answer(options.json, { needed, url }, () =>
      say(
        url === null
          ? 'The first account has been made already.'
          : `Make the first account here:\n\n  ${url}`,
      ),
    );
  });
}

export async function password(email: string, options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const made = await users.resetPassword(parts, localActor(), { userId: email });
    answer(options.json, made, () =>
      say(`New password of ${made.email}: ${made.password}   (shown only now)`),
    );
  });
}

export async function listUsers(options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const all = await users.listUsers(parts, localActor());
    answer(options.json, all, () => {
      if (all.length === 0) return say('Nobody yet: setup shows how to make the first account.');
      const rows = all.map((user) => [
        user.email,
        user.role,
        String(user.sessions),
        user.createdAt.slice(0, 10),
      ]);
      say(table(['e-mail', 'role', 'sessions', 'since'], rows));
    });
  });
}

export async function addUser(email: string, options: GlobalOptions & { role: Role }): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const made = await users.addUser(parts, localActor(), { email, role: options.role });
    answer(options.json, made, () => say(`${made.email}: ${made.password}   (shown only now)`));
  });
}

export async function setRole(email: string, options: GlobalOptions & { role: Role }): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const done = await users.setUserRole(parts, localActor(), { userId: email, role: options.role });
    answer(options.json, done, () => say(`${done.email} is now ${done.role}.`));
  });
}

export async function removeUser(email: string, options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const done = await users.removeUser(parts, localActor(), { userId: email });
    answer(options.json, done, () => say(`${done.email} is removed.`));
  });
}

export async function signOut(email: string, options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const done = await users.signOutEverywhere(parts, localActor(), { userId: email });
    answer(options.json, done, () => say(`${done.email} is signed out everywhere.`));
  });
}

export async function listTokens(options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const all = await tokens.listTokens(parts, localActor());
    answer(options.json, all, () => {
      if (all.length === 0) return say('No token yet: tokens add NAME --scope read');
      const day = (at: string | null) => at?.slice(0, 10) ?? 'never';
      const rows = all.map((t) => [
        t.name,
        t.scopes.join(' '),
        day(t.expiresAt),
        day(t.lastUsedAt),
        t.createdBy,
        t.id,
      ]);
      say(table(['name', 'scopes', 'ends', 'last used', 'made by', 'id'], rows));
    });
  });
}

export async function addToken(
  name: string,
  options: GlobalOptions & { scope?: string[] | undefined; days?: number | undefined },
): Promise<void> {
  const { scope = [], days } = options;
  const wrong = scope.find((one) => !SCOPES.includes(one));
  if (wrong !== undefined)
    throw new UsageError(`There is no scope "${wrong}".`, `Known: ${SCOPES.join(', ')}.`);
  await withInstallation(options, async ({ parts }) => {
    const made = await tokens.addToken(parts, localActor(), { name, scopes: scope, days });
    answer(options.json, made, () =>
      say(`${made.token}   (shown only now; send it as "Authorization: Bearer …")`),
    );
  });
}

export async function revokeToken(tokenId: string, options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const done = await tokens.revokeToken(parts, localActor(), { tokenId });
    answer(options.json, done, () => say(`The token "${done.name}" is ended.`));
  });
}

export async function audit(
  options: GlobalOptions & { connection?: string | undefined; limit: number },
): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const { connection, limit } = options;
    const page = await listAudit(parts, localActor(), { connection, limit });
    answer(options.json, page, () => {
      const rows = page.entries.map((e) => [e.at.replace('T', ' ').slice(0, 19), e.actor, e.summary]);
      say(table(['when (UTC)', 'who', 'what'], rows));
      if (!page.chainIntact) say(`The hash chain of these entries is BROKEN: ${page.chainFault}.`);
    });
    if (!page.chainIntact) process.exitCode = 1;
  });
}
