/** A started simulator with a signed-in client, for the tests of this folder. */
import type { Clock } from '../../../platform/clock.ts';
import { WRONG_ON_PURPOSE } from './exchange.ts';
import { manualClock } from './manual-clock.ts';
import { startZuoraSimulator, type ZuoraSimulatorOptions } from './server.ts';

export type Reply = { status: number; headers: Headers; body: Record<string, unknown>; text: string };
export type Bench = Awaited<ReturnType<typeof startBench>>;

const NOON = Date.parse('2026-11-10T20:00:00Z');

export async function startBench(options: ZuoraSimulatorOptions = {}) {
  const clock = manualClock(NOON);
  const simulator = await startZuoraSimulator({ manualClock: clock, lockContentionChance: 0, ...options });
  const { baseUrl, url, clientId } = simulator;

  const signIn = async (base = baseUrl): Promise<Reply> =>
    reply(
      await fetch(`${base}/oauth/token`, {
        method: 'POST',
        headers: { [WRONG_ON_PURPOSE]: 'yes' },
        body: new URLSearchParams({
          client_id: clientId,
          client_secret: simulator.tenant.clientSecret,
          grant_type: 'client_credentials',
        }),
      }),
    );
  let token = String((await signIn()).body['access_token']);

  const call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> =>
    reply(
      await fetch(`${baseUrl}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          'zuora-version': '2025-08-12',
          [WRONG_ON_PURPOSE]: 'yes',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    );

  const control = async (method: string, path: string, body?: unknown): Promise<Reply> =>
    reply(
      await fetch(`${url}/_control${path}`, {
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      }),
    );

  return {
    simulator,
    clock: clock as Clock,
    advance: clock.advance,
    signIn,
    call,
    control,
    async refreshToken() {
      token = String((await signIn()).body['access_token']);
    },
    account: (extra: Record<string, unknown> = {}) => call('POST', '/v1/accounts', { ...ACCOUNT, ...extra }),
    invoice: (extra: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
      call('POST', '/v1/invoices', { ...INVOICE, ...extra }, headers),
    payment: (invoiceId: string, amount: number, extra: Record<string, unknown> = {}) =>
      call('POST', '/v1/payments', { ...PAYMENT, amount, invoices: [{ invoiceId, amount }], ...extra }),
    balanceOf: async (key: string) => String((await call('GET', `/v1/invoices/${key}`)).body['balance']),
    close: () => simulator.close(),
  };
}

const ACCOUNT = {
  name: 'Acme',
  accountNumber: 'FB-1',
  currency: 'USD',
  billCycleDay: 0,
  autoPay: false,
  billToContact: {
    firstName: 'Jo',
    lastName: 'Doe',
    workEmail: 'jo@example.com',
    country: 'US',
    state: 'CA',
  },
};

export const TAX = {
  name: 'VAT',
  taxAmount: '20',
  taxCode: 'VAT',
  taxDate: '2026-11-01',
  taxMode: 'TaxExclusive',
  taxRate: '0.2',
  taxRateType: 'Percentage',
};
export const ITEM = { chargeName: 'Work', amount: 100, serviceStartDate: '2026-11-01' };

export const INVOICE = {
  accountNumber: 'FB-1',
  invoiceDate: '2026-11-01',
  status: 'Posted',
  invoiceItems: [{ ...ITEM, taxItems: [TAX] }],
};

export const PAYMENT = {
  type: 'External',
  accountNumber: 'FB-1',
  currency: 'USD',
  paymentMethodType: 'Check',
  effectiveDate: '2026-11-02',
};

async function reply(response: Response): Promise<Reply> {
  const text = await response.text();
  let body: Record<string, unknown> = {};
  if (text.startsWith('{')) body = JSON.parse(text);
  if (text.startsWith('[')) body = { list: JSON.parse(text) };
  return { status: response.status, headers: response.headers, body, text };
}

export function codeOf({ body }: Reply): number | undefined {
  const { reasons } = body;
  if (!Array.isArray(reasons)) return undefined;
  return reasons[0]?.code;
}
