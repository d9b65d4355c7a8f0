/** Each button's verb is in the OpenAPI document and on the command line, and the other way round. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { expect, test } from 'vitest';
import { VERBS, type VerbSpec } from '../src/api/contract-verbs.ts';
import { createFakeParts } from '../src/api/fake/parts.ts';
import { createApiServer } from '../src/api/server.ts';
import { createProgram } from '../src/cli/program.ts';

const WEB = fileURLToPath(new URL('../web/src', import.meta.url));
const verbs = Object.entries(VERBS) as [string, VerbSpec][];

/** For the machine itself, where no dashboard runs yet or none is asked. */
const ONLY_ON_THE_MACHINE = ['start', 'demo', 'simulate', 'keys', 'prove', 'restored'];
/** A person's own session, and the stream of changes: nothing that a command would do. */
const ONLY_IN_A_BROWSER = ['showSetup', 'showSession', 'signIn', 'signOut', 'watchLive'];

/** The list of replays tells the same. */
const NOT_ON_A_PAGE = ['showReplay'];

/** "users add" and so on, those without sub-commands. */
function commandsOf(command: CommandUnknownOpts, path: string[] = []): Map<string, CommandUnknownOpts> {
  if (command.commands.length === 0) return new Map([[path.join(' '), command]]);
  return new Map(command.commands.flatMap((sub) => [...commandsOf(sub, [...path, sub.name()])]));
}

function webText(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
}

test('every verb of the table is in the OpenAPI document under its address, and nothing else is', async () => {
  const app = await createApiServer(createFakeParts({ openApiDocs: true }));
  const document = (await app.inject({ url: '/api/v1/openapi.json' })).json() as {
    paths: Record<string, Record<string, { operationId?: string; summary?: string }>>;
  };
  await app.close();
  const told = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, { operationId, summary }]) => `${operationId}: ${method.toUpperCase()} ${path} ${summary}`,
    ),
  );
  const known = verbs.map(
    ([name, { method, path, summary }]) => `${name}: ${method} /api/v1${path} ${summary}`,
  );
  expect(told.toSorted()).toEqual(known.toSorted());
});

test('every verb has its command with --json; every command but those of the machine has its verb', () => {
  const commands = commandsOf(createProgram());
  const named = verbs.flatMap(([, { command }]) => (command === null ? [] : [command]));
  for (const name of named) {
    const flags = commands.get(name)?.options.map(({ long }) => long);
    expect({ name, json: flags?.includes('--json') }).toEqual({ name, json: true });
  }
  const others = [...commands.keys()].filter((name) => !named.includes(name));
  expect(others.toSorted()).toEqual(ONLY_ON_THE_MACHINE.toSorted());
  const without = verbs.filter(([, { command }]) => command === null).map(([name]) => name);
  expect(without.toSorted()).toEqual(ONLY_IN_A_BROWSER.toSorted());
});

test('the dashboard asks by verbs only, and each that it knows has its place on a page', () => {
  const text = webText(WEB);
  const asked = [...text.matchAll(/(?:call<[^(]*>\(|addressOf\()\s*'(\w+)'/g)].map(([, name]) => name ?? '');
  const notAsked = verbs.map(([name]) => name).filter((name) => !asked.includes(name));
  expect(notAsked).toEqual(NOT_ON_A_PAGE);
  expect(asked.filter((name) => !(name in VERBS))).toEqual([]);
  expect(text.match(/\bfetch\(/g), 'one place that asks').toHaveLength(1);
  const api = readFileSync(join(WEB, 'api.ts'), 'utf8');
  const table = api.slice(api.indexOf('export const api'));
  const offered = [...table.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name ?? '');
  expect(offered.length).toBeGreaterThan(30);
  const pages = text.replace(api, '');
  expect(offered.filter((name) => !new RegExp(`\\bapi\\.${name}\\b`).test(pages))).toEqual([]);
});
