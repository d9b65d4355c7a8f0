/** Builds the dashboard where it is missing or older than its source; done in no time otherwise. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const built = join(root, 'dist', 'index.html');

/** @param {string} path @returns {number} newest change below it, epoch milliseconds */
function newestUnder(path) {
  const info = statSync(path);
  if (!info.isDirectory()) return info.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newestUnder(join(path, name))));
}

const sources = ['src', 'public', 'index.html', 'vite.config.ts']
  .map((name) => join(root, name))
  .filter((path) => existsSync(path));
const newest = Math.max(...sources.map(newestUnder));
if (!existsSync(built) || statSync(built).mtimeMs < newest) {
  process.stderr.write('Building the dashboard …\n');
  const { build } = await import('vite');
  await build({ root, configFile: join(root, 'vite.config.ts'), logLevel: 'warn' });
}
