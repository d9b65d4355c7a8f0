/** `replay`: one record, several, or all that fit a filter. */
import { SingleBar } from 'cli-progress';
import { UsageError } from '../core/errors.ts';
import type { OperationParts } from '../operations/parts.ts';
import { replay as replayOperation } from '../operations/replay.ts';
import { findRecordId, showRecord } from '../operations/show-record.ts';
import { loadConnection } from '../store/connections.ts';
import { answer, localActor, say, stateText, table } from './output.ts';
import type { FilterOptions } from './records.ts';
import { type GlobalOptions, withInstallation } from './with-installation.ts';

const LONGEST_WAIT_MS = 10 * 60_000;

type ReplayOptions = GlobalOptions &
  FilterOptions & { dryRun?: boolean | undefined; wait?: boolean | undefined };

export async function replay(records: readonly string[], options: ReplayOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const { connection, state, kind, reason } = options;
    const hasFilter = [connection, state, kind, reason].some((value) => value !== undefined);
    if (records.length === 0 && !hasFilter) {
      throw new UsageError('Say which records: ids or numbers, or a filter such as --state parked.');
    }
    const recordIds =
      records.length === 0 ? undefined : await Promise.all(records.map((text) => findRecordId(parts, text)));
    const connectionId =
      connection === undefined ? undefined : (await loadConnection(parts.db, connection)).id;
    const result = await replayOperation(parts, localActor(), {
      recordIds,
      filter: { connectionId, state, kind, reason },
      dryRun: options.dryRun,
    });
    const ends =
      options.wait === true && options.dryRun !== true
        ? await awaitEnds(parts, result.recordIds, options.json === true)
        : undefined;
    answer(options.json, { ...result, dryRun: options.dryRun === true, records: ends }, (shown) => {
      say(
        options.dryRun === true
          ? `Would look at ${result.recordIds.length} record(s) again.`
          : `${result.replayed} record(s) are looked at again.`,
      );
      if (shown.records)
        say(
          table(
            ['state', 'record', 'reason'],
            shown.records.map((end) => [stateText(end.state), end.label, end.reason ?? '']),
          ),
        );
    });
  });
}

async function awaitEnds(parts: OperationParts, recordIds: readonly string[], quiet: boolean) {
  const bar = new SingleBar({
    format: '{bar} {value}/{total} records  {eta_formatted} left',
    noTTYOutput: false,
  });
  if (!quiet) bar.start(recordIds.length, 0);
  const deadline = parts.clock.now() + LONGEST_WAIT_MS;
  for (;;) {
    const { rows } = await parts.db.executeQuery<{ pending: bigint }>(pendingQuery(parts, recordIds));
    const pending = Number(rows[0]?.pending ?? 0n);
    bar.update(recordIds.length - pending);
    if (pending === 0 || parts.clock.now() > deadline) break;
    await parts.clock.sleep(300);
  }
  bar.stop();
  const details = await Promise.all(
    recordIds.map((recordId) => showRecord(parts, localActor(), { recordId })),
  );
  return details.map(({ record }) => ({
    id: record.id,
    label: `${record.kind} ${record.label}`,
    state: record.state,
    reason: record.reason?.message ?? null,
  }));
}

function pendingQuery({ db }: OperationParts, recordIds: readonly string[]) {
  return db
    .selectFrom('events')
    .select(({ fn }) => fn.count<bigint>('document_id').distinct().as('pending'))
    .where(
      'document_id',
      'in',
      recordIds.length === 0 ? ['00000000-0000-0000-0000-000000000000'] : [...recordIds],
    )
    .where('settled_at', 'is', null)
    .compile();
}
