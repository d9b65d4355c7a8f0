/** Payments under Invoice Settlement: record, apply, unapply, cancel, transfer, delete. */
import type { JsonRecord } from './answers.ts';
import { amountOf, paymentAnswer } from './answers.ts';
import { type Body, readBody } from './body.ts';
import { APPLY_PAYMENT, CREATE_PAYMENT, EMPTY, TRANSFER_PAYMENT, UPDATE_PAYMENT } from './body-specs.ts';
import type { Account, Invoice, Payment } from './books.ts';
import { type Call, pageOf, paramOf } from './call.ts';
import { customTexts } from './invoices.ts';
import { type Resource, refuse } from './refusal.ts';
import {
  minorOf,
  type PaymentMethod,
  requireInvoiceSettlement,
  requireOpenPeriod,
  type Tenant,
} from './tenant.ts';

const RESOURCE = 'payment';

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
  for (const share of shares) applyShare(tenant, payment, share, effectiveDate);
  return settled(tenant, payment);
}

export function listPayments(call: Call): JsonRecord {
  const { tenant, query } = call;
  requireInvoiceSettlement(tenant, RESOURCE);
  const live = [...tenant.books.payments.values()].filter(({ isDeleted }) => !isDeleted).reverse();
  const filters = [...query].filter(([name]) => !['page', 'pageSize', 'sort'].includes(name));
  const known = [
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
  const unknown = filters.find(([name]) => !known.includes(name));
  if (unknown !== undefined) throw refuse(RESOURCE, 'badQuery', `Unknown query parameter '${unknown[0]}'.`);
  const found = live.filter((payment) => {
    const shown = filters.length === 0 ? {} : paymentAnswer(tenant, payment);
    // oxlint-disable-next-line typescript/no-base-to-string -- texts and lossless numbers, which print their digits
    return filters.every(([name, value]) => String(shown[name] ?? '') === value);
  });
  const { rows, nextPage } = pageOf(call, '/v1/payments', found);
  return { payments: rows.map((payment) => paymentAnswer(tenant, payment)), nextPage, success: true };
}

export function readPayment(call: Call): JsonRecord {
  requireInvoiceSettlement(call.tenant, RESOURCE);
  return paymentAnswer(call.tenant, paymentByKey(call, 'unknown'));
}

export function readPaymentParts(call: Call): JsonRecord {
  const payment = paymentByKey(call, 'unknown');
  const parts = call.tenant.books.applicationsOfPayment(payment.id);
  const { rows, nextPage } = pageOf(call, `/v1/payments/${paramOf(call, 'key')}/parts`, parts);
  const shown = rows.map(
    (part): JsonRecord => ({
      id: part.id,
      invoiceId: part.invoiceId,
      amount: amountOf(part.amountMinor, payment.currency),
      createdById: call.tenant.userId,
      createdDate: call.tenant.localTime(part.createdAt),
    }),
  );
  return { parts: shown, nextPage, success: true };
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
  for (const share of shares) applyShare(tenant, payment, share, effectiveDate);
  return settled(tenant, payment);
}

export function unapplyPayment(call: Call): JsonRecord {
  const { tenant } = call;
  requireInvoiceSettlement(tenant, 'unapply');
  const payment = paymentByKey(call, 'unapply');
  const body = readBody(call.body, APPLY_PAYMENT, 'unapply');
  requireLive(payment, 'unapply');
  requireNotBefore(payment, body.text('effectiveDate') ?? payment.latestEffectiveDate, 'unapply');
  const applied = tenant.books.applicationsOfPayment(payment.id);
  const cuts = body.has('invoices')
    ? body.list('invoices').map((share) => {
        const invoice = invoiceOfShare(tenant, share, 'unapply');
        const part = applied.find(({ invoiceId }) => invoiceId === invoice.id);
        const amountMinor = minorOf(share.mustDecimal('amount'), payment.currency, 'unapply', 'amount');
        if (part === undefined || amountMinor <= 0n || amountMinor > part.amountMinor) {
          throw refuse(
            'unapply',
            'badValue',
            `The amount to unapply from ${invoice.number} exceeds what is applied to it.`,
          );
        }
        return { part, amountMinor };
      })
    : applied.map((part) => ({ part, amountMinor: part.amountMinor }));
  if (new Set(cuts.map(({ part }) => part)).size < cuts.length) {
    throw refuse('unapply', 'badValue', 'An invoice may be named only once.');
  }
  for (const { part, amountMinor } of cuts) {
    const invoice = tenant.books.invoices.get(part.invoiceId);
    if (invoice === undefined) continue;
    part.amountMinor -= amountMinor;
    if (part.amountMinor === 0n) tenant.books.removeApplication(part);
    invoice.balanceMinor += amountMinor;
    invoice.updatedAt = tenant.clock.now();
    payment.appliedMinor -= amountMinor;
    payment.unappliedMinor += amountMinor;
    tenant.books.assertInvoice(invoice);
  }
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
  const key = body.text('accountId') ?? '';
  const account = tenant.books.accounts.get(key);
  if (key !== '' && account === undefined)
    throw refuse('transfer', 'badValue', `The account key '${key}' is invalid.`);
  payment.accountId = account?.id;
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

type Share = { invoice: Invoice; amountMinor: bigint };
type Room = { accountId: string | undefined; currency: string; roomMinor: bigint };

/** Which invoices get how much; nothing is changed before everything is found right. */
function sharesOf(tenant: Tenant, body: Body, room: Room, resource: Resource): Share[] {
  const shares = body.list('invoices').map((share): Share => {
    const invoice = invoiceOfShare(tenant, share, resource);
    const amount = share.decimal('amount');
    if (amount === undefined) throw refuse(resource, 'missingField', "'invoices.amount' is required.");
    return { invoice, amountMinor: minorOf(amount, room.currency, resource, 'invoices.amount') };
  });
  const byInvoice = new Map<Invoice, bigint>();
  for (const { invoice, amountMinor } of shares) {
    byInvoice.set(invoice, (byInvoice.get(invoice) ?? 0n) + amountMinor);
    if (amountMinor <= 0n)
      throw refuse(resource, 'badValue', 'The amount to apply must be greater than zero.');
    if (invoice.status !== 'Posted')
      throw refuse(resource, 'rule', `Invoice ${invoice.number} is not posted.`);
    if (invoice.accountId !== room.accountId) {
      throw refuse(
        resource,
        'rule',
        `Invoice ${invoice.number} does not belong to the account of the payment.`,
      );
    }
    if (invoice.currency !== room.currency) {
      throw refuse(
        resource,
        'rule',
        `Invoice ${invoice.number} is in ${invoice.currency}, not in ${room.currency}.`,
      );
    }
  }
  for (const [invoice, amountMinor] of byInvoice) {
    if (amountMinor > invoice.balanceMinor) {
      throw refuse(
        resource,
        'rule',
        `The amount to apply is greater than the balance of invoice ${invoice.number}.`,
      );
    }
  }
  const allMinor = shares.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
  if (allMinor > room.roomMinor) {
    throw refuse(
      resource,
      'rule',
      'The total amount to apply is greater than the unapplied amount of the payment.',
    );
  }
  return [...byInvoice].map(([invoice, amountMinor]) => ({ invoice, amountMinor }));
}

function invoiceOfShare(tenant: Tenant, share: Body, resource: Resource): Invoice {
  const id = share.text('invoiceId');
  const number = share.text('invoiceNumber');
  if (id === undefined && number === undefined)
    throw refuse(resource, 'missingField', "'invoices.invoiceId' is required.");
  const invoice = tenant.books.invoices.get(id ?? tenant.books.invoiceNumbers.get(number ?? '') ?? '');
  if (invoice === undefined || invoice.isDeleted) {
    throw refuse(resource, 'badValue', `The invoice '${id ?? number}' does not exist.`);
  }
  return invoice;
}

function applyShare(
  tenant: Tenant,
  payment: Payment,
  { invoice, amountMinor }: Share,
  effectiveDate: string,
): void {
  const known = tenant.books
    .applicationsOfPayment(payment.id)
    .find(({ invoiceId }) => invoiceId === invoice.id);
  if (known === undefined) {
    tenant.books.addApplication({
      id: tenant.newId(),
      paymentId: payment.id,
      invoiceId: invoice.id,
      amountMinor,
      effectiveDate,
      ...tenant.stamps(),
    });
  } else {
    known.amountMinor += amountMinor;
    known.updatedAt = tenant.clock.now();
  }
  invoice.balanceMinor -= amountMinor;
  invoice.updatedAt = tenant.clock.now();
  payment.appliedMinor += amountMinor;
  payment.unappliedMinor -= amountMinor;
  payment.latestEffectiveDate = latest(payment.latestEffectiveDate, effectiveDate);
  tenant.books.assertInvoice(invoice);
}

export function requireLive(payment: Payment, resource: Resource): void {
  if (payment.status === 'Processed') return;
  throw refuse(resource, 'rule', `The payment ${payment.number} has ${payment.status} status.`);
}

function requireNotBefore(payment: Payment, day: string, resource: Resource): void {
  if (day >= payment.latestEffectiveDate) return;
  throw refuse(
    resource,
    'badValue',
    `The effective date must not be earlier than ${payment.latestEffectiveDate}.`,
  );
}

export function settled(tenant: Tenant, payment: Payment): JsonRecord {
  payment.updatedAt = tenant.clock.now();
  tenant.books.assertPayment(payment);
  return paymentAnswer(tenant, payment);
}

export function latest(a: string, b: string): string {
  return a > b ? a : b;
}
