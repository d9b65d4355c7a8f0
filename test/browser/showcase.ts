/** A service with a sandbox connection and something of everything on its pages: copied, parked, replayed, invited. */
import { openInstallation } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import type { Db } from '../../src/store/db.ts';
import { ask, type Service, startFreshService } from './kit.ts';

export const OWNER = { email: 'ada@example.com', password: 'correct horse battery' };
const SETTLED_MS = 60_000;

export type Showcase = Service & {
  connectionId: string;
  /** An invoice that was copied, and one that waits for a person. */
  syncedId: string;
  parkedId: string;
  /** The service's own database. */
  withDatabase<T>(use: (db: Db) => Promise<T>): Promise<T>;
};

type Records = { records: { id: string; counterpartNumber: string; state: string }[] };

export async function startShowcase(): Promise<Showcase> {
  const service = await startFreshService();
  const api = await signedIn(service);
  const { id: connectionId } = (await api('POST', '/connections/sandbox', {})) as { id: string };
  await api('POST', `/connections/${connectionId}/resume`);
  const { id } = (await api('POST', `/connections/${connectionId}/backfills`, {})) as { id: string };
  const isDone = (state: unknown) => (state as { state: string }).state === 'complete';
  await until(() => api('GET', `/backfills/${id}`), isDone);
  await until(() => api('GET', '/status'), isSettled);
  // Before its callbacks are verified, the source would not tell of what comes now.
  await until(
    () => api('POST', `/connections/${connectionId}/ping`),
    (report) => (report as { ok: boolean }).ok,
  );
  await makeParked(api, connectionId);
  await until(
    () => api('GET', '/status'),
    (status) => isSettled(status) && parkedOf(status) >= 3,
  );
  await api('POST', '/replays', { filter: { kind: 'invoice' } });
  await until(() => api('GET', '/status'), isSettled);
  await api('POST', '/users', { email: 'olga@example.com', role: 'operator' });
  await api('POST', '/users', { email: 'vic@example.com', role: 'viewer' });
  await api('POST', '/tokens', { kind: 'service', name: 'monitoring', scopes: ['read'], days: 365 });
  await fetch(`${service.url}/hooks/nowhere`, { method: 'POST', body: 'a=b' });
  const firstOf = async (query: string) =>
    ((await api('GET', `/records?kind=invoice&${query}&limit=1`)) as Records).records[0]?.id ?? '';
  return {
    ...service,
    connectionId,
    syncedId: await firstOf('state=synced'),
    parkedId: await firstOf('reason=number-taken'),
    withDatabase: (use) => withDatabase(service, use),
  };
}

type Api = (method: string, path: string, body?: unknown) => Promise<unknown>;

async function signedIn({ url, setupUrl }: Service): Promise<Api> {
  const code = setupUrl.split('=').at(-1);
  const answer = await fetch(`${url}/api/v1/setup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify({ code, ...OWNER }),
  });
  const cookie = answer.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  return (method, path, body) => ask(method, `${url}/api/v1${path}`, body, { cookie });
}

/** A number that is taken, a negative total, and a payment in the future that waits for nobody. */
async function makeParked(api: Api, connectionId: string): Promise<void> {
  const { fields } = (await api('GET', `/connections/${connectionId}`)) as {
    fields: Record<'source' | 'destination', { name: string; value: string }[]>;
  };
  const valueOf = (side: 'source' | 'destination', name: string) =>
    fields[side].find((field) => field.name === name)?.value ?? '';
  const source = valueOf('source', 'apiBaseUrl');
  const destination = new URL(valueOf('destination', 'baseUrl')).origin;
  const { client } = (await ask('POST', `${source}/_control/clients`, {
    organization: 'Corvid Software',
    email: 'books@corvid.example',
    currency: 'USD',
    country: 'Canada',
    province: 'Ontario',
  })) as { client: { id: number } };
  const invoice = (unitCost: string, more = {}) =>
    ask('POST', `${source}/_control/invoices`, {
      clientId: client.id,
      currency: 'USD',
      lines: [{ name: 'Consulting', unitCost }],
      send: true,
      ...more,
    });
  await invoice('480.00');
  const [account] = (
    (await until(
      () => api('GET', '/records?kind=client&search=Corvid'),
      (found) => (found as Records).records[0]?.state === 'synced',
    )) as Records
  ).records;
  for (const number of ['2026-0815', '2026-0816']) {
    await ask('POST', `${destination}/_control/invoices`, {
      accountNumber: account?.counterpartNumber,
      invoiceNumber: number,
      invoiceDate: '2026-02-01',
      dueDate: '2026-02-01',
      status: 'Posted',
      invoiceItems: [{ chargeName: 'By hand', amount: '99.00', serviceStartDate: '2026-02-01' }],
    });
    await invoice('1250.00', { invoiceNumber: number });
  }
  await invoice('-25.00');
}

async function until<T>(look: () => Promise<T>, isGood: (value: T) => boolean): Promise<T> {
  const deadline = performance.now() + SETTLED_MS;
  for (;;) {
    const value = await look();
    if (isGood(value)) return value;
    if (performance.now() > deadline) throw new Error(`not in time: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const isSettled = (status: unknown) => (status as { eventsUnsettled: number }).eventsUnsettled === 0;
const parkedOf = (status: unknown) => (status as { records: { parked: number } }).records.parked;

async function withDatabase<T>({ dataDir }: Service, use: (db: Db) => Promise<T>): Promise<T> {
  const config = await loadConfig({ dataDir, logLevel: 'error' }, {});
  const installation = await openInstallation(config, { working: false, attach: true });
  try {
    return await use(installation.parts.db);
  } finally {
    await installation.close();
  }
}
