/** Payments under Invoice Settlement: record, apply, unapply, cancel, transfer, delete. */
import type { JsonRecord } from './answers.ts';
import { type Body, readBody } from './body.ts';
import { EMPTY } from './body-specs.ts';
import { APPLY_PAYMENT, CREATE_PAYMENT, TRANSFER_PAYMENT, UPDATE_PAYMENT } from './body-specs-settlement.ts';
import type { Account } from './books.ts';
import { type Call, listOf, paramOf } from './call.ts';
import type { Payment } from './funds.ts';
import { partsAnswer, paymentAnswer } from './funds-answers.ts';
import { customTexts } from './invoices.ts';
import { type Resource, refuse } from './refusal.ts';
import { applyShares, latest, requireNotBefore, sharesOf, unapplyShares } from './settlement.ts';
import {
  minorOf,
  type PaymentMethod,
  requireInvoiceSettlement,
  requireOpenPeriod,
  type Tenant,
} from './tenant.ts';

const RESOURCE = 'payment';
const FILTERS = [
  'accountId',
  'amount',
  'currency',
  'effectiveDate',
  'number',
  'status',
  'type',
  'appliedAmount',
  'unappliedAmount',
  'refundAmount',
];

export function createPayment(call: Call): JsonRecord {
  const { tenant } = call;
  requireInvoiceSettlement(tenant, RESOURCE);
  const body = readBody(call.body, CREATE_PAYMENT, RESOURCE, new Set(tenant.features.customFields.payment));
  if (body.text('type') === 'Electronic')
    throw refuse(RESOURCE, 'rule', 'No payment gateway is set up for the tenant.');
  const account = accountOfPayment(tenant, body);
  const currency = body.mustText('currency');
  if (account !== undefined && account.currency !== currency && !tenant.features.multipleCurrencies) {
    throw refuse(
      RESOURCE,
      'badValue',
      `The currency '${currency}' is not the account's currency '${account.currency}'.`,
    );
  }
  if (!tenant.features.activeCurrencies.includes(currency)) {
    throw refuse(RESOURCE, 'badValue', `The currency '${currency}' is not active.`);
  }
  const amountMinor = minorOf(body.mustDecimal('amount'), currency, RESOURCE, 'amount');
  if (amountMinor <= 0n) throw refuse(RESOURCE, 'badValue', 'The payment amount must be greater than zero.');
  const effectiveDate = paymentDateOf(tenant, body);
  const method = methodOf(tenant, body);
  const shares = sharesOf(
    tenant,
    body,
    { accountId: account?.id, currency, roomMinor: amountMinor },
    RESOURCE,
  );
  const payment: Payment = {
    id: tenant.newId(),
    number: tenant.nextNumber('P-', (number) => tenant.books.paymentNumbers.has(number)),
    accountId: account?.id,
    currency,
    amountMinor,
    appliedMinor: 0n,
    unappliedMinor: amountMinor,
    refundedMinor: 0n,
    effectiveDate,
    latestEffectiveDate: effectiveDate,
    methodId: method.id,
    methodType: method.type,
    referenceId: body.text('referenceId') ?? '',
    comment: body.text('comment') ?? '',
    prepayment: body.flag('prepayment') ?? false,
    transferredToAccounting: body.object('financeInformation')?.text('transferredToAccounting') ?? 'No',
    status: 'Processed',
    cancelledAt: undefined,
    isDeleted: false,
    fields: customTexts(body),
    ...tenant.stamps(),
  };
  tenant.books.payments.set(payment.id, payment);
  tenant.books.paymentNumbers.set(payment.number, payment.id);
  applyShares(tenant, payment, shares, effectiveDate);
  return settled(tenant, payment);
}

export function listPayments(call: Call): JsonRecord {
  const { tenant } = call;
  requireInvoiceSettlement(tenant, RESOURCE);
  const live = [...tenant.books.payments.values()].filter(({ isDeleted }) => !isDeleted).reverse();
  const rows = live.map((payment) => paymentAnswer(tenant, payment));
  return listOf(call, {
    path: '/v1/payments',
    member: 'payments',
    rows,
    filters: FILTERS,
    resource: RESOURCE,
  });
}

export function readPayment(call: Call): JsonRecord {
  requireInvoiceSettlement(call.tenant, RESOURCE);
  return paymentAnswer(call.tenant, paymentByKey(call, 'unknown'));
}

export function readPaymentParts(call: Call): JsonRecord {
  const payment = paymentByKey(call, 'unknown');
  return partsAnswer(call, `/v1/payments/${paramOf(call, 'key')}/parts`, payment);
}

export function updatePayment(call: Call): JsonRecord {
  const { tenant } = call;
  const payment = paymentByKey(call, 'unknown');
  const body = readBody(call.body, UPDATE_PAYMENT, RESOURCE, new Set(tenant.features.customFields.payment));
  payment.comment = body.text('comment') ?? payment.comment;
  payment.referenceId = body.text('referenceId') ?? payment.referenceId;
  payment.transferredToAccounting =
    body.object('financeInformation')?.text('transferredToAccounting') ?? payment.transferredToAccounting;
  Object.assign(payment.fields, customTexts(body));
  return settled(tenant, payment);
}

export function applyPayment(call: Call): JsonRecord {
  const { tenant } = call;
  requireInvoiceSettlement(tenant, RESOURCE);
  const payment = paymentByKey(call, 'payment');
  const body = readBody(call.body, APPLY_PAYMENT, RESOURCE);
  requireLive(payment, RESOURCE);
  const effectiveDate = body.text('effectiveDate') ?? latest(tenant.today(), payment.latestEffectiveDate);
  requireNotBefore(payment, effectiveDate, RESOURCE);
  const { accountId, currency, unappliedMinor } = payment;
  const shares = sharesOf(tenant, body, { accountId, currency, roomMinor: unappliedMinor }, RESOURCE);
  if (shares.length === 0) throw refuse(RESOURCE, 'missingField', "'invoices' is required.");
  applyShares(tenant, payment, shares, effectiveDate);
  return settled(tenant, payment);
}

export function unapplyPayment(call: Call): JsonRecord {
  const { tenant } = call;
  requireInvoiceSettlement(tenant, 'unapply');
  const payment = paymentByKey(call, 'unapply');
  const body = readBody(call.body, APPLY_PAYMENT, 'unapply');
  requireLive(payment, 'unapply');
  requireNotBefore(payment, body.text('effectiveDate') ?? payment.latestEffectiveDate, 'unapply');
  unapplyShares(tenant, payment, body, 'unapply');
  return settled(tenant, payment);
}

export function cancelPayment(call: Call): JsonRecord {
  const { tenant } = call;
  requireInvoiceSettlement(tenant, RESOURCE);
  const payment = paymentByKey(call, 'unknown');
  readBody(call.body, EMPTY, RESOURCE);
  requireLive(payment, RESOURCE);
  if (payment.appliedMinor > 0n)
    throw refuse(RESOURCE, 'rule', 'An applied payment must be unapplied before it is canceled.');
  if (payment.refundedMinor > 0n) throw refuse(RESOURCE, 'rule', 'A refunded payment cannot be canceled.');
  payment.status = 'Canceled';
  payment.unappliedMinor = 0n;
  payment.cancelledAt = tenant.clock.now();
  return settled(tenant, payment);
}

export function transferPayment(call: Call): JsonRecord {
  const { tenant } = call;
  requireInvoiceSettlement(tenant, 'transfer');
  const payment = paymentByKey(call, 'transfer');
  const body = readBody(call.body, TRANSFER_PAYMENT, 'transfer');
  requireLive(payment, 'transfer');
  if (payment.appliedMinor > 0n)
    throw refuse('transfer', 'rule', 'Only unapplied payments can be transferred.');
  const day = body.text('effectiveDate')?.slice(0, 10);
  if (day !== undefined) requireNotBefore(payment, day, 'transfer');
  const key = body.text('accountId') ?? '';
  const account = tenant.books.accounts.get(key);
  if (key !== '' && account === undefined)
    throw refuse('transfer', 'badValue', `The account key '${key}' is invalid.`);
  payment.accountId = account?.id;
  if (day !== undefined) payment.latestEffectiveDate = latest(payment.latestEffectiveDate, day);
  return settled(tenant, payment);
}

export function deletePayment(call: Call): JsonRecord {
  const payment = paymentByKey(call, 'unknown');
  if (payment.status !== 'Canceled')
    throw refuse(RESOURCE, 'rule', 'Only payments with Canceled status can be deleted.');
  payment.isDeleted = true;
  payment.updatedAt = call.tenant.clock.now();
  return { success: true };
}

export function paymentByKey(call: Call, resource: Resource): Payment {
  const key = paramOf(call, 'key');
  const payment = call.tenant.books.findPayment(key);
  if (payment === undefined) throw refuse(resource, 'notFound', `Cannot find entity by key: '${key}'.`);
  return payment;
}

function accountOfPayment(tenant: Tenant, body: Body): Account | undefined {
  const id = body.text('accountId');
  const number = body.text('accountNumber');
  if (id === undefined && number === undefined) return undefined;
  const account = tenant.books.accounts.get(id ?? tenant.books.accountNumbers.get(number ?? '') ?? '');
  if (account === undefined)
    throw refuse(RESOURCE, 'badValue', `The account key '${id ?? number}' is invalid.`);
  return account;
}

function paymentDateOf(tenant: Tenant, body: Body): string {
  const today = tenant.today();
  const day = body.text('effectiveDate') ?? today;
  const { paymentDates } = tenant.features;
  if ((paymentDates === 'today' && day !== today) || (paymentDates === 'past-or-today' && day > today)) {
    throw refuse(RESOURCE, 'badValue', `The effective date ${day} is not allowed; today is ${today}.`);
  }
  requireOpenPeriod(tenant, day, RESOURCE);
  return day;
}

function methodOf(tenant: Tenant, body: Body): PaymentMethod {
  const id = body.text('paymentMethodId');
  const type = body.text('paymentMethodType');
  if (id === undefined && type === undefined) {
    throw refuse(
      RESOURCE,
      'badValue',
      'The account has no default payment method; paymentMethodId or paymentMethodType is needed.',
    );
  }
  const method = tenant.methods.find((known) => (id === undefined ? known.type === type : known.id === id));
  if (method === undefined)
    throw refuse(RESOURCE, 'badValue', `The payment method '${id ?? type}' is invalid.`);
  if (!tenant.features.paymentMethodsEnabled.includes(method.type)) {
    throw refuse(RESOURCE, 'badValue', `The payment method type '${method.type}' is not enabled.`);
  }
  return method;
}

export function requireLive(payment: Payment, resource: Resource): void {
  if (payment.status === 'Processed') return;
  throw refuse(resource, 'rule', `The payment ${payment.number} has ${payment.status} status.`);
}

export function settled(tenant: Tenant, payment: Payment): JsonRecord {
  payment.updatedAt = tenant.clock.now();
  tenant.books.assertFunds(payment);
  return paymentAnswer(tenant, payment);
}
