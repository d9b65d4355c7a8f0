/** The control API: what a test or a demonstration may ask of and order from the simulated tenant. */
import { z } from 'zod';
import { isRecord } from './body.ts';
import type { Call } from './call.ts';
import { FaultOrder, type Faults } from './faults.ts';
import { ledgerOf } from './ledger.ts';
import type { ManualClock } from './manual-clock.ts';
import type { TokenOffice } from './oauth.ts';
import { refuse } from './refusal.ts';
import { REGIONS } from './regions.ts';
import type { RequestLog } from './request-log.ts';
import { findRoute } from './routes.ts';
import type { Features, Tenant } from './tenant.ts';

const names = z.array(z.string());
const FeatureChange = z
  .object({
    invoiceSettlement: z.boolean(),
    taxation: z.boolean(),
    multipleCurrencies: z.boolean(),
    flexibleBillingAttributes: z.boolean(),
    paymentMethodsEnabled: names,
    activeCurrencies: names,
    paymentDates: z.enum(['any', 'past-or-today', 'today']),
    deleteDraftInvoices: z.boolean(),
    unposting: z.enum(['allowed', 'forbidden', 'latest-only']),
    reversal: z.boolean(),
    catalogCharges: names,
    userActive: z.boolean(),
    multiEntity: z.boolean(),
    multiOrg: z.boolean(),
    invoiceItemSettlement: z.boolean(),
    deniedPaths: names,
    absentEndpoints: names,
    settingsShape: z.enum(['wrapped', 'bare', 'unknown']),
    taxCodes: names,
    readLagMs: z.number().int().min(0),
    invoicePrefix: z.string(),
    accountPrefix: z.string(),
    activeTerms: names,
    customFields: z
      .object({ account: names, contact: names, invoice: names, invoiceItem: names, payment: names })
      .partial()
      .strict(),
  })
  .partial()
  .strict();
const ClosedPeriods = z.object({ periods: z.array(z.string().regex(/^\d{4}-\d\d$/)) }).strict();
const NewAccount = z
  .object({
    name: z.string().min(1),
    email: z.string().optional(),
    currency: z.string(),
    accountNumber: z.string().optional(),
    crmId: z.string().optional(),
  })
  .strict();
const ByHand = z.object({ method: z.enum(['POST', 'PUT', 'DELETE']), path: z.string().startsWith('/v1/') });
const FaultChange = FaultOrder.extend({
  rotateSecret: z.boolean().optional(),
  revokeTokens: z.boolean().optional(),
}).strict();
const Advance = z.object({ advanceMs: z.number().int().min(0) }).strict();

export type ControlParts = {
  tenant: Tenant;
  faults: Faults;
  tokens: TokenOffice;
  log: RequestLog;
  manual: ManualClock | undefined;
  url: string;
};

export type ControlRequest = {
  method: string;
  path: string;
  query: URLSearchParams;
  plain: unknown;
  lossless: unknown;
};
export type ControlAnswer = { status: number; body: unknown };

export function answerControl(parts: ControlParts, request: ControlRequest): ControlAnswer {
  const { tenant, faults, log } = parts;
  const ok = (body: unknown): ControlAnswer => ({ status: 200, body });
  const byHand = (method: string, path: string, body: unknown) => ok(actByHand(parts, method, path, body));
  switch (`${request.method} ${request.path}`) {
    case 'GET /_control':
      return ok(describe(parts));
    case 'PUT /_control/features':
      return ok(changeFeatures(tenant, FeatureChange.parse(request.plain)));
    case 'PUT /_control/closed-periods': {
      const { periods } = ClosedPeriods.parse(request.plain);
      tenant.closedPeriods.clear();
      for (const month of periods) tenant.closedPeriods.add(`${month}-01`);
      return ok({ periods });
    }
    case 'POST /_control/accounts':
      return byHand('POST', '/v1/accounts', accountByHand(NewAccount.parse(request.plain)));
    case 'POST /_control/invoices':
      return byHand('POST', '/v1/invoices', request.lossless);
    case 'POST /_control/payments':
      return byHand('POST', '/v1/payments', request.lossless);
    case 'POST /_control/by-hand': {
      const { method, path } = ByHand.parse(request.plain);
      return byHand(method, path, isRecord(request.lossless) ? request.lossless['body'] : undefined);
    }
    case 'GET /_control/ledger':
      return ok(ledgerOf(tenant, log));
    case 'GET /_control/requests':
      return ok({ requests: log.latest(parseInt(request.query.get('limit') ?? '100', 10) || 100) });
    case 'GET /_control/faults':
      return ok(faults.orders());
    case 'DELETE /_control/faults':
      faults.clear();
      parts.tokens.setLifetime(undefined);
      return ok({});
    case 'PUT /_control/faults':
      return ok(orderFaults(parts, FaultChange.parse(request.plain)));
    case 'POST /_control/clock':
      if (parts.manual === undefined)
        return { status: 409, body: { error: 'started without a manual clock' } };
      parts.manual.advance(Advance.parse(request.plain).advanceMs);
      return ok({ now: new Date(tenant.clock.now()).toISOString(), today: tenant.today() });
    default:
      return { status: 404, body: { error: `no control operation ${request.method} ${request.path}` } };
  }
}

/** A person at work inside Zuora: the operation itself, without token, limits, locks or faults. */
function actByHand({ tenant, url }: ControlParts, method: string, path: string, body: unknown) {
  const { found } = findRoute(method, path);
  if (found === undefined) throw refuse('unknown', 'notFound', `No such operation: ${method} ${path}`);
  const call: Call = { tenant, params: found.params, query: new URLSearchParams(), body, baseUrl: url };
  return found.route.run(call);
}

function describe({ tenant, url }: ControlParts) {
  const regions = REGIONS.map((name) => ({ name, url: `${url}/regions/${name}` }));
  const { tenantId, region, clientId, clientSecret, features, seed, timeZone, tenantType } = tenant;
  const baseUrl = `${url}/regions/${region}`;
  const closedPeriods = [...tenant.closedPeriods].map((day) => day.slice(0, 7));
  return {
    tenantId,
    region,
    baseUrl,
    clientId,
    clientSecret,
    regions,
    features,
    closedPeriods,
    seed,
    timeZone,
    tenantType,
    today: tenant.today(),
  };
}

function changeFeatures(tenant: Tenant, change: z.infer<typeof FeatureChange>): Features {
  const { customFields, ...plain } = change;
  for (const [name, value] of Object.entries(plain))
    if (value !== undefined) Object.assign(tenant.features, { [name]: value });
  Object.assign(tenant.features.customFields, customFields);
  return tenant.features;
}

function accountByHand({ name, email, currency, accountNumber, crmId }: z.infer<typeof NewAccount>) {
  const [firstName = '-', ...rest] = name.split(' ');
  const billToContact = {
    firstName,
    lastName: rest.join(' ') || '-',
    ...(email === undefined ? {} : { workEmail: email }),
  };
  return {
    name,
    currency,
    billCycleDay: '0',
    autoPay: false,
    billToContact,
    ...(accountNumber === undefined ? {} : { accountNumber }),
    ...(crmId === undefined ? {} : { crmId }),
  };
}

function orderFaults({ tenant, faults, tokens }: ControlParts, change: z.infer<typeof FaultChange>) {
  const { rotateSecret, revokeTokens, ...orders } = change;
  faults.set(orders);
  if (orders.tokenLifetimeSeconds !== undefined) tokens.setLifetime(orders.tokenLifetimeSeconds ?? undefined);
  if (rotateSecret === true) tenant.clientSecret = `s3cret+${tenant.hex(32)}=`;
  if (revokeTokens === true) tokens.revokeAll();
  return { ...faults.orders(), ...(rotateSecret === true ? { clientSecret: tenant.clientSecret } : {}) };
}
