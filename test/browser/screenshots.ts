/** `npm run -s screenshots`: a picture of each page with something on it, into docs/screenshots, for people to look at. */
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { openBrowser, signIn } from './kit.ts';
import { OWNER, type Showcase, startShowcase } from './showcase.ts';

const FOLDER = fileURLToPath(new URL('../../docs/screenshots', import.meta.url));

const PAGES: Record<string, (shown: Showcase) => string> = {
  overview: () => '/',
  records: () => '/records',
  record: ({ syncedId }) => `/records/${syncedId}`,
  parked: () => '/parked',
  replays: () => '/replays',
  connections: () => '/connections',
  connection: ({ connectionId }) => `/connections/${connectionId}`,
  connect: () => '/connect',
  checks: ({ connectionId }) => `/connect?connection=${connectionId}`,
  people: () => '/people',
  history: () => '/history',
};
const DARK = new Set(['record']);
const ON_A_PHONE = ['overview', 'parked'];

const browser = await openBrowser();
if (!browser) throw new Error('There is no Chromium: apt-get install chromium');
const showcase = await startShowcase();
try {
  await mkdir(FOLDER, { recursive: true });
  const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
  await signIn(page, showcase.url, OWNER);
  const take = async (name: string, file: string) => {
    await page.emulateMedia({ colorScheme: DARK.has(name) ? 'dark' : 'light', reducedMotion: 'reduce' });
    await page.goto(showcase.url + (PAGES[name]?.(showcase) ?? '/'));
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForLoadState('networkidle', { timeout: 3_000 }).catch(() => {});
    await page.getByLabel('Loading', { exact: true }).first().waitFor({ state: 'detached' });
    await page.screenshot({ path: `${FOLDER}/${file}.png` });
    process.stdout.write(`docs/screenshots/${file}.png\n`);
  };
  for (const name of Object.keys(PAGES)) await take(name, name);
  await page.setViewportSize({ width: 390, height: 844 });
  for (const name of ON_A_PHONE) await take(name, `${name}-phone`);
} finally {
  await browser.close();
  await showcase.close();
}
