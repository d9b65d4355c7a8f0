/** Runs a command against the installation: beside a running service, or alone while it is stopped. */
import { type Installation, openInstallation } from '../app.ts';
import { type Config, loadConfig } from '../config.ts';
import { redactOutput } from './output.ts';

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
    return await run(installation, config);
  } finally {
    await installation.close();
  }
}
