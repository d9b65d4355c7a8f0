/** Tenant settings and accounting periods, read-only. */
import { Temporal } from 'temporal-polyfill';
import { minorDigits } from '../../../core/money.ts';
import { type Json, type JsonRecord, number } from './answers.ts';
import type { Call } from './call.ts';

export function readPaymentTerms({ tenant }: Call): Json[] {
  return tenant.terms.map(({ id, name, days, isDefault }) => ({
    id,
    name,
    type: 'NetPaymentTerm',
    intervalType: 'DAY',
    intervalNumber: number(days),
    isActive: tenant.features.activeTerms.includes(name),
    isDefault,
  }));
}

export function readCurrencies({ tenant }: Call): Json[] {
  return tenant.features.activeCurrencies.map((currencyCode, index) => ({
    currencyCode,
    active: true,
    default: index === 0,
    roundingMode: 'HalfUp',
    roundingIncrement: number((10 ** -minorDigits(currencyCode)).toString()),
  }));
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

export function readDocPrefixes({ tenant: { features } }: Call): Json[] {
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
export function readFeatures({ tenant: { features } }: Call): Json[] {
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

/** One period a month: two years back, one year ahead, and every closed one. */
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
  return { accountingPeriods, success: true };
}
