/**
 * Every request that any test sends to Zuora, and every answer, against our own document and the official one where it
 * is at hand; judged when all is over. CONTRACT_FIGURES names a file that the figures are written to.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOfficial, NO_OFFICIAL_ONE, OURS } from '../contract/documents.ts';
import { judgeFolder } from '../contract/judge-folder.ts';

const RECORDER = new URL('record-exchanges.ts', import.meta.url).href;
/** Vitest loads this file once per project; the folder is shared through the process. */
const SHARED = Symbol.for('ml-connector.exchanges');
type Shared = { users: number; folder: Promise<string> };

export async function setup(): Promise<() => Promise<void>> {
  const shared = (Reflect.get(globalThis, SHARED) as Shared | undefined) ?? { users: 0, folder: record() };
  Reflect.set(globalThis, SHARED, shared);
  shared.users += 1;
  const folder = await shared.folder;
  return async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    await judge(folder);
    await rm(folder, { recursive: true, force: true });
  };
}

async function record(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ml-connector-exchanges-'));
  process.env['ZUORA_EXCHANGES'] = folder;
  process.env['NODE_OPTIONS'] = [process.env['NODE_OPTIONS'], `--import=${RECORDER}`]
    .filter(Boolean)
    .join(' ');
  return folder;
}

async function judge(folder: string): Promise<void> {
  const official = findOfficial();
  const judged = await judgeFolder(official === undefined ? [OURS] : [OURS, official], folder);
  const file = process.env['CONTRACT_FIGURES'];
  if (file !== undefined) await writeFile(file, JSON.stringify(judged));
  if (judged.every(({ requestsChecked }) => requestsChecked === 0)) return;
  for (const { document, requestsChecked, answersChecked, violations, violationsFound } of judged) {
    const checked = `${requestsChecked} shapes of requests and ${answersChecked} of answers`;
    console.log(`\ncontract, ${document} document: ${checked} in all tests, ${violations} violations`);
    for (const one of violationsFound) console.error(JSON.stringify(one));
    if (violations > 0) process.exitCode = 1;
  }
  if (official === undefined) console.log(`contract: ${NO_OFFICIAL_ONE}`);
}
