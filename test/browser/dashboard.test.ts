/** The dashboard in a real browser, as a finance team meets it: from the first start to signing out. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from '@playwright/test';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { runCli } from '../e2e/kit.ts';
import { startAlertReceiver } from '../kit/alert-receiver.ts';
import { type LoopbackTls, startLoopbackTls } from '../kit/loopback-tls.ts';
import {
  ask,
  findings,
  listenForFaults,
  openBrowser,
  type Service,
  signIn,
  startFreshService,
} from './kit.ts';

const OWNER = { email: 'ada@example.com', password: 'correct horse battery' };
const ARRIVAL_MS = 30_000;

let folder: string | undefined;
/** Systems that are no sandbox are called over https, and on this machine only because it is allowed here. */
let tls: LoopbackTls | undefined;
let service: Service | undefined;
let browser: Browser | undefined;
let page: Page;
let faults: string[];
/** The simulated source's own address, once the wizard has started it. */
let sourceUrl = '';
let destinationUrl = '';
let connectionId = '';
let clientId: number | undefined;

beforeAll(async () => {
  browser = await openBrowser();
  if (!browser) return;
  folder = await mkdtemp(join(tmpdir(), 'ml-connector-tls-'));
  tls = await startLoopbackTls(join(folder, 'certificate.pem'));
  service = await startFreshService(overTls().environment);
  page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  page.setDefaultTimeout(15_000);
  faults = listenForFaults(page);
});
afterAll(async () => {
  await browser?.close();
  await service?.close();
  await tls?.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});
beforeEach((context) => {
  if (!browser) context.skip('there is no Chromium on this machine');
});

const the = (): Service => {
  if (!service) throw new Error('no service');
  return service;
};
const overTls = (): LoopbackTls => {
  if (!tls) throw new Error('no certificate');
  return tls;
};
const button = (name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' });
const heading = (name: string | RegExp) => page.getByRole('heading', { name });
const go = (name: string) => page.getByRole('navigation').getByRole('link', { name }).click();

async function command(...args: string[]): Promise<unknown> {
  const { json, stderr } = await runCli([...args, '--json'], { environment: the().environment });
  if (json === undefined) throw new Error(stderr);
  return json;
}

async function addInvoice(unitCost: string, more: object = {}): Promise<{ id: number; number: string }> {
  clientId ??= (
    (await ask('POST', `${sourceUrl}/_control/clients`, {
      organization: 'Corvid Software',
      email: 'books@corvid.example',
      currency: 'USD',
      country: 'Canada',
      province: 'Ontario',
    })) as { client: { id: number } }
  ).client.id;
  const made = (await ask('POST', `${sourceUrl}/_control/invoices`, {
    clientId,
    currency: 'USD',
    lines: [{ name: 'Work', unitCost }],
    send: true,
    ...more,
  })) as { invoice: { id: number; invoice_number: string } };
  return { id: made.invoice.id, number: made.invoice.invoice_number };
}

test('the first visit makes the owner’s account with the code from the start, and signs in', async () => {
  await page.goto(the().url);
  await heading('Welcome').waitFor();
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await findings(page), colorScheme).toEqual([]);
  }
  await page.goto('about:blank');
  await page.goto(the().setupUrl);
  await page.getByLabel('Your e-mail').fill(OWNER.email);
  await page.getByLabel('Password', { exact: true }).fill(OWNER.password);
  await button('Make my account').click();
  await heading('Overview').waitFor();
  expect(page.url()).not.toContain('setup');
});

test('the wizard connects the sandbox: checks, a look at what would be written, on', async () => {
  await page.getByRole('link', { name: 'Connect two systems' }).click();
  await button('Try the sandbox').click();
  await page.getByText('a token was issued by').waitFor({ timeout: ARRIVAL_MS });
  expect(await page.getByLabel('not good').count()).toBe(0);
  await button('Go on').click();
  const lines = page.locator('.preview');
  await lines.first().waitFor({ timeout: ARRIVAL_MS });
  expect(await lines.count()).toBe(20);
  await lines.first().locator('summary').click();
  await lines.first().getByText('POST').first().waitFor();
  // Nothing was written so far: neither an account nor an invoice.
  const [connection] = (await command('connection', 'list')) as {
    id: string;
    state: string;
    counts: object;
  }[];
  expect(connection).toMatchObject({ state: 'paused', counts: { synced: 0, pending: 0 } });
  connectionId = connection?.id ?? '';
  const shown = (await command('connection', 'show', connectionId)) as {
    fields: Record<'source' | 'destination', { name: string; value: string }[]>;
  };
  destinationUrl = new URL(shown.fields.destination.find(({ name }) => name === 'baseUrl')?.value ?? '')
    .origin;
  sourceUrl = shown.fields.source.find(({ name }) => name === 'apiBaseUrl')?.value ?? '';
  await button('Go on').click();
  await page.getByLabel('Everything there is').check();
  await button('Switch on').click();
  await page.getByText('It is on').waitFor();
  await page.getByText('History is complete: counts and sums agree').waitFor({ timeout: 60_000 });
  const callbacks = page.getByRole('main').getByLabel('not good');
  await expect.poll(() => callbacks.count(), { timeout: ARRIVAL_MS }).toBe(0);
  await page
    .getByText(/verified, number/)
    .first()
    .waitFor({ timeout: ARRIVAL_MS });
});

/** Chromium calls every refused request a fault; the last one was meant to be. */
function forgetRefusal(): void {
  expect(faults.pop()).toContain('400 (Bad Request)');
}

test('a mapping table is a list of rows: a wrong one is refused with its rule, a good one is stored, and removed', async () => {
  await go('Connections');
  await page.getByRole('link', { name: 'sandbox' }).click();
  const settings = page.getByRole('region', { name: 'Settings of Zuora' });
  await settings.getByText('More settings').click();
  const stored = async (field: string) => {
    const shown = (await command('connection', 'show', connectionId)) as {
      fields: { destination: { name: string; value: string }[] };
    };
    return shown.fields.destination.find(({ name }) => name === field)?.value;
  };
  const save = settings.getByRole('button', { name: 'Save' });
  await settings.getByRole('button', { name: 'Add a row to Custom fields' }).click();
  await settings.getByRole('combobox', { name: 'Custom fields, row 1: Text of the invoice' }).click();
  await page.getByRole('option', { name: 'poNumber' }).click();
  const field = settings.getByLabel('Custom fields, row 1: Custom field');
  await field.fill('PoNumber');
  await save.click();
  await page.getByText(/"poNumber=PoNumber": PoNumber is no API name of a custom field/).waitFor();
  forgetRefusal();
  expect(await stored('customFields')).toBe('');
  await field.fill('PoNumber__c');
  await settings.getByRole('button', { name: 'Add a row to Tax codes' }).click();
  await settings.getByLabel('Tax codes, row 1: Name of the tax').fill('GST');
  await settings.getByLabel('Tax codes, row 1: Tax code').fill('CA-GST');
  await save.click();
  await page.getByText('Saved.').waitFor();
  expect([await stored('customFields'), await stored('taxCodes')]).toEqual([
    'poNumber=PoNumber__c',
    'GST=CA-GST',
  ]);
  await page.reload();
  await settings.getByText('More settings').click();
  expect(await field.inputValue()).toBe('PoNumber__c');
  expect(await findings(page)).toEqual([]);
  for (const name of ['Custom fields', 'Tax codes'])
    await settings.getByRole('button', { name: `Remove row 1 of ${name}` }).click();
  await save.click();
  await page.getByText('Saved.').waitFor();
  expect([await stored('customFields'), await stored('taxCodes')]).toEqual(['', '']);
});

test('an address for alerts is kept, and a test says whether it arrives there', async () => {
  const receiver = await startAlertReceiver();
  const address = page.getByLabel('Address for alerts');
  await address.fill('http://example.com');
  await button('Save the address').click();
  await page.getByText(/has to begin with https/).waitFor();
  forgetRefusal();
  const { pathname, search } = new URL(receiver.url);
  await address.fill(`${await overTls().front(receiver.url)}${pathname}${search}`);
  await button('Save the address').click();
  await button('Send a test').click();
  await page.getByText('The test has arrived.').waitFor();
  expect(receiver.messages).toMatchObject([{ connection: 'sandbox', what: 'test' }]);
  receiver.answer.status = 500;
  await button('Send a test').click();
  await page.getByText('Last alert failed').waitFor();
  expect(await findings(page)).toEqual([]);
  receiver.answer.status = 204;
  await button('Send a test').click();
  await page.getByText('Last alert failed').waitFor({ state: 'hidden' });
  await address.fill('');
  await button('Save the address').click();
  await button('Send a test').waitFor({ state: 'hidden' });
  await receiver.close();
});

test('the overview says that both sides are in step, with counts and sums', async () => {
  await go('Overview');
  await page.getByText('In step', { exact: true }).waitFor({ timeout: ARRIVAL_MS });
  const row = page.getByRole('row', { name: /Invoices USD/ });
  const [, count, amount, copies, copied] = await row.getByRole('cell').allInnerTexts();
  expect([copies, copied]).toEqual([count, amount]);
  expect(amount).toMatch(/^[\d,]+\.\d\d$/);
});

let arrived: { id: number; number: string };

test('an invoice arrives by itself, without a reload', async () => {
  await go('Records');
  await page.locator('.record-row').first().waitFor();
  arrived = await addInvoice('123.45');
  const row = page.locator('.record-row', { hasText: arrived.number });
  await row.getByText('Synced').first().waitFor({ timeout: ARRIVAL_MS });
  expect(await row.innerText()).toContain('123.45');
});

test('a record is found by its number, and tells its story from webhook to read-back', async () => {
  await page.getByLabel('Search by number').fill(arrived.number);
  await page.waitForURL(/search=/);
  await page.locator('.record-link', { hasText: arrived.number }).click();
  await heading(`Invoice ${arrived.number}`).waitFor();
  const story = page.getByRole('region', { name: 'What happened' });
  await story.getByText('signature valid').first().waitFor();
  await story.getByText('read back').first().waitFor();
  await story.getByText('unbroken').waitFor();
  const call = story.locator('li, div').filter({ hasText: /POST.*invoice/i });
  expect(await call.count()).toBeGreaterThan(0);
  await story.getByRole('button', { name: /Show the data of entry 1$/ }).click();
  await story.getByLabel('Data of entry 1').getByText('rawBody').waitFor();
  const values = page.getByRole('region', { name: 'Value by value' });
  await values
    .getByRole('cell', { name: /^number/ })
    .first()
    .waitFor();
  const download = page.waitForEvent('download');
  await button('Export as JSON').click();
  expect((await download).suggestedFilename()).toBe(`invoice-${arrived.id}.json`);
});

test('a parked record shows both sides’ words and what would happen, and goes on by a button', async () => {
  const { records } = (await command('records', '--kind', 'client', '--search', 'Corvid')) as {
    records: { counterpartNumber: string }[];
  };
  const taken = 'TAKEN-1';
  await ask('POST', `${destinationUrl}/_control/invoices`, {
    accountNumber: records[0]?.counterpartNumber,
    invoiceNumber: taken,
    invoiceDate: '2026-02-01',
    dueDate: '2026-02-01',
    status: 'Posted',
    invoiceItems: [{ chargeName: 'By hand', amount: '99.00', serviceStartDate: '2026-02-01' }],
  });
  await addInvoice('100.00', { invoiceNumber: taken });
  await go('Parked');
  const group = page.getByRole('region', { name: 'Number taken' });
  await group.getByText(/TAKEN-1 exists already/).waitFor({ timeout: ARRIVAL_MS });
  await group.getByRole('button', { name: 'What would happen?' }).click();
  const preview = page.getByRole('dialog');
  await preview.getByText('Afterwards it would be').waitFor({ timeout: ARRIVAL_MS });
  await page.keyboard.press('Escape');
  await preview.waitFor({ state: 'hidden' });
  await group.getByRole('button', { name: 'Give the copy a new number' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Give the copy a new number' }).click();
  await page.getByText('Decided:').waitFor();
  await page.getByText('Nothing is parked.').waitFor({ timeout: ARRIVAL_MS });
  const page1 = (await command('records', '--search', taken)) as {
    records: { state: string; counterpartNumber: string }[];
  };
  expect(page1.records).toMatchObject([{ state: 'synced', counterpartNumber: 'TAKEN-1-R1' }]);
});

test('replaying everything shows its progress and ends with all in step', async () => {
  await go('Records');
  await page.getByRole('combobox', { name: 'Kind' }).click();
  await page.getByRole('option', { name: 'Invoice' }).click();
  await button('Replay all of these').click();
  const dialog = page.getByRole('dialog', { name: 'Replay?' });
  await dialog
    .getByText(/× invoice, synced/)
    .first()
    .waitFor();
  await dialog.getByRole('button', { name: 'Replay' }).click();
  await heading('Replays').waitFor();
  await page.getByRole('progressbar').first().waitFor();
  await page.getByText(/^Done: \d+ synced$/).waitFor({ timeout: 60_000 });
});

async function callbacksLeft(): Promise<number> {
  const { entries } = (await command('audit', '--connection', connectionId, '--limit', '500')) as {
    entries: { summary: string }[];
  };
  const told = (what: RegExp) => entries.filter(({ summary }) => what.test(summary)).length;
  return told(/^callback for .* registered$/) - told(/^callback for .* removed$/);
}

test('polling takes the place of webhooks with one switch, and back', async () => {
  await go('Connections');
  await page.getByRole('link', { name: 'sandbox' }).click();
  await page.getByLabel(/calls us at once/).uncheck();
  await page.getByLabel('Seconds between two looks').fill('1');
  await button('Save how changes are noticed').click();
  await page.getByText('Saved. It takes effect').waitFor();
  await expect.poll(callbacksLeft, { timeout: ARRIVAL_MS }).toBe(0);
  const polled = await addInvoice('77.70');
  await go('Records');
  const row = page.locator('.record-row', { hasText: polled.number });
  await row.getByText('Synced').first().waitFor({ timeout: ARRIVAL_MS });
  await row.locator('.record-link').click();
  await page
    .getByText(/^poll: /)
    .first()
    .waitFor();
  await go('Connections');
  await page.getByRole('link', { name: 'sandbox' }).click();
  await page.getByLabel(/calls us at once/).check();
  await button('Save how changes are noticed').click();
  await expect
    .poll(async () => (await command('connection', 'show', connectionId)) as object)
    .toMatchObject({ webhooksEnabled: true });
});

test('a viewer sees everything and cannot change anything', async () => {
  const made = (await command('users', 'add', 'vic@example.com', '--role', 'viewer')) as { password: string };
  const context = await (browser as Browser).newContext({ viewport: { width: 1280, height: 900 } });
  const view = await context.newPage();
  await signIn(view, the().url, { email: 'vic@example.com', password: made.password });
  for (const path of [
    '/',
    '/records?kind=invoice',
    '/parked',
    '/replays',
    '/connections',
    `/connections/${connectionId}`,
  ]) {
    await view.goto(the().url + path);
    await view.getByRole('heading', { level: 1 }).waitFor();
    await view.waitForLoadState('networkidle');
    const changing = view.getByRole('button', {
      name: /Replay|Pause|Resume|Save|Remove|Add a row|Send a test|Copy history|Switch on|New connection/,
    });
    expect(await changing.count(), path).toBe(0);
    for (const input of await view.getByRole('main').locator('form').getByRole('textbox').all())
      expect(await input.isDisabled(), path).toBe(true);
  }
  // Whoever goes around the pages is refused all the same.
  const changes: [method: string, path: string, data: object][] = [
    ['POST', '/replays', { filter: {} }],
    ['POST', `/connections/${connectionId}/pause`, { reason: 'x' }],
    ['PATCH', `/connections/${connectionId}`, { webhooksEnabled: false }],
    ['POST', `/connections/${connectionId}/alert-test`, {}],
    ['POST', '/connections/sandbox', {}],
    ['POST', '/users', { email: 'eve@example.com', role: 'admin' }],
    ['POST', '/tokens', { name: 'x', kind: 'personal', scopes: ['people'] }],
  ];
  const refused: number[] = [];
  for (const [method, path, data] of changes)
    refused.push((await view.request.fetch(`${the().url}/api/v1${path}`, { method, data })).status());
  expect(refused).toEqual([403, 403, 403, 403, 403, 403, 403]);
  await context.close();
});

test('an API token made in the dashboard opens what its scope says', async () => {
  await go('People');
  await page.getByLabel('Name', { exact: true }).fill('monitoring');
  await button('Make a token').click();
  const token = await page.getByRole('dialog').locator('pre').innerText();
  const headers = { authorization: `Bearer ${token}` };
  expect((await fetch(`${the().url}/api/v1/status`, { headers })).status).toBe(200);
  expect((await fetch(`${the().url}/api/v1/users`, { headers })).status).toBe(403);
  await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
});

test('removing a person asks what becomes of the service tokens that they made', async () => {
  const email = 'max@example.com';
  const { password } = (await command('users', 'add', email, '--role', 'admin')) as { password: string };
  const post = (path: string, data: object, cookie = '') =>
    fetch(`${the().url}/api/v1${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: the().url, cookie },
      body: JSON.stringify(data),
    });
  const entered = await post('/session', { email, password });
  const cookie = entered.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const request = { name: 'import', kind: 'service', scopes: ['read'], days: 30 };
  const { token } = (await (await post('/tokens', request, cookie)).json()) as { token: string };
  const headers = { authorization: `Bearer ${token}` };
  expect((await fetch(`${the().url}/api/v1/status`, { headers })).status).toBe(200);
  await page.reload();
  await button(`Remove ${email}`).click();
  await page.getByRole('dialog', { name: 'Remove?' }).getByRole('button', { name: 'Remove' }).click();
  const asked = page.getByRole('dialog', { name: 'Keep or end their service tokens?' });
  await asked.getByText(/^import: read; ends \d{4}/).waitFor();
  await asked.getByRole('button', { name: 'End them' }).click();
  await page.getByText(`${email} is removed.`).waitFor();
  // The question comes as a refusal.
  expect(faults.pop()).toContain('409 (Conflict)');
  expect((await fetch(`${the().url}/api/v1/status`, { headers })).status).toBe(401);
});

test('the wizard connects with credentials and a person’s consent, as on a laptop, and takes it away again', async () => {
  const source = (await ask('GET', `${sourceUrl}/_control`)) as Record<string, string>;
  const destination = (await ask('GET', `${destinationUrl}/_control`)) as Record<string, string>;
  const [sourceFront, destinationFront] = [
    await overTls().front(sourceUrl),
    await overTls().front(destinationUrl),
  ];
  await go('Connections');
  await page.getByRole('link', { name: 'New connection' }).click();
  const from = page.getByRole('region', { name: 'From: FreshBooks' });
  const to = page.getByRole('region', { name: 'To: Zuora' });
  for (const side of [from, to]) await side.getByText('More settings').click();
  const fill = async (side: typeof from, fields: Record<string, string | undefined>) => {
    for (const [label, value] of Object.entries(fields))
      await side
        .getByLabel(label)
        .first()
        .fill(value ?? '');
  };
  await fill(from, {
    'Client ID': source['clientId'],
    'Client secret': source['clientSecret'],
    'Redirect URI': 'https://localhost/cb',
    'API address': sourceFront,
    'Consent page': `${sourceFront}/oauth/authorize`,
    'Token address': `${sourceFront}/auth/oauth/token`,
  });
  await fill(to, {
    'Client id': destination['clientId'],
    'Client secret': destination['clientSecret'],
    'Base URL': destination['baseUrl']?.replace(destinationUrl, destinationFront),
  });
  await page.getByLabel('Name', { exact: true }).fill('acme');
  await page.getByLabel(/call us at once/).uncheck();
  await button('Save and go on').click();
  const consentUrl = await page.getByRole('link', { name: 'Open FreshBooks and allow' }).getAttribute('href');
  const consentPage = `${consentUrl}`.replace(sourceFront, sourceUrl);
  const answer = await fetch(`${consentPage}&decision=allow`, { redirect: 'manual' });
  const returned = answer.headers.get('location') ?? '';
  expect(returned).toMatch(/^https:\/\/localhost\/cb\?/);
  await page.getByLabel('The address the browser ended at').fill(returned);
  await button('Finish').click();
  await page.getByText('a token was issued by').waitFor({ timeout: ARRIVAL_MS });
  expect(await page.getByLabel('not good').count()).toBe(0);
  expect(await command('connection', 'show', 'acme')).toMatchObject({
    state: 'paused',
    webhooksEnabled: false,
  });
  await go('Connections');
  await page.getByRole('link', { name: 'acme' }).click();
  await button('Remove acme').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByText('acme is removed.').waitFor({ timeout: ARRIVAL_MS });
  await heading('Connections').waitFor();
});

test('the history names who did what', async () => {
  await go('History');
  await page.getByText('personal API token "monitoring" made').waitFor();
  expect(await page.getByRole('cell', { name: `user:${OWNER.email}` }).count()).toBeGreaterThan(0);
});

test('signing out everywhere ends the other session, too', async () => {
  const context = await (browser as Browser).newContext();
  const other = await context.newPage();
  await signIn(other, the().url, OWNER);
  await button(`Account of ${OWNER.email}`).click();
  await page.getByRole('menuitem', { name: 'Sign out everywhere' }).click();
  await button('Sign in').waitFor();
  await other.reload();
  await other.getByRole('button', { name: 'Sign in' }).waitFor();
  await context.close();
  expect(faults.filter((fault) => !fault.includes('403'))).toEqual([]);
});
