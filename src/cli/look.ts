/** `overview`, `parked`, `replays`, `connection show`, `systems` and `preview`: looking without changing. */
import pc from 'picocolors';
import { scheduleText } from '../operations/connection-changes.ts';
import { listConnectors } from '../operations/list-connectors.ts';
import { listParked } from '../operations/list-parked.ts';
import { overview as overviewOperation } from '../operations/overview.ts';
import { previewConnection } from '../operations/preview-connection.ts';
import { listReplays, showReplay } from '../operations/replay-runs.ts';
import { showConnection as showOperation } from '../operations/show-connection.ts';
import { loadConnection } from '../store/connections.ts';
import { answer, localActor, say, stateText, table } from './output.ts';
import { sayBlocks } from './say-blocks.ts';
import { type GlobalOptions, withInstallation } from './with-installation.ts';

export async function overview(
  options: GlobalOptions & { window?: 'day' | 'month' | undefined },
): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const view = await overviewOperation(parts, localActor(), { window: options.window ?? 'day' });
    answer(options.json, view, (shown) => {
      for (const one of shown.connections) {
        const agreed = one.inStep ? pc.green('in step') : pc.yellow('not in step');
        const follow = one.following > 0 ? ` and ${one.following} that follow` : '';
        say(
          `${pc.bold(one.name)}  ${stateText(one.state)}  ${agreed}  lag ${one.lagSeconds} s, ${one.parked} parked${follow}`,
        );
        if (one.readBack) say(pc.dim(readBackText(one.readBack)));
        sayBlocks(one.blocks);
        const rows = one.balances.map((b) => [
          b.kind,
          b.currency,
          String(b.sourceCount),
          b.sourceAmount,
          String(b.copyCount),
          b.copyAmount,
          b.equal ? 'equal' : pc.yellow('differs'),
        ]);
        if (rows.length > 0)
          say(table(['kind', 'currency', 'source', 'amount', 'copies', 'amount', ''], rows));
      }
      if (shown.connections.length === 0) say('No connection yet. Add one: connection add');
    });
  });
}

/** Equal then: whether anybody changed a copy since, nobody has looked. */
function readBackText({ from, to }: { from: string; to: string }): string {
  const [first, last] = [from, to].map((at) => at.replace('T', ' ').slice(0, 19));
  return `copies as last read back ${first === last ? `at ${last}` : `between ${first} and ${last}`} UTC, not compared since`;
}

export async function parked(options: GlobalOptions & { connection?: string | undefined }): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const connectionId =
      options.connection === undefined ? undefined : (await loadConnection(parts.db, options.connection)).id;
    const groups = await listParked(parts, localActor(), { connectionId });
    answer(options.json, groups, (shown) => {
      if (shown.length === 0) return say('Nothing is parked.');
      const rows = shown.map((group) => [
        String(group.count),
        group.following.count === 0 ? '' : String(group.following.count),
        group.code,
        group.sums.map(({ amount, currency }) => `${amount} ${currency}`).join(', '),
        group.message.slice(0, 80),
      ]);
      say(table(['records', 'following', 'reason', 'amounts', 'for example'], rows));
    });
  });
}

export async function replays(id: string | undefined, options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const runs =
      id === undefined
        ? await listReplays(parts, localActor())
        : [await showReplay(parts, localActor(), { replayId: id })];
    const [only] = runs;
    answer(options.json, id === undefined || !only ? runs : only, (shown) => {
      if (runs.length === 0) return say('No replay yet.');
      const rows = [shown]
        .flat()
        .map((run) => [
          run.createdAt.replace('T', ' ').slice(0, 19),
          run.actor,
          `${run.settled} of ${run.total}`,
          `${run.outcomes.synced} synced, ${run.outcomes.parked} parked, ${run.outcomes.ignored} ignored`,
          run.id,
        ]);
      say(table(['when (UTC)', 'who', 'looked at', 'now', 'id'], rows));
    });
  });
}

export async function systems(options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const known = await listConnectors(parts, localActor());
    answer(options.json, known, (shown) => {
      for (const { side, label, id, fields } of shown.systems) {
        say(`${pc.bold(label)} (${side}: ${id})`);
        say(
          table(
            ['field', 'needed', 'what', 'form'],
            fields.map((f) => [f.name, f.required ? 'yes' : '', f.help, formOf(f)]),
          ),
        );
      }
    });
  });
}

type Field = Awaited<ReturnType<typeof listConnectors>>['systems'][number]['fields'][number];

function formOf({ choices, table: pairs }: Field): string {
  if (!pairs) return choices?.join(', ') ?? '';
  const sides = [
    pairs.fromChoices ? `from: ${pairs.fromChoices.join(', ')}` : '',
    pairs.toChoices ? `to: ${pairs.toChoices.join(', ')}` : '',
  ];
  return ['from=to, from=to', ...sides.filter((side) => side !== '')].join('; ');
}

export async function showConnection(name: string, options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const view = await showOperation(parts, localActor(), { connection: name });
    answer(options.json, view, (shown) => {
      say(`${pc.bold(shown.name)}  ${stateText(shown.state)}  ${shown.pauseReason ?? ''}`);
      sayBlocks(shown.blocks);
      const rows = (['source', 'destination'] as const).flatMap((side) =>
        shown.fields[side].map((f) => [
          `${side}.${f.name}`,
          f.secret ? (f.isSet ? '(set)' : '(not set)') : (f.value ?? ''),
        ]),
      );
      say(table(['field', 'value'], rows));
      say(`webhooks ${shown.webhooksEnabled ? 'on' : 'off'}, polling ${scheduleText(shown)}`);
      say(shown.alerts.url === '' ? 'alerts go nowhere' : `alerts go to ${shown.alerts.url}`);
      if (shown.alerts.failure !== null) say(pc.yellow(`last alert failed: ${shown.alerts.failure}`));
      const policies = shown.policies.map((policy) => [
        policy.name,
        policy.value,
        policy.choices.map(({ value }) => value).join(', '),
      ]);
      say(table(['policy', 'choice', 'of'], policies));
    });
  });
}

export async function preview(name: string, options: GlobalOptions & { limit: number }): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const view = await previewConnection(parts, localActor(), { connection: name, limit: options.limit });
    answer(options.json, view, (shown) => {
      for (const one of shown.invoices) {
        say(`${pc.bold(one.label)}  ${one.amount ?? ''} ${one.currency ?? ''}  ${one.account ?? ''}`);
        for (const { field, value, rule } of one.problems)
          say(pc.yellow(`  ${field} = ${JSON.stringify(value)}: ${rule}`));
        for (const { method, path } of one.requests) say(`  ${method} ${path}`);
      }
      say(`${shown.invoices.length} of about ${shown.estimatedTotal} invoices; nothing was written.`);
    });
  });
}
