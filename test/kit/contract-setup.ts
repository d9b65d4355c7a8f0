/** Every request that any test sends to Zuora, and every answer, against the official document; judged when all is over. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOpenApi } from '../contract/find-document.ts';
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
    const openApi = findOpenApi();
    if (openApi === undefined)
      console.warn('\ncontract: not checked, no OpenAPI core at hand (ZUORA_OPENAPI)');
    else await judge(openApi, folder);
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

async function judge(openApi: string, folder: string): Promise<void> {
  const { requestsChecked, answersChecked, violations, violationsFound } = await judgeFolder(openApi, folder);
  const checked = `${requestsChecked} shapes of requests and ${answersChecked} of answers`;
  if (requestsChecked > 0) console.log(`\ncontract: ${checked} in all tests, ${violations} violations`);
  if (violations === 0) return;
  for (const one of violationsFound) console.error(JSON.stringify(one));
  process.exitCode = 1;
}
