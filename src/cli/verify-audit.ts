/** `audit verify`: whether every chain, end and signature of the audit is as it was written; and how commands say so. */
import pc from 'picocolors';
import type { ChainView } from '../operations/chain-view.ts';
import { verifyAudit } from '../operations/verify-audit.ts';
import { answer, localActor, say, table } from './output.ts';
import { type GlobalOptions, withInstallation } from './with-installation.ts';

export async function verify(options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const isShown = options.json !== true && process.stderr.isTTY;
    const check = await verifyAudit(parts, localActor(), ({ chains, entries, faults }) => {
      if (isShown) process.stderr.write(`\r${chains} chains, ${entries} entries, ${faults.length} faults`);
    });
    if (isShown) process.stderr.write('\n');
    answer(options.json, check, (shown) => {
      say(`${shown.chains} chains with ${shown.entries} entries; ${shown.batches} signed batches of ends.`);
      if (shown.faults.length === 0) return say(pc.green('All of it is as it was written.'));
      const rows = shown.faults.map(({ subject, position, why }) => [subject, String(position ?? ''), why]);
      say(table(['BROKEN', 'first at', 'what'], rows));
      say(pc.red('Do not rely on these; compare them with a backup.'));
    });
    if (check.faults.length > 0) process.exitCode = 1;
  });
}

export function chainText({ state, entries, sealed, why }: ChainView): string {
  if (state === 'broken') return pc.red(`The hash chain of this timeline is BROKEN: ${why}.`);
  const seal =
    state === 'intact' ? 'It is sealed.' : `Its newest ${entries - sealed} entries are not sealed yet.`;
  return pc.green(`The hash chain of this timeline is unbroken. ${seal}`);
}

export function auditText(audit: {
  sealedAt: string | null;
  unsealedChains: number;
  brokenChains: number;
  checkedAt: string | null;
  faults: number;
}): string {
  const { sealedAt, unsealedChains, brokenChains, checkedAt, faults } = audit;
  const sealed =
    sealedAt === null ? 'not sealed yet' : `sealed at ${sealedAt}, ${unsealedChains} chains grown since`;
  const broken = brokenChains === 0 ? '' : `; ${pc.red(`${brokenChains} chains BROKEN`)}`;
  const checked =
    checkedAt === null
      ? '; never verified as a whole (audit verify)'
      : `; verified at ${checkedAt}: ${faults === 0 ? 'whole' : pc.red(`${faults} faults`)}`;
  return `audit: ${sealed}${broken}${checked}`;
}
