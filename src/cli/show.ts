/** `show`: a record's timeline, in order. */
import pc from 'picocolors';
import { findRecordId, showWholeRecord } from '../operations/show-record.ts';
import { answer, localActor, say, stateText } from './output.ts';
import { chainText } from './verify-audit.ts';
import { type GlobalOptions, withInstallation } from './with-installation.ts';

export async function show(
  record: string,
  options: GlobalOptions & { full?: boolean | undefined },
): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const recordId = await findRecordId(parts, record);
    const detail = await showWholeRecord(parts, localActor(), recordId);
    answer(options.json, detail, (shown) => {
      const { record: r, timeline, chain } = shown;
      say(
        `${pc.bold(`${r.kind} ${r.label || r.sourceId}`)}  ${stateText(r.state)}  ${r.amount === null ? '' : `${r.amount} ${r.currency ?? ''}`}`,
      );
      say(
        pc.dim(
          `id ${r.id}, source id ${r.sourceId}${r.counterpartNumber === null ? '' : `, copied as ${r.counterpartNumber}`}`,
        ),
      );
      if (r.readBackAt !== null)
        say(
          pc.dim(
            `the copy as last read back at ${r.readBackAt.replace('T', ' ').slice(0, 19)} UTC, not compared since`,
          ),
        );
      if (r.reason) {
        say(pc.yellow(r.reason.message));
        for (const figure of r.reason.figures ?? [])
          say(`  ${figure.name}: source ${figure.source}, destination ${figure.destination}`);
        for (const problem of r.reason.problems ?? [])
          say(`  ${problem.field} = ${JSON.stringify(problem.value)}: ${problem.rule}`);
        if (r.reason.wayOut !== undefined) say(`${pc.yellow('→')} ${r.reason.wayOut}`);
        for (const { choice, argument, label, explains } of r.reason.choices ?? []) {
          const words = [
            'resolve',
            choice,
            /^[\w.-]+$/.test(r.label) ? r.label : r.id,
            ...(argument === undefined ? [] : ['--argument', argument]),
          ];
          say(`  ${pc.cyan(words.join(' '))}   ${label}. ${explains}`);
        }
      }
      say('');
      for (const entry of timeline) {
        say(
          `${pc.dim(entry.at.replace('T', ' '))}  ${pc.cyan(entry.entry.padEnd(14))} ${entry.summary}${entry.actor === 'system' ? '' : pc.dim(`  by ${entry.actor}`)}`,
        );
        if (options.full === true) say(pc.dim(JSON.stringify(entry.data, null, 2).replaceAll(/^/gm, '    ')));
      }
      say('');
      say(chainText(chain));
    });
    if (!detail.chainIntact) process.exitCode = 1;
  });
}
