/** The one tenant: its credentials, features, settings, time zone, numbering and books. */
import { Temporal } from 'temporal-polyfill';
import { type Exact, isKnownCurrency, MoneyError, parseMoney } from '../../../core/money.ts';
import { type Clock, seededRandom } from '../../../platform/clock.ts';
import { Books, type Stamps } from './books.ts';
import { type Resource, refuse } from './refusal.ts';
import type { Region, TenantType } from './regions.ts';

export type Features = {
  invoiceSettlement: boolean;
  taxation: boolean;
  multipleCurrencies: boolean;
  flexibleBillingAttributes: boolean;
  paymentMethodsEnabled: string[];
  activeCurrencies: string[];
  /** What an external payment may carry as its date (an open point, see README.md). */
  paymentDates: 'any' | 'past-or-today' | 'today';
  /** The API user; off, the token endpoint answers 403. */
  userActive: boolean;
  multiEntity: boolean;
  multiOrg: boolean;
  /** Payments then settle single items. */
  invoiceItemSettlement: boolean;
  /** Beginnings of paths that the API user may not read. */
  deniedPaths: string[];
  /** Kinds of call that this tenant does not know, such as "PUT invoice post". */
  absentEndpoints: string[];
  /** The settings pages: as the schema has them, as older samples do, or in no form on record. */
  settingsShape: 'wrapped' | 'bare' | 'unknown';
  /** Names of the tenant's tax codes. */
  taxCodes: string[];
  /** How long a reversal and a deletion stay unseen by reads. */
  readLagMs: number;
  invoicePrefix: string;
  accountPrefix: string;
  /** Names of the payment terms that are active. */
  activeTerms: string[];
  /** Whether a Draft can be deleted without being cancelled first (sources disagree). */
  deleteDraftInvoices: boolean;
  /** `forbidden`: the permission to cancel posted documents is missing; `latest-only`: as one page says. */
  unposting: 'allowed' | 'forbidden' | 'latest-only';
  reversal: boolean;
  /** Ids of product rate plan charges that exist in the catalog. */
  catalogCharges: string[];
  /** Own fields that exist, such as "FreshBooksId__c", by object. */
  customFields: {
    account: string[];
    contact: string[];
    invoice: string[];
    invoiceItem: string[];
    payment: string[];
  };
};

export type PaymentTerm = { id: string; name: string; days: number; isActive: boolean; isDefault: boolean };
export type PaymentMethod = { id: string; type: string };

const PAYMENT_METHOD_TYPES = [
  'ACH',
  'BankTransfer',
  'Cash',
  'Check',
  'CreditCard',
  'CreditCardReferenceTransaction',
  'DebitCard',
  'Other',
  'PayPal',
  'WireTransfer',
] as const;

export type TenantOptions = {
  seed: number;
  clock: Clock;
  region: Region;
  tenantType: TenantType;
  timeZone: string;
};

export type Tenant = ReturnType<typeof createTenant>;

export function createTenant({ seed, clock, region, tenantType, timeZone }: TenantOptions) {
  const random = seededRandom(seed);
  const hex = (digits: number) =>
    Array.from({ length: Math.ceil(digits / 4) }, () =>
      Math.floor(random.next() * 65_536)
        .toString(16)
        .padStart(4, '0'),
    )
      .join('')
      .slice(0, digits);
  const uuid = () => [hex(8), hex(4), `4${hex(3)}`, `8${hex(3)}`, hex(12)].join('-');
  const newId = () => `8ad0${hex(28)}`;
  const counters = new Map<string, number>();
  const userId = newId();
  const books = new Books();

  const features: Features = {
    invoiceSettlement: true,
    taxation: true,
    multipleCurrencies: false,
    flexibleBillingAttributes: false,
    paymentMethodsEnabled: [...PAYMENT_METHOD_TYPES],
    activeCurrencies: ['USD', 'CAD', 'EUR', 'GBP', 'AUD', 'JPY', 'KWD'],
    paymentDates: 'any',
    userActive: true,
    multiEntity: false,
    multiOrg: false,
    invoiceItemSettlement: false,
    deniedPaths: [],
    absentEndpoints: [],
    settingsShape: 'wrapped',
    taxCodes: ['CA-GST', 'GST', 'HST', 'PST', 'QST', 'VAT'],
    readLagMs: 0,
    invoicePrefix: 'INV',
    accountPrefix: 'A',
    activeTerms: ['Due Upon Receipt', 'Net 30', 'Net 60', 'Net 90'],
    deleteDraftInvoices: true,
    unposting: 'allowed',
    reversal: true,
    catalogCharges: [newId()],
    customFields: { account: [], contact: [], invoice: [], invoiceItem: [], payment: [] },
  };
  const terms: PaymentTerm[] = [
    { id: newId(), name: 'Due Upon Receipt', days: 0, isActive: true, isDefault: true },
    ...[30, 60, 90].map((days) => ({
      id: newId(),
      name: `Net ${days}`,
      days,
      isActive: true,
      isDefault: false,
    })),
  ];
  const methods: PaymentMethod[] = PAYMENT_METHOD_TYPES.map((type) => ({ id: newId(), type }));

  return {
    seed,
    clock,
    random,
    region,
    tenantType,
    timeZone,
    books,
    features,
    terms,
    methods,
    userId,
    entityId: uuid(),
    tenantId: String(10_000 + Math.floor(random.next() * 80_000)),
    clientId: uuid(),
    clientSecret: `s3cret+${hex(32)}=`,
    /** First days (yyyy-mm-01) of closed months. */
    closedPeriods: new Set<string>(),
    newId,
    newRequestId: uuid,
    newProcessId: () => hex(16).toUpperCase(),
    hex,
    nextNumber(prefix: string, isTaken: (number: string) => boolean): string {
      for (;;) {
        const next = (counters.get(prefix) ?? 0) + 1;
        counters.set(prefix, next);
        const number = prefix + String(next).padStart(8, '0');
        if (!isTaken(number)) return number;
      }
    },
    today: () => zoned(clock.now(), timeZone).toPlainDate().toString(),
    /** v1 style, tenant time zone without offset. */
    localTime: (ms: number) =>
      zoned(ms, timeZone).toPlainDateTime().toString({ smallestUnit: 'second' }).replace('T', ' '),
    /** Object Query style, with offset. */
    offsetTime: (ms: number) =>
      zoned(ms, timeZone).toString({ smallestUnit: 'millisecond', timeZoneName: 'never' }),
    stamps(): Stamps {
      const now = clock.now();
      return { createdAt: now, updatedAt: now };
    },
  };
}

function zoned(ms: number, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone);
}

export function addDays(day: string, days: number): string {
  return Temporal.PlainDate.from(day).add({ days }).toString();
}

/** An amount in minor units; more decimals than the currency has are refused. */
export function minorOf(amount: Exact, currency: string, resource: Resource, name: string): bigint {
  try {
    return parseMoney(amount.toFixed(), currency).amountMinor;
  } catch (error) {
    if (!(error instanceof MoneyError)) throw error;
    throw refuse(resource, 'badValue', `'${name}' has more decimals than the currency ${currency} allows.`);
  }
}

export function requireActiveCurrency(tenant: Tenant, currency: string, resource: Resource): void {
  if (!isKnownCurrency(currency) || !tenant.features.activeCurrencies.includes(currency)) {
    throw refuse(resource, 'badValue', `The currency '${currency}' is not an active currency of the tenant.`);
  }
}

export function requireOpenPeriod(tenant: Tenant, day: string, resource: Resource): void {
  if (!tenant.closedPeriods.has(`${day.slice(0, 7)}-01`)) return;
  throw refuse(
    resource,
    'rule',
    'Invoices cannot be generated in a closed Accounting Period. Please enter another invoice date.',
  );
}

export function requireInvoiceSettlement(tenant: Tenant, resource: Resource): void {
  if (tenant.features.invoiceSettlement) return;
  throw refuse(resource, 'permission', 'The Invoice Settlement feature is not enabled for this tenant.');
}
