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
    answer(options.json, done, (shown) => {
      say(`${shown.resolved.length} record(s) are decided and looked at again.`);
      for (const { recordId, message } of shown.refused)
        say(pc.yellow(`${records[recordIds.indexOf(recordId)] ?? recordId}: ${message}`));
    });
    if (done.refused.length > 0) process.exitCode = 1;
  });
}

export async function dryRun(record: string, options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const recordId = await findRecordId(parts, record);
    const run = await dryRunRecord(parts, localActor(), { recordId });
    answer(options.json, run, (shown) => {
      for (const { method, path, body } of shown.requests) {
        say(`${method} ${path}`);
        say(pc.dim(JSON.stringify(body, null, 2)));
      }
      say(`${shown.requests.length} request(s) would be sent; then: ${stateText(shown.state)}`);
      if (shown.reason) say(shown.reason.message);
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
    answer(options.json, done, (shown) =>
      say(`Client ${clientId} belongs to account ${shown.account} (${shown.currency}) from now on.`),
    );
  });
}

export async function listShared(options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const accounts = await sharedAccounts(parts, localActor());
    answer(options.json, accounts, (shown) => {
      if (shown.length === 0) return say('Every account is one client’s.');
      const told = ({ connection, clientId, label }: (typeof shown)[number]['clients'][number]) =>
        `${connection}/${clientId}${label ? ` ${label}` : ''}`;
      const rows = shown.map(({ number, owner, clients }) => [
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
    answer(options.json, done, (shown) =>
      say(
        `Account ${shown.account} is that of ${shown.owner}: nobody else’s name or e-mail is written to it.`,
      ),
    );
  });
}
