/** `setup`, `users …`, `tokens …`, `password`, `audit`: people, programs, and what they did. */
import { UsageError } from '../core/errors.ts';
import type { Role } from '../operations/context.ts';
import { listAudit } from '../operations/list-audit.ts';
import * as tokens from '../operations/tokens.ts';
import * as users from '../operations/users.ts';
import { answer, answerOnce, localActor, say, table } from './output.ts';
import { type GlobalOptions, withInstallation } from './with-installation.ts';

const SCOPES = ['read', 'operate', 'connections', 'people'];

export async function setup(
  options: GlobalOptions & { email?: string | undefined; publicUrl?: string | undefined },
): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    if (options.email !== undefined) {
      const made = await users.setUpLocally(parts, localActor(), { email: options.email });
      return answer(options.json, made, (shown) =>
        say(`${shown.email}: ${shown.password}   (shown only now)`),
      );
    }
    const { needed } = await users.showSetup(parts);
    const url = needed ? `${parts.publicUrl}/#setup=${parts.setupCode}` : null;
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
    answer(options.json, made, (shown) =>
      say(`New password of ${shown.email}: ${shown.password}   (shown only now)`),
    );
  });
}

export async function listUsers(options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const all = await users.listUsers(parts, localActor());
    answer(options.json, all, (shown) => {
      if (shown.length === 0) return say('Nobody yet: setup shows how to make the first account.');
      const rows = shown.map((user) => [
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
    answer(options.json, made, (shown) => say(`${shown.email}: ${shown.password}   (shown only now)`));
  });
}

type Answer = { serviceTokens?: users.ServiceTokensAnswer | undefined };

export async function setRole(
  email: string,
  options: GlobalOptions & Answer & { role: Role },
): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const done = await decided(options, (serviceTokens) =>
      users.setUserRole(parts, localActor(), { userId: email, role: options.role, serviceTokens }),
    );
    answer(options.json, done, (shown) => {
      say(`${shown.email} is now ${shown.role}.`);
      sayTokens(shown);
    });
  });
}

export async function removeUser(email: string, options: GlobalOptions & Answer): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const done = await decided(options, (serviceTokens) =>
      users.removeUser(parts, localActor(), { userId: email, serviceTokens }),
    );
    answer(options.json, done, (shown) => {
      say(`${shown.email} is removed.`);
      sayTokens(shown);
    });
  });
}

/** Asks at a terminal what is to become of service tokens; elsewhere the option has to say so. */
async function decided<T>(
  options: GlobalOptions & Answer,
  change: (serviceTokens: users.ServiceTokensAnswer | undefined) => Promise<T>,
): Promise<T> {
  try {
    return await change(options.serviceTokens);
  } catch (error) {
    if (!(error instanceof users.ServiceTokensUndecided)) throw error;
    if (options.json === true || !process.stdin.isTTY) throw error;
    say(error.message);
    const prompts = await import('@clack/prompts');
    const chosen = await prompts.select<users.ServiceTokensAnswer>({
      message: 'What becomes of these tokens?',
      options: [
        { value: 'end', label: 'End them: programs that use them are refused from now on' },
        { value: 'keep', label: 'Keep them: they work until their end' },
      ],
    });
    if (prompts.isCancel(chosen)) throw new UsageError('Cancelled; nothing was changed.');
    return change(chosen);
  }
}

function sayTokens({ keptTokens, endedTokens }: { keptTokens: string[]; endedTokens: string[] }): void {
  if (keptTokens.length > 0) say(`Service tokens that are kept: ${keptTokens.join(', ')}.`);
  if (endedTokens.length > 0) say(`Service tokens that are ended: ${endedTokens.join(', ')}.`);
}

export async function signOut(email: string, options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const done = await users.signOutEverywhere(parts, localActor(), { userId: email });
    answer(options.json, done, (shown) => say(`${shown.email} is signed out everywhere.`));
  });
}

export async function listTokens(options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const all = await tokens.listTokens(parts, localActor());
    answer(options.json, all, (shown) => {
      if (shown.length === 0) return say('No token yet: tokens add NAME --scope read --days 90');
      const rows = shown.map((t) => [
        t.name,
        t.kind,
        t.scopes.join(' '),
        t.expiresAt?.slice(0, 10) ?? 'with its person',
        t.lastUsedAt?.slice(0, 16).replace('T', ' ') ?? 'never',
        t.createdBy,
        t.id,
      ]);
      say(table(['name', 'kind', 'scopes', 'ends', 'last used (UTC)', 'made by', 'id'], rows));
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
    const made = await tokens.addToken(parts, localActor(), { name, kind: 'service', scopes: scope, days });
    const line = `${made.token}   (shown only now; send it as "Authorization: Bearer …"; ends ${made.expiresAt?.slice(0, 10)})`;
    answerOnce(options.json, made, line);
  });
}

export async function revokeToken(tokenId: string, options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const done = await tokens.revokeToken(parts, localActor(), { tokenId });
    answer(options.json, done, (shown) => say(`The token "${shown.name}" is ended.`));
  });
}

export async function audit(
  options: GlobalOptions & { connection?: string | undefined; limit: number },
): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const { connection, limit } = options;
    const page = await listAudit(parts, localActor(), { connection, limit });
    answer(options.json, page, (shown) => {
      const rows = shown.entries.map((e) => [e.at.replace('T', ' ').slice(0, 19), e.actor, e.summary]);
      say(table(['when (UTC)', 'who', 'what'], rows));
      if (!shown.chainIntact) say(`The hash chain of these entries is BROKEN: ${shown.chainFault}.`);
    });
    if (!page.chainIntact) process.exitCode = 1;
  });
}
