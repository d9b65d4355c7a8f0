/** Tenant settings and accounting periods, read-only. */
import { Temporal } from 'temporal-polyfill';
import { minorDigits } from '../../../core/money.ts';
import { type Json, type JsonRecord, number } from './answers.ts';
import type { Call } from './call.ts';
import type { Tenant } from './tenant.ts';

type Shape = Tenant['features']['settingsShape'];

/** The same rows as each shape on record has them; `unknown` stands for whatever a tenant may answer instead. */
function shaped(shape: Shape, member: string, rows: readonly JsonRecord[]): Json[] | JsonRecord {
  if (shape === 'bare') return [...rows];
  return shape === 'wrapped'
    ? { [member]: [...rows] }
    : { result: { [member]: { count: number(rows.length) } } };
}

export function readPaymentTerms({ tenant }: Call): Json[] | JsonRecord {
  const { settingsShape, activeTerms } = tenant.features;
  const rows = tenant.terms.map(
    ({ id, name, days, isDefault }): JsonRecord => ({
      id,
      name,
      type: 'NetPaymentTerm',
      ...(settingsShape === 'bare' ? { intervalType: 'DAY' } : { intervalUnit: 'Days' }),
      intervalNumber: number(days),
      isActive: activeTerms.includes(name),
      isDefault,
    }),
  );
  return shaped(settingsShape, 'paymentTerms', rows);
}

export function readCurrencies({ tenant: { features } }: Call): Json[] | JsonRecord {
  const rows = features.activeCurrencies.map(
    (currencyCode, index): JsonRecord => ({
      currencyCode,
      active: true,
      default: index === 0,
      roundingMode: 'HalfUp',
      roundingIncrement: number((10 ** -minorDigits(currencyCode)).toString()),
    }),
  );
  return shaped(features.settingsShape, 'currencies', rows);
}

export function readTaxCodes({ tenant: { features } }: Call): Json[] | JsonRecord {
  const rows = features.taxCodes.map((name): JsonRecord => ({ name, active: true }));
  return shaped(features.settingsShape, 'taxCodes', rows);
}

export function readEntityProfile({ tenant: { features, timeZone } }: Call): JsonRecord {
  return features.settingsShape === 'unknown' ? { profile: { zone: 'here' } } : { timeZone };
}

export function readNumbersAndSkus({ tenant: { features } }: Call): JsonRecord {
  return features.settingsShape === 'unknown'
    ? { prefixes: 'none' }
    : { billingAccountprefix: features.accountPrefix };
}

export function readBillingRules({ tenant }: Call): JsonRecord {
  return {
    invoiceSettlement: tenant.features.invoiceSettlement,
    invoiceItemSettlement: tenant.features.invoiceItemSettlement,
    creditMemoReasonRequired: false,
    creditMemoMirroringInvoiceItemsRule: 'NoRestriction',
    availableToCreditValidationLevel: 'InvoiceItem',
  };
}

export function readDocPrefixes({ tenant: { features } }: Call): Json[] | JsonRecord {
  if (features.settingsShape === 'unknown') return { prefixes: 'none' };
  if (features.settingsShape === 'wrapped') {
    const own = (prefix: string) => ({ prefix, startNum: number(1) });
    return {
      invoice: own(features.invoicePrefix),
      paymentPrefix: { prefix: 'P-' },
      refundPrefix: { prefix: 'R-' },
      creditMemo: own('CM'),
      debitMemo: own('DM'),
    };
  }
  return [
    { documentType: 'Invoice', prefix: features.invoicePrefix },
    { documentType: 'Payment', prefix: 'P-' },
    { documentType: 'CreditMemo', prefix: 'CM' },
    { documentType: 'DebitMemo', prefix: 'DM' },
    { documentType: 'Refund', prefix: 'R-' },
    { documentType: 'Account', prefix: features.accountPrefix },
  ];
}

export function readPaymentMethodSettings({ tenant }: Call): Json[] {
  return tenant.methods.map(({ type }) => ({
    type,
    active: tenant.features.paymentMethodsEnabled.includes(type),
  }));
}

/** The names are those of the documentation's feature list; the shape is an assumption. */
export function readFeatures({ tenant: { features } }: Call): Json[] | JsonRecord {
  if (features.settingsShape === 'unknown') return { features: 'none' };
  const row = (featureName: string, isOn: boolean) => ({
    featureName,
    status: isOn ? 'Enabled' : 'Disabled',
  });
  return [
    row('Invoice Settlement', features.invoiceSettlement),
    row('Taxation', features.taxation),
    row('Multiple Currencies', features.multipleCurrencies),
    row('Flexible Billing Attributes', features.flexibleBillingAttributes),
    row('Multi-Entity', features.multiEntity),
    row('Multi-Org', features.multiOrg),
  ];
}

const PERIODS = 36;

/** One period a month: two years back, one year ahead, and every closed one; the last has no end. */
export function readAccountingPeriods({ tenant }: Call): JsonRecord {
  const first = Temporal.PlainDate.from(tenant.today()).with({ day: 1 }).subtract({ months: 24 });
  const months = Array.from({ length: PERIODS }, (_, index) => first.add({ months: index }).toString());
  const starts = [...new Set([...months, ...tenant.closedPeriods])].sort();
  const accountingPeriods = starts.map((start): JsonRecord => {
    const startDate = Temporal.PlainDate.from(start);
    return {
      id: `8ad0feed${start.replaceAll('-', '')}`.padEnd(32, '0'),
      name: startDate.toPlainYearMonth().toString(),
      startDate: start,
      endDate: startDate.with({ day: startDate.daysInMonth }).toString(),
      fiscalYear: number(startDate.year),
      fiscalQuarter: number(Math.ceil(startDate.month / 3)),
      status: tenant.closedPeriods.has(start) ? 'Closed' : 'Open',
    };
  });
  const after = Temporal.PlainDate.from(starts.at(-1) ?? tenant.today()).add({ months: 1 });
  const openEnded: JsonRecord = {
    id: '8ad0feed'.padEnd(32, 'f'),
    name: 'Open-Ended',
    startDate: after.toString(),
    endDate: null,
    fiscalYear: number(after.year),
    fiscalQuarter: number(Math.ceil(after.month / 3)),
    status: 'Open',
  };
  return { accountingPeriods: [...accountingPeriods, openEnded], success: true };
}
