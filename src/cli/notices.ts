/** `notices …`: what upgrades left for a person to do, and saying that it is done. */
import pc from 'picocolors';
import { finishNotice, listNotices } from '../operations/notices.ts';
import { answer, localActor, say } from './output.ts';
import { type GlobalOptions, withInstallation } from './with-installation.ts';

export async function list(options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const notices = await listNotices(parts, localActor());
    answer(options.json, notices, (shown) => {
      if (shown.length === 0) return say('Nothing is left to do after an upgrade.');
      for (const { id, message, action } of shown) {
        say(`${pc.yellow('to do')} ${message}${action === '' ? '' : ` ${action}`}`);
        say(pc.dim(`      notices done ${id}`));
      }
    });
  });
}

export async function done(id: string, options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const finished = await finishNotice(parts, localActor(), { noticeId: id });
    answer(options.json, finished, (shown) => say(`Done: ${shown.message}`));
  });
}
