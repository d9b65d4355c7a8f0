/** `records`: the list, by filter. */
import type { DocumentKind } from '../core/canonical.ts';
import { countRecords, listRecords } from '../operations/list-records.ts';
import { loadConnection } from '../store/connections.ts';
import type { DocumentState } from '../store/documents.ts';
import { answer, localActor, nameOf, say, stateText, table } from './output.ts';
import { type GlobalOptions, withInstallation } from './with-installation.ts';

export type FilterOptions = {
  connection?: string | undefined;
  state?: DocumentState | undefined;
  kind?: DocumentKind | undefined;
  reason?: string | undefined;
  search?: string | undefined;
};

export async function records(
  options: GlobalOptions & FilterOptions & { limit: number; counts?: boolean | undefined },
): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const { connection, state, kind, reason, search, limit } = options;
    const connectionId =
      connection === undefined ? undefined : (await loadConnection(parts.db, connection)).id;
    const filter = { connectionId, state, kind, reason, search };
    if (options.counts === true) {
      const counts = await countRecords(parts, localActor(), filter);
      return answer(options.json, counts, (shown) => {
        const rows = shown.groups.map((group) => [
          stateText(group.state),
          group.kind,
          String(group.count),
          group.amount === null ? '' : `${group.amount} ${group.currency ?? ''}`,
        ]);
        say(table(['state', 'kind', 'records', 'amount'], rows));
      });
    }
    const page = await listRecords(parts, localActor(), { ...filter, limit });
    answer(options.json, page, (shown) => {
      if (shown.records.length === 0) return say('No records fit.');
      const rows = shown.records.map((r) => [
        stateText(r.state),
        r.kind,
        nameOf(r),
        r.clientName ?? '',
        r.date ?? '',
        r.amount === null ? '' : `${r.amount} ${r.currency ?? ''}`,
        r.counterpartNumber ?? '',
        r.changedAt.replace('T', ' ').slice(0, 19),
        r.reason ? r.reason.message.slice(0, 80) : '',
      ]);
      say(
        table(
          ['state', 'kind', 'number', 'client', 'date', 'amount', 'copy', 'changed (UTC)', 'reason'],
          rows,
        ),
      );
      if (shown.next !== null) say('… and more: raise --limit or narrow the filter.');
    });
  });
}
