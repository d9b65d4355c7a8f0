/** `npm run check:signatures`: were the installed packages signed by the registry? Says so where nobody can tell. */
import { spawnSync } from 'node:child_process';

/** The registry, or the service that publishes its keys, cannot be reached from here. */
const UNREACHABLE = /ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ECONNRESET|E40[0-9]|E5\d\d|does not provide/;
const LONGEST_MS = 120_000;

const patience = ['--fetch-retries=0', '--fetch-timeout=15000', '--loglevel=error'];
const asked = spawnSync('npm', ['audit', 'signatures', ...patience], {
  encoding: 'utf8',
  timeout: LONGEST_MS,
});
const told = `${asked.stdout}${asked.stderr}`.trim();
if (asked.status === 0) {
  console.log(told);
} else if (asked.error !== undefined || UNREACHABLE.test(told)) {
  const why = UNREACHABLE.exec(told)?.[0] ?? asked.error?.message ?? 'no answer';
  console.log(`signatures not checked: the registry's keys cannot be had from here (${why})`);
} else {
  console.error(told);
  process.exitCode = 1;
}
