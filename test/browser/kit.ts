/** What the browser tests share: Chromium, a service as a person starts it, and what a page must not say. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, chromium, type Page } from '@playwright/test';
import { startChild } from '../../src/cli/children.ts';
import { freePort } from '../../src/demo/world.ts';
import { CHROMIUM } from '../kit/machine.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Nothing but this machine is reachable for it. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost',
];

/** Undefined where there is none to be had; on a build server that is a fault. */
export async function openBrowser(): Promise<Browser | undefined> {
  if (CHROMIUM !== undefined) return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  if (process.env['CI']) throw new Error('There is no Chromium: apt-get install chromium');
  return undefined;
}

export type Service = {
  url: string;
  setupUrl: string;
  /** For commands beside it. */
  environment: Record<string, string>;
  dataDir: string;
  close(): Promise<void>;
};

/** In a folder of its own, without any account yet. */
export async function startFreshService(more: Record<string, string> = {}): Promise<Service> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ml-connector-browser-'));
  const port = await freePort();
  const environment = { ML_DATA_DIR: dataDir, ML_PORT: String(port), ML_LOG_LEVEL: 'error', ...more };
  const child = await startChild([MAIN, 'start', '--json', '--exit-with-parent'], environment);
  return {
    url: String(child.ready['url']),
    setupUrl: String(child.ready['setupUrl']),
    environment,
    dataDir,
    async close() {
      await child.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** What the page said that it should not have: errors, refused content, failed requests. */
export function listenForFaults(page: Page): string[] {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('401')) faults.push(message.text());
  });
  return faults;
}

/** What hinders people, as far as a program can tell. */
export async function findings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}

export async function signIn(
  page: Page,
  url: string,
  { email, password }: { email: string; password: string },
): Promise<void> {
  await page.goto(url);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
}

export async function ask(
  method: string,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<unknown> {
  const json = { 'content-type': 'application/json' };
  const init =
    body === undefined
      ? { method, headers }
      : { method, headers: { ...headers, ...json }, body: JSON.stringify(body) };
  const answer = await fetch(url, init);
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? undefined : answer.json();
}
