/** Tenant settings and accounting periods, read-only. */
import { Temporal } from 'temporal-polyfill';
import { minorDigits } from '../../../core/money.ts';
import { type Json, type JsonRecord, number } from './answers.ts';
import type { Call } from './call.ts';
import { INVOICE_PREFIX } from './invoices.ts';

export function readPaymentTerms({ tenant }: Call): Json[] {
  return tenant.terms.map(({ id, name, days, isActive, isDefault }) => ({
    id,
    name,
    type: 'NetPaymentTerm',
    intervalType: 'DAY',
    intervalNumber: number(days),
    isActive,
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
    invoiceItemSettlement: false,
    creditMemoReasonRequired: false,
    creditMemoMirroringInvoiceItemsRule: 'NoRestriction',
    availableToCreditValidationLevel: 'InvoiceItem',
  };
}

export function readDocPrefixes(): Json[] {
  return [
    { documentType: 'Invoice', prefix: INVOICE_PREFIX },
    { documentType: 'Payment', prefix: 'P-' },
    { documentType: 'CreditMemo', prefix: 'CM' },
    { documentType: 'DebitMemo', prefix: 'DM' },
    { documentType: 'Refund', prefix: 'R-' },
    { documentType: 'Account', prefix: 'A' },
  ];
}

export function readPaymentMethodSettings({ tenant }: Call): Json[] {
  return tenant.methods.map(({ type }) => ({
    type,
    active: tenant.features.paymentMethodsEnabled.includes(type),
  }));
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
      id: `8ad0period${start.replaceAll('-', '')}`.padEnd(32, '0'),
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
