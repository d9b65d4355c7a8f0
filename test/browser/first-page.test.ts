/** The dashboard in a real browser over the real service: sign in, see records arrive, read a timeline, replay. */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from '@playwright/test';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { World } from '../../src/demo/world.ts';
import { count, expectEqual, startTestWorld, work, worked } from '../e2e/kit.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
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
const SEED = 91;
const SIZE = { invoices: 8, payments: 5 };

let world: World | undefined;
let browser: Browser | undefined;
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

beforeAll(async () => {
  if (CHROMIUM === undefined) return;
  [world, browser] = await Promise.all([
    startTestWorld({ seed: SEED }),
    chromium.launch({ executablePath: CHROMIUM, args: FLAGS }),
  ]);
});

/** What the page said that it should not have: errors, refused content, failed requests. */
function listenForFaults(page: Page): string[] {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('401')) faults.push(message.text());
  });
  return faults;
}

test('a person signs in, sees records arrive by themselves, reads a timeline and replays it', async (context) => {
  if (CHROMIUM === undefined) {
    if (process.env['CI']) throw new Error('There is no Chromium: apt-get install chromium');
    return context.skip('there is no Chromium on this machine');
  }
  if (!world || !browser) throw new Error('no world');
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const faults = listenForFaults(page);
  await page.goto(world.url);

  await page.getByLabel('E-mail').fill(world.owner.email);
  await page.getByLabel('Password', { exact: true }).fill('not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Password', { exact: true }).fill(world.owner.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('No records yet.').waitFor();

  await work(world, { seed: SEED, ...SIZE, ratePerSecond: 20 });
  const synced = page.locator('.record-row', { hasText: /synced/i });
  // Without a reload: the page hears of every change.
  await synced.first().waitFor({ timeout: 30_000 });
  await worked(world);
  await expectEqual(world, { seed: SEED, ...SIZE });

  const invoice = page.locator('.record-row', { hasText: 'Invoice' }).filter({ hasText: /synced/i });
  await invoice.first().locator('.record-link').click();
  const drawer = page.getByRole('dialog');
  await drawer.getByText('What happened').waitFor();
  await drawer.getByText('read back: equal').first().waitFor();

  const events = await count(world, 'events');
  await drawer.getByRole('button', { name: 'Replay' }).click();
  await page.getByRole('dialog', { name: 'Replay?' }).getByRole('button', { name: 'Replay' }).click();
  await page.getByText('Replay started').waitFor();
  await expect.poll(() => count(world as World, 'events')).toBe(events + 1);
  await drawer.getByText('replay asked for').first().waitFor({ timeout: 15_000 });
  await expectEqual(world, { seed: SEED, ...SIZE });
  expect(faults).toEqual([]);
});
