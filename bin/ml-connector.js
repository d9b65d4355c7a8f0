#!/usr/bin/env node
// Starts the program with the Node that ships in node_modules, or with this one where it is new enough.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const OLDEST = 24;
const root = new URL('..', import.meta.url);
// A clone runs its source, never a stale build of it; a release has no source.
const source = new URL('src/main.ts', root);
const main = fileURLToPath(existsSync(source) ? source : new URL('dist/src/main.js', root));

if (Number.parseInt(process.versions.node, 10) >= OLDEST) {
  await import(main);
} else {
  const shipped = fileURLToPath(new URL('node_modules/.bin/node', root));
  if (!existsSync(shipped)) {
    console.error(
      `ml-connector needs Node ${OLDEST} or newer; this is ${process.version}.\n` +
        'Run "npm ci" here first (it brings a fitting Node along on Linux), or install Node 24 from nodejs.org.',
    );
    process.exit(1);
  }
  const child = spawn(shipped, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}
