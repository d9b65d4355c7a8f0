/** `resolve`, `dry-run`, `link`, `accounts …`: a person's decisions, and a look at what would happen. */
import pc from 'picocolors';
import { setOwner, sharedAccounts } from '../operations/account-owner.ts';
import { dryRunRecord } from '../operations/dry-run-record.ts';
import { linkAccount } from '../operations/link-account.ts';
import { resolveRecords } from '../operations/resolve-records.ts';
import { findRecordId } from '../operations/show-record.ts';
import { answer, localActor, say, stateText, table } from './output.ts';
import { type GlobalOptions, withInstallation } from './with-installation.ts';

export async function resolve(
  choice: string,
  records: readonly string[],
  options: GlobalOptions & { argument?: string | undefined },
): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const recordIds = await Promise.all(records.map((text) => findRecordId(parts, text)));
    const { argument } = options;
    const done = await resolveRecords(parts, localActor(), { recordIds, choice, argument });
    answer(options.json, done, () => {
      say(`${done.resolved.length} record(s) are decided and looked at again.`);
      for (const { recordId, message } of done.refused) say(pc.yellow(`${recordId}: ${message}`));
    });
    if (done.refused.length > 0) process.exitCode = 1;
  });
}

export async function dryRun(record: string, options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const recordId = await findRecordId(parts, record);
    const run = await dryRunRecord(parts, localActor(), { recordId });
    answer(options.json, run, () => {
      for (const { method, path, body } of run.requests) {
        say(`${method} ${path}`);
        say(pc.dim(JSON.stringify(body, null, 2)));
      }
      say(`${run.requests.length} request(s) would be sent; then: ${stateText(run.state)}`);
      if (run.reason) say(run.reason.message);
    });
  });
}

export async function link(
  connection: string,
  clientId: string,
  account: string,
  options: GlobalOptions & { sharedWith?: string | undefined },
): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const { sharedWith } = options;
    const done = await linkAccount(parts, localActor(), { connection, clientId, account, sharedWith });
    answer(options.json, done, () =>
      say(`Client ${clientId} belongs to account ${done.account} (${done.currency}) from now on.`),
    );
  });
}

export async function listShared(options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const accounts = await sharedAccounts(parts, localActor());
    answer(options.json, accounts, () => {
      if (accounts.length === 0) return say('Every account is one client’s.');
      const told = ({ connection, clientId, label }: (typeof accounts)[number]['clients'][number]) =>
        `${connection}/${clientId}${label ? ` ${label}` : ''}`;
      const rows = accounts.map(({ number, owner, clients }) => [
        number,
        owner ? told(owner) : pc.yellow('nobody has said'),
        clients.map(told).join(', '),
      ]);
      say(table(['account', 'whose it is', 'whose documents are there'], rows));
    });
  });
}

export async function nameOwner(
  connection: string,
  clientId: string,
  account: string,
  options: GlobalOptions,
): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const done = await setOwner(parts, localActor(), { connection, clientId, account });
    answer(options.json, done, () =>
      say(`Account ${done.account} is that of ${done.owner}: nobody else’s name or e-mail is written to it.`),
    );
  });
}
