/** Runs the Zuora simulator from the command line and says on stdout where it listens. */
import { parseArgs } from 'node:util';
import { systemClock } from '../../../platform/clock.ts';
import { recordTo } from './exchange.ts';
import { manualClock } from './manual-clock.ts';
import { isRegion, REGIONS, TENANT_TYPES } from './regions.ts';
import { startZuoraSimulator, type ZuoraSimulatorOptions } from './server.ts';

const HELP = `Zuora simulator

  --port <n>              port to listen on, 0 picks a free one (4020)
  --host <address>        (127.0.0.1)
  --seed <n>              makes ids and credentials repeat (1)
  --region <name>         where the tenant lives (us-central-sandbox); one of
                          ${REGIONS.join(', ')}
  --tenant-type <type>    ${TENANT_TYPES.join(' | ')} (production)
  --time-zone <name>      of the tenant (America/Los_Angeles)
  --replay-style <style>  stored | 409-with-result (stored)
  --record <file>         appends every exchange as a JSON line, without secrets
  --manual-clock          time stands still until POST /_control/clock
  --exit-with-parent      end when stdin closes
  --help
`;

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '4020' },
      host: { type: 'string', default: '127.0.0.1' },
      seed: { type: 'string', default: '1' },
      region: { type: 'string', default: 'us-central-sandbox' },
      'tenant-type': { type: 'string', default: 'production' },
      'time-zone': { type: 'string', default: 'America/Los_Angeles' },
      'replay-style': { type: 'string', default: 'stored' },
      record: { type: 'string' },
      'manual-clock': { type: 'boolean', default: false },
      'exit-with-parent': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const { region } = values;
  const tenantType = TENANT_TYPES.find((type) => type === values['tenant-type']);
  const replayStyle = values['replay-style'];
  if (!isRegion(region)) throw new Error(`Unknown region ${region}; --help lists them.`);
  if (tenantType === undefined)
    throw new Error(`Unknown tenant type ${values['tenant-type']}; --help lists them.`);
  if (replayStyle !== 'stored' && replayStyle !== '409-with-result')
    throw new Error(`Unknown replay style ${replayStyle}.`);
  const options: ZuoraSimulatorOptions = {
    port: wholeNumber('port', values.port),
    host: values.host,
    seed: wholeNumber('seed', values.seed),
    region,
    tenantType,
    timeZone: values['time-zone'],
    replayStyle,
    onExchange: values.record === undefined ? undefined : recordTo(values.record),
  };
  if (values['manual-clock']) options.manualClock = manualClock(systemClock.now());
  const simulator = await startZuoraSimulator(options);
  process.stdout.write(`${JSON.stringify({ url: simulator.url })}\n`);
  const stop = () => {
    void simulator.close().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  if (values['exit-with-parent']) process.stdin.resume().once('end', stop).once('close', stop);
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} must be a whole number, not ${text}.`);
  return parseInt(text, 10);
}

run().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
