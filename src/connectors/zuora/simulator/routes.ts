/** Every served operation: method, path below a region, the name it is counted by, its limiter and its account. */
import {
  createAccount,
  createContact,
  deleteAccount,
  readAccount,
  readContact,
  updateAccount,
  updateContact,
} from './accounts.ts';
import { isRecord } from './body.ts';
import type { Call, Operation } from './call.ts';
import {
  applyCreditMemo,
  cancelCreditMemo,
  createCreditMemo,
  creditInvoice,
  deleteCreditMemo,
  postCreditMemo,
  readCreditMemo,
  readCreditMemoParts,
  reverseCreditMemo,
  unapplyCreditMemo,
  unpostCreditMemo,
} from './credit-memos.ts';
import {
  cancelDebitMemo,
  debitInvoice,
  deleteDebitMemo,
  postDebitMemo,
  readDebitMemo,
  readDebitMemoParts,
  unpostDebitMemo,
} from './debit-memos.ts';
import { describeObject } from './describe.ts';
import {
  changeInvoiceStatus,
  deleteInvoice,
  postInvoice,
  postInvoices,
  readInvoiceParts,
  reverseInvoice,
  unpostInvoice,
  updateInvoice,
  writeOffInvoice,
} from './invoice-changes.ts';
import { createInvoice, createInvoices, readInvoice, readInvoiceItems } from './invoices.ts';
import { OBJECT_QUERIES } from './object-query.ts';
import {
  applyPayment,
  cancelPayment,
  createPayment,
  deletePayment,
  listPayments,
  readPayment,
  readPaymentParts,
  transferPayment,
  unapplyPayment,
  updatePayment,
} from './payments.ts';
import { cancelRefund, listRefunds, readRefund, refundPayment } from './refunds.ts';
import type { ConcurrencyPool } from './regions.ts';
import {
  readAccountingPeriods,
  readBillingRules,
  readCurrencies,
  readDocPrefixes,
  readEntityProfile,
  readFeatures,
  readNumbersAndSkus,
  readPaymentMethodSettings,
  readPaymentTerms,
  readTaxCodes,
} from './settings.ts';

export type Route = {
  method: string;
  segments: readonly string[];
  kind: string;
  run: Operation;
  pool: ConcurrencyPool;
  /** Which error shape the endpoint uses. */
  family: 'v1' | 'object-query' | 'settings' | 'crud';
};

const FAMILIES: ReadonlyArray<readonly [string, Route['family']]> = [
  ['/object-query', 'object-query'],
  ['/settings', 'settings'],
  ['/v1/object', 'crud'],
];

function route(
  method: string,
  path: string,
  name: string,
  run: Operation,
  pool: ConcurrencyPool = 'default',
): Route {
  const family = FAMILIES.find(([start]) => path.startsWith(start))?.[1] ?? 'v1';
  const verb = family === 'object-query' ? 'QUERY' : method;
  return { method, segments: path.split('/').slice(1), kind: `${verb} ${name}`, run, pool, family };
}

const ROUTES: readonly Route[] = [
  route('POST', '/v1/accounts', 'account', createAccount, 'highVolume'),
  route('GET', '/v1/accounts/:key', 'account', readAccount),
  route('PUT', '/v1/accounts/:key', 'account', updateAccount),
  route('DELETE', '/v1/accounts/:key', 'account', deleteAccount),
  route('POST', '/v1/contacts', 'contact', createContact),
  route('GET', '/v1/contacts/:key', 'contact', readContact),
  route('PUT', '/v1/contacts/:key', 'contact', updateContact),
  route('POST', '/v1/invoices', 'invoice', createInvoice),
  route('POST', '/v1/invoices/batch', 'invoice batch', createInvoices),
  route('POST', '/v1/invoices/bulk-post', 'invoice bulk-post', postInvoices),
  route('GET', '/v1/invoices/:key', 'invoice', readInvoice),
  route('PUT', '/v1/invoices/:key', 'invoice', updateInvoice),
  route('DELETE', '/v1/invoices/:key', 'invoice', deleteInvoice),
  route('GET', '/v1/invoices/:key/items', 'invoice items', readInvoiceItems),
  route('GET', '/v1/invoices/:key/application-parts', 'invoice application-parts', readInvoiceParts),
  route('PUT', '/v1/invoices/:key/post', 'invoice post', postInvoice),
  route('PUT', '/v1/invoices/:key/unpost', 'invoice unpost', unpostInvoice),
  route('PUT', '/v1/invoices/:key/reverse', 'invoice reverse', reverseInvoice),
  route('PUT', '/v1/object/invoice/:key', 'invoice cancel', changeInvoiceStatus),
  route('PUT', '/v1/invoices/:key/write-off', 'invoice write-off', writeOffInvoice),
  route('POST', '/v1/payments', 'payment', createPayment),
  route('GET', '/v1/payments', 'payments', listPayments),
  route('GET', '/v1/payments/:key', 'payment', readPayment),
  route('PUT', '/v1/payments/:key', 'payment', updatePayment),
  route('DELETE', '/v1/payments/:key', 'payment', deletePayment),
  route('GET', '/v1/payments/:key/parts', 'payment parts', readPaymentParts),
  route('PUT', '/v1/payments/:key/apply', 'payment apply', applyPayment),
  route('PUT', '/v1/payments/:key/unapply', 'payment unapply', unapplyPayment),
  route('PUT', '/v1/payments/:key/cancel', 'payment cancel', cancelPayment),
  route('PUT', '/v1/payments/:key/transfer', 'payment transfer', transferPayment),
  route('POST', '/v1/payments/:key/refunds', 'refund', refundPayment),
  route('GET', '/v1/refunds', 'refunds', listRefunds),
  route('GET', '/v1/refunds/:key', 'refund', readRefund),
  route('PUT', '/v1/refunds/:key/cancel', 'refund cancel', cancelRefund),
  route('POST', '/v1/credit-memos', 'credit-memo', createCreditMemo),
  route('POST', '/v1/credit-memos/invoice/:key', 'credit-memo from-invoice', creditInvoice),
  route('GET', '/v1/credit-memos/:key', 'credit-memo', readCreditMemo),
  route('DELETE', '/v1/credit-memos/:key', 'credit-memo', deleteCreditMemo),
  route('GET', '/v1/credit-memos/:key/parts', 'credit-memo parts', readCreditMemoParts),
  route('PUT', '/v1/credit-memos/:key/post', 'credit-memo post', postCreditMemo),
  route('PUT', '/v1/credit-memos/:key/unpost', 'credit-memo unpost', unpostCreditMemo),
  route('PUT', '/v1/credit-memos/:key/apply', 'credit-memo apply', applyCreditMemo),
  route('PUT', '/v1/credit-memos/:key/unapply', 'credit-memo unapply', unapplyCreditMemo),
  route('PUT', '/v1/credit-memos/:key/cancel', 'credit-memo cancel', cancelCreditMemo),
  route('PUT', '/v1/credit-memos/:key/reverse', 'credit-memo reverse', reverseCreditMemo),
  route('POST', '/v1/debit-memos/invoice/:key', 'debit-memo from-invoice', debitInvoice),
  route('GET', '/v1/debit-memos/:key', 'debit-memo', readDebitMemo),
  route('DELETE', '/v1/debit-memos/:key', 'debit-memo', deleteDebitMemo),
  route('GET', '/v1/debit-memos/:key/application-parts', 'debit-memo application-parts', readDebitMemoParts),
  route('PUT', '/v1/debit-memos/:key/post', 'debit-memo post', postDebitMemo),
  route('PUT', '/v1/debit-memos/:key/unpost', 'debit-memo unpost', unpostDebitMemo),
  route('PUT', '/v1/debit-memos/:key/cancel', 'debit-memo cancel', cancelDebitMemo),
  route('GET', '/v1/accounting-periods', 'accounting-periods', readAccountingPeriods),
  route('GET', '/v1/describe/:object', 'describe', describeObject),
  route('GET', '/settings/payment-terms', 'settings', readPaymentTerms),
  route('GET', '/settings/currencies', 'settings', readCurrencies),
  route('GET', '/settings/billing-rules', 'settings', readBillingRules),
  route('GET', '/settings/manage-features', 'settings', readFeatures),
  route('GET', '/settings/doc-prefixes', 'settings', readDocPrefixes),
  route('GET', '/settings/payment-methods', 'settings', readPaymentMethodSettings),
  route('GET', '/settings/tax-codes', 'settings tax-codes', readTaxCodes),
  route('GET', '/settings/entity-profile-info', 'settings entity-profile-info', readEntityProfile),
  route('GET', '/settings/numbers-and-skus', 'settings numbers-and-skus', readNumbersAndSkus),
  ...Object.entries(OBJECT_QUERIES).flatMap(([name, run]) => [
    route('GET', `/object-query/${name}`, name, run, 'objectQuery'),
    route('GET', `/object-query/${name}/:key`, name, run, 'objectQuery'),
  ]),
];

export type Found = { route: Route; params: Record<string, string> };

/** `isKnownPath` tells a wrong method (405) from a wrong path (404). */
export function findRoute(method: string, path: string): { found: Found | undefined; isKnownPath: boolean } {
  const segments = path.split('/').slice(1);
  let isKnownPath = false;
  for (const candidate of ROUTES) {
    if (candidate.segments.length !== segments.length) continue;
    const params = paramsOf(candidate, segments);
    if (params === undefined) continue;
    isKnownPath = true;
    if (candidate.method === method) return { found: { route: candidate, params }, isKnownPath };
  }
  return { found: undefined, isKnownPath };
}

function paramsOf(candidate: Route, segments: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, wanted] of candidate.segments.entries()) {
    const given = segments[index] ?? '';
    if (wanted.startsWith(':')) params[wanted.slice(1)] = decoded(given);
    else if (wanted !== given) return undefined;
  }
  return params;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function firstOf(body: unknown): unknown {
  return isRecord(body) && Array.isArray(body['invoices']) ? body['invoices'][0] : undefined;
}

/** The account a write locks; undefined where it cannot be told before the call runs. */
export function accountOfWrite(
  { route: { kind }, params }: Found,
  { tenant: { books }, body }: Call,
): string | undefined {
  const key = params['key'];
  const [, noun] = kind.split(' ');
  if (key !== undefined) {
    if (noun === 'account') return books.findAccount(key)?.id;
    if (noun === 'contact') return books.contacts.get(key)?.accountId;
    if (noun === 'invoice' || kind.endsWith(' from-invoice')) return books.findInvoice(key)?.accountId;
    if (noun === 'credit-memo') return books.findCreditMemo(key)?.accountId;
    if (noun === 'debit-memo') return books.findDebitMemo(key)?.accountId;
    // A refund is made below its payment, and cancelled under its own key.
    return (books.findPayment(key) ?? books.refunds.get(key))?.accountId;
  }
  const posted = kind === 'POST invoice bulk-post' ? firstOf(body) : undefined;
  if (isRecord(posted) && typeof posted['id'] === 'string') return books.findInvoice(posted['id'])?.accountId;
  const source = kind === 'POST invoice batch' ? (firstOf(body) ?? body) : body;
  if (!isRecord(source)) return undefined;
  const named = source['accountId'] ?? source['accountNumber'];
  return typeof named === 'string' ? books.findAccount(named)?.id : undefined;
}
