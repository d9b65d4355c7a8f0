/** The control API: what a test or a demonstration may ask of and order from the simulated tenant. */
import { z } from 'zod';
import type { Ledger, LedgerInvoice, LedgerPayment } from '../../../core/ledger.ts';
import { formatMoney } from '../../../core/money.ts';
import { createAccount } from './accounts.ts';
import type { Invoice, Payment } from './books.ts';
import type { Call, Operation } from './call.ts';
import { FaultOrder, type Faults } from './faults.ts';
import { createInvoice } from './invoices.ts';
import type { ManualClock } from './manual-clock.ts';
import type { TokenOffice } from './oauth.ts';
import { createPayment } from './payments.ts';
import { REGIONS } from './regions.ts';
import type { RequestLog } from './request-log.ts';
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
    userActive: z.boolean(),
    multiEntity: z.boolean(),
    multiOrg: z.boolean(),
    invoiceItemSettlement: z.boolean(),
    deniedPaths: names,
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
  const create = (operation: Operation, body: unknown) => ok(operation(callOf(parts, body)));
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
      return create(createAccount, accountByHand(NewAccount.parse(request.plain)));
    case 'POST /_control/invoices':
      return create(createInvoice, request.lossless);
    case 'POST /_control/payments':
      return create(createPayment, request.lossless);
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

function callOf({ tenant, url }: ControlParts, body: unknown): Call {
  return { tenant, params: {}, query: new URLSearchParams(), body, baseUrl: url };
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

export function ledgerOf(tenant: Tenant, log: RequestLog): Ledger {
  const { books } = tenant;
  const { calls, rateLimited } = log.counts();
  return {
    account: tenant.tenantId,
    customers: [...books.accounts.values()].map(({ id, number, name, currency, billToId }) => ({
      id,
      number,
      name,
      email: books.contacts.get(billToId)?.fields['workEmail'] ?? '',
      currency,
    })),
    invoices: [...books.invoices.values()].map((invoice) => ledgerInvoice(tenant, invoice)),
    payments: [...books.payments.values()].map((payment) => ledgerPayment(tenant, payment)),
    calls,
    rateLimited,
  };
}

const INVOICE_STATE = { Draft: 'draft', Posted: 'posted', Canceled: 'cancelled' } as const;

function ledgerInvoice({ books }: Tenant, invoice: Invoice): LedgerInvoice {
  const { currency } = invoice;
  return {
    id: invoice.id,
    number: invoice.number,
    reference: invoice.comments,
    customer: books.accounts.get(invoice.accountId)?.number ?? '',
    currency,
    total: formatMoney({ amountMinor: invoice.totalMinor, currency }),
    outstanding: formatMoney({ amountMinor: invoice.balanceMinor, currency }),
    issuedOn: invoice.invoiceDate,
    dueOn: invoice.dueDate,
    state: invoice.isDeleted ? 'deleted' : INVOICE_STATE[invoice.status],
  };
}

function ledgerPayment({ books }: Tenant, payment: Payment): LedgerPayment {
  const { currency } = payment;
  return {
    id: payment.id,
    number: payment.number,
    reference: payment.referenceId,
    customer: books.accounts.get(payment.accountId ?? '')?.number ?? '',
    currency,
    amount: formatMoney({ amountMinor: payment.amountMinor, currency }),
    applied: formatMoney({ amountMinor: payment.appliedMinor, currency }),
    invoiceNumbers: books
      .applicationsOfPayment(payment.id)
      .map(({ invoiceId }) => books.invoices.get(invoiceId)?.number ?? ''),
    paidOn: payment.effectiveDate,
    state: payment.isDeleted ? 'deleted' : payment.status === 'Canceled' ? 'cancelled' : 'live',
  };
}
