/** A source connected to a fresh simulator, and the acts of a FreshBooks user, for contract tests. */
import type { DocumentKind } from '../../core/canonical.ts';
import type { Source, SourceRecord } from '../../core/ports.ts';
import { freshbooks } from './index.ts';
import { startFreshBooksSimulator } from './simulator/server.ts';
import { createTestContext, fetchHttp, type TestContext } from './test-context.ts';

type Made = Record<string, { id?: unknown }>;

export const idOf = (made: Made, key: string) => String(made[key]?.id);

export type Sandbox = {
  context: TestContext;
  source: Source;
  control(method: string, path: string, body?: unknown): Promise<Made>;
  faults(patch: unknown): Promise<unknown>;
  makeClient(): Promise<string>;
  makeInvoice(clientId: string, send?: boolean): Promise<string>;
  makePayment(invoiceId: string, amount: string): Promise<string>;
  listAll(kind: DocumentKind, deleted?: boolean, changedSince?: number): Promise<SourceRecord[]>;
  close(): Promise<void>;
};

export async function openSandbox(): Promise<Sandbox> {
  const simulator = await startFreshBooksSimulator({ port: 0, seed: 7 });
  const given = await freshbooks.simulator?.connect(simulator.url, 'https://us.example/callback');
  if (!given) throw new Error('the manifest has no simulator');
  const context = createTestContext({ http: fetchHttp, ...given, nowMs: Date.now() });
  const source = freshbooks.create(context);
  const control: Sandbox['control'] = async (method, path, body = {}) => {
    const headers = { 'content-type': 'application/json' };
    const init: RequestInit = { method, headers, body: JSON.stringify(body) };
    const answer = await fetch(`${simulator.url}/_control/${path}`, init);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Made;
  };
  return {
    context,
    source,
    control,
    ...createActs(control),
    listAll: createListAll(source),
    close: simulator.close,
  };
}

function createActs(control: Sandbox['control']) {
  return {
    faults: (patch: unknown) => control('PUT', 'faults', patch),
    async makeClient() {
      const body = { organization: 'Maple Ltd', email: 'ada@example.com' };
      return idOf(await control('POST', 'clients', body), 'client');
    },
    async makeInvoice(clientId: string, send = true) {
      const taxes = [{ name: 'HST', percent: '13' }];
      const lines = [
        { name: 'Work', qty: '2.5', unitCost: '8.00', taxes },
        { name: 'Trip', unitCost: '24.00' },
      ];
      const body = { clientId, discountPercent: '10', currency: 'USD', lines, send };
      return idOf(await control('POST', 'invoices', body), 'invoice');
    },
    async makePayment(invoiceId: string, amount: string) {
      return idOf(await control('POST', 'payments', { invoiceId, amount, type: 'Check' }), 'payment');
    },
  };
}

function createListAll(source: Source): Sandbox['listAll'] {
  return async (kind, deleted = false, changedSince) => {
    const records: SourceRecord[] = [];
    let cursor: string | undefined;
    do {
      const page = await source.list({ kind, changedSince, deleted, cursor });
      records.push(...page.records);
      cursor = page.next;
    } while (cursor !== undefined);
    return records;
  };
}
