/** Refunds of the unapplied part of a payment: record, read, cancel. */
import type { JsonRecord } from './answers.ts';
import { readBody } from './body.ts';
import { REFUND_PAYMENT } from './body-specs-settlement.ts';
import { type Call, listOf, paramOf } from './call.ts';
import type { Refund } from './funds.ts';
import { refundAnswer } from './funds-answers.ts';
import { paymentByKey, requireLive, settled } from './payments.ts';
import { refuse } from './refusal.ts';
import { latest } from './settlement.ts';
import { minorOf, requireInvoiceSettlement, requireOpenPeriod } from './tenant.ts';

export function refundPayment(call: Call): JsonRecord {
  const { tenant } = call;
  requireInvoiceSettlement(tenant, 'refund');
  const payment = paymentByKey(call, 'unknown');
  const body = readBody(call.body, REFUND_PAYMENT, 'refund');
  requireLive(payment, 'refund');
  if (body.text('type') === 'Electronic')
    throw refuse('refund', 'rule', 'An external payment cannot be refunded electronically.');
  const methodType = body.text('methodType');
  if (methodType === undefined)
    throw refuse('refund', 'missingField', "'methodType' is required for external refunds.");
  const amountMinor = minorOf(body.mustDecimal('totalAmount'), payment.currency, 'refund', 'totalAmount');
  if (amountMinor <= 0n || amountMinor > payment.unappliedMinor) {
    throw refuse(
      'refund',
      'badValue',
      'The refund amount must be positive and not exceed the unapplied amount of the payment.',
    );
  }
  const refundDate = body.text('refundDate') ?? latest(tenant.today(), payment.effectiveDate);
  if (refundDate < payment.effectiveDate) {
    throw refuse('refund', 'badValue', 'The refund date must not be earlier than the payment date.');
  }
  requireOpenPeriod(tenant, refundDate, 'refund');
  const refund: Refund = {
    id: tenant.newId(),
    number: tenant.nextNumber('R-', () => false),
    paymentId: payment.id,
    accountId: payment.accountId,
    currency: payment.currency,
    amountMinor,
    refundDate,
    methodType,
    referenceId: body.text('referenceId') ?? '',
    comment: body.text('comment') ?? '',
    status: 'Processed',
    cancelledAt: undefined,
    ...tenant.stamps(),
  };
  tenant.books.refunds.set(refund.id, refund);
  payment.refundedMinor += amountMinor;
  payment.unappliedMinor -= amountMinor;
  settled(tenant, payment);
  return refundAnswer(tenant, refund);
}

const FILTERS = ['accountId', 'amount', 'methodType', 'number', 'paymentId', 'refundDate', 'status', 'type'];

/** Newest first. */
export function listRefunds(call: Call): JsonRecord {
  requireInvoiceSettlement(call.tenant, 'refund');
  const shown = [...call.tenant.books.refunds.values()]
    .reverse()
    .map((one) => refundAnswer(call.tenant, one));
  return listOf(call, {
    path: '/v1/refunds',
    member: 'refunds',
    rows: shown,
    filters: FILTERS,
    resource: 'refund',
  });
}

export function readRefund(call: Call): JsonRecord {
  return refundAnswer(call.tenant, refundByKey(call));
}

export function cancelRefund(call: Call): JsonRecord {
  const { tenant } = call;
  const refund = refundByKey(call);
  const payment = tenant.books.payments.get(refund.paymentId);
  if (refund.status === 'Canceled' || payment === undefined)
    throw refuse('refund', 'rule', 'The refund is already canceled.');
  refund.status = 'Canceled';
  refund.cancelledAt = tenant.clock.now();
  payment.refundedMinor -= refund.amountMinor;
  payment.unappliedMinor += refund.amountMinor;
  settled(tenant, payment);
  return refundAnswer(tenant, refund);
}

function refundByKey(call: Call): Refund {
  const key = paramOf(call, 'key');
  const refunds = call.tenant.books.refunds;
  const refund = refunds.get(key) ?? [...refunds.values()].find(({ number }) => number === key);
  if (refund === undefined) throw refuse('unknown', 'notFound', `Cannot find entity by key: '${key}'.`);
  return refund;
}
