/** Where this package lies on disk: its migrations, the built dashboard and package.json, from the sources as from a build. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../core/errors.ts';

/** The nearest folder above this file that has both package.json and the migrations. */
export function findPackageRoot(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'migrations'))) return folder;
  }
  throw new UsageError('The migrations folder of ml-connector is missing.', 'Install ml-connector again.');
}
