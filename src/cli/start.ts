/** `start`: runs the service until it is asked to stop. */
import closeWithGrace from 'close-with-grace';
import pc from 'picocolors';
import { registry, startService } from '../app.ts';
import { type Config, loadConfig } from '../config.ts';
import { versionText } from '../platform/postgres/known-version.ts';
import { type Child, startSimulator } from './children.ts';
import { say } from './output.ts';
import type { GlobalOptions } from './with-installation.ts';

type StartOptions = GlobalOptions & {
  role?: 'all' | 'web' | 'worker' | undefined;
  port?: string | undefined;
  host?: string | undefined;
  publicUrl?: string | undefined;
  lanes?: string | undefined;
  sandbox?: boolean | undefined;
  exitWithParent?: boolean | undefined;
};

const STOP_MS = 60_000;

export async function start({ sandbox, json, exitWithParent, ...flags }: StartOptions): Promise<void> {
  const config = await loadConfig(flags);
  const simulators: Child[] = [];
  if (sandbox === true) {
    for (const { simulator } of [...registry.sources, ...registry.destinations]) {
      if (simulator)
        simulators.push(await startSimulator(simulator, { port: simulator.defaultPort, seed: 1 }));
    }
  }
  const stopSimulators = () => Promise.all(simulators.map((child) => child.stop()));
  const service = await startService(config).catch(async (error: unknown) => {
    await stopSimulators();
    throw error;
  });
  // Keeps `process.exit` away until everything is closed; a second signal ends at once.
  closeWithGrace({ delay: STOP_MS, logger: false }, async ({ err }) => {
    if (err) service.parts.log.fatal({ err }, 'stopped by a fault');
    await service.stop();
    await stopSimulators();
  });
  // However the parent ends, the pipe from it closes.
  if (exitWithParent === true) process.stdin.resume().once('close', () => process.kill(process.pid));
  if (json === true) {
    say(
      JSON.stringify({
        ready: true,
        url: service.url ?? null,
        role: config.role,
        owner: service.owner ?? null,
        setupUrl: service.setupUrl ?? null,
        keyFile: service.newKeyFile ?? null,
        database: service.database,
        pooling: service.pooling ?? null,
        pid: process.pid,
      }),
    );
  } else {
    introduce(config, service, sandbox === true);
  }
}

function introduce(
  config: Config,
  service: Awaited<ReturnType<typeof startService>>,
  sandbox: boolean,
): void {
  say('');
  say(
    service.url
      ? `${pc.bold('ml-connector')} is running at ${pc.cyan(service.url)}`
      : `${pc.bold('ml-connector')} worker is running`,
  );
  say(pc.dim(versionText(service.database)));
  if (service.pooling !== undefined) say(service.pooling);
  if (service.newKeyFile !== undefined) {
    say(
      `A new encryption key was made: ${service.newKeyFile}. Back it up; without it the stored credentials are lost.`,
    );
  }
  if (service.owner) say(`Sign in as ${pc.bold(service.owner.email)} with the password you have set.`);
  if (service.setupUrl !== undefined) {
    say('');
    say(`Nobody has an account yet. Make yours here:\n\n  ${pc.bold(service.setupUrl)}`);
  }
  if (service.url && config.metricsToken === undefined && config.metricsPort === undefined)
    say(pc.dim('Metrics are off: ML_METRICS_TOKEN or ML_METRICS_PORT switches them on.'));
  for (const { message, action } of service.notices)
    say(`${pc.yellow('to do')} ${message} ${action}`.trimEnd());
  say('');
  say(
    `Next: ${pc.cyan(`npm run -s cli -- connection add${sandbox ? ' --sandbox --name sandbox' : ''}`)} in another terminal${config.dataDir.endsWith('.data') ? '' : ` (with --data-dir ${config.dataDir})`}. Stop with Ctrl-C.`,
  );
  say('');
}
