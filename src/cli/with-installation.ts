/** Runs a command against the installation: beside a running service, or alone while it is stopped. */
import { type Installation, openInstallation } from '../app.ts';
import { type Config, loadConfig } from '../config.ts';
import { withPatience } from '../platform/database-client.ts';
import { redactOutput } from './output.ts';

const COMMAND_MS = 600_000;

export type GlobalOptions = {
  dataDir?: string | undefined;
  databaseUrl?: string | undefined;
  json?: boolean | undefined;
};

export async function withInstallation<T>(
  options: GlobalOptions & { publicUrl?: string | undefined },
  run: (installation: Installation, config: Config) => Promise<T>,
): Promise<T> {
  const config = await loadConfig({
    dataDir: options.dataDir,
    databaseUrl: options.databaseUrl,
    publicUrl: options.publicUrl,
    logLevel: 'warn',
  });
  const installation = await openInstallation(config, { working: false, attach: true });
  redactOutput(installation.parts.vault.known.redact);
  try {
    // Nobody's lane waits for a command.
    return await withPatience(COMMAND_MS, () => run(installation, config));
  } finally {
    await installation.close();
  }
}
