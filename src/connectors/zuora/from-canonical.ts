/** Canonical steps to the exact calls that carry them out. */
import type { Mapped, Problem } from '../../core/canonical.ts';
import type { JsonObject } from '../../core/json.ts';
import type { DestinationRequest } from '../../core/ports.ts';
import type { Step } from '../../core/steps.ts';
import { accountBody, accountChanges } from './account-request.ts';
import { invoiceBody, linesBody, type TenantSettings, textsBody } from './invoice-request.ts';
import { paymentComment } from './marks.ts';
import { adjustmentBody, creditBody } from './memo-request.ts';
import type { CallName } from './operations.ts';
import { applicationBody, paymentBody, refundBody, transferBody } from './payment-request.ts';
import { type Losses, toldLosses } from './text.ts';

/** Pure; amounts in the body are decimal texts until they are sent (see wire.ts). */
export function toRequest(step: Step, tenant: TenantSettings): Mapped<DestinationRequest> {
  const problems: Problem[] = [];
  const losses: Losses = { changed: [] };
  const request = requestOf(step, tenant, problems, losses);
  if (problems.length > 0) return { ok: false, problems };
  const notes = toldLosses(losses);
  return { ok: true, value: notes.length === 0 ? request : { ...request, notes } };
}

function requestOf(
  step: Step,
  tenant: TenantSettings,
  problems: Problem[],
  losses: Losses,
): DestinationRequest {
  const { settings } = tenant;
  switch (step.kind) {
    case 'create-account':
      return post('POST account', '/v1/accounts', accountBody(step, settings, problems, losses));
    case 'update-account':
      return put('PUT account', `/v1/accounts/${key(step.account)}`, accountChanges(step, problems, losses));
    case 'create-invoice':
      return post('POST invoice', '/v1/invoices', invoiceBody(step, tenant, problems, losses));
    case 'replace-lines':
      return put('PUT invoice', invoicePath(step), linesBody(step, tenant, problems));
    case 'change-invoice-date':
      return put('PUT invoice', invoicePath(step), { invoiceDate: step.bookedOn });
    case 'change-due-date':
      return put('PUT invoice', invoicePath(step), { dueDate: step.dueOn });
    case 'change-texts':
      return put('PUT invoice', invoicePath(step), textsBody(step, settings, problems, losses));
    case 'post-invoice':
      return tenant.posting === 'post'
        ? put('PUT invoice post', `${invoicePath(step)}/post`, {})
        : act('POST invoice bulk-post', '/v1/invoices/bulk-post', { invoices: [{ id: step.invoice.id }] });
    case 'unpost-invoice':
      return put('PUT invoice unpost', `${invoicePath(step)}/unpost`, {});
    case 'reverse-invoice': {
      const dates = { memoDate: step.on, applyEffectiveDate: step.on };
      return put('PUT invoice reverse', `${invoicePath(step)}/reverse`, {
        ...dates,
        comment: step.externalKey,
      });
    }
    case 'cancel-invoice':
      return put('PUT invoice cancel', `/v1/object/invoice/${key(step.invoice)}`, { Status: 'Canceled' });
    case 'delete-invoice':
      return {
        call: 'DELETE invoice',
        method: 'DELETE',
        path: invoicePath(step),
        body: {},
        idempotent: false,
      };
    case 'adjust-invoice': {
      const body = adjustmentBody(step, problems);
      return step.direction === 'credit'
        ? post('POST invoice credit-memo', `/v1/credit-memos/invoice/${key(step.invoice)}`, body)
        : post('POST invoice debit-memo', `/v1/debit-memos/invoice/${key(step.invoice)}`, body);
    }
    case 'create-payment':
      return post('POST payment', '/v1/payments', paymentBody(step, settings, problems));
    case 'update-payment':
      return put('PUT payment', paymentPath(step), { comment: paymentComment(step.from) });
    case 'apply-payment':
      return put('PUT payment apply', `${paymentPath(step)}/apply`, applicationBody(step, problems));
    case 'unapply-payment':
      return put('PUT payment unapply', `${paymentPath(step)}/unapply`, applicationBody(step, problems));
    case 'cancel-payment':
      return put('PUT payment cancel', `${paymentPath(step)}/cancel`, {});
    case 'transfer-payment':
      return put('PUT payment transfer', `${paymentPath(step)}/transfer`, transferBody(step));
    case 'refund-payment':
      return post(
        'POST payment refund',
        `${paymentPath(step)}/refunds`,
        refundBody(step, settings, problems),
      );
    case 'cancel-refund':
      return put('PUT refund cancel', `/v1/refunds/${key(step.refund)}/cancel`, {});
    case 'create-credit':
      return post('POST credit-memo', '/v1/credit-memos', creditBody(step, settings, problems));
    case 'apply-credit':
      return put('PUT credit-memo apply', `${creditPath(step)}/apply`, applicationBody(step, problems));
    case 'unapply-credit':
      return put('PUT credit-memo unapply', `${creditPath(step)}/unapply`, applicationBody(step, problems));
    case 'unpost-credit':
      return put('PUT credit-memo unpost', `${creditPath(step)}/unpost`, {});
    case 'cancel-credit':
      return put('PUT credit-memo cancel', `${creditPath(step)}/cancel`, {});
  }
}

type Keyed = { id: string };
const key = ({ id }: Keyed) => encodeURIComponent(id);
const invoicePath = ({ invoice }: { invoice: Keyed }) => `/v1/invoices/${key(invoice)}`;
const paymentPath = ({ payment }: { payment: Keyed }) => `/v1/payments/${key(payment)}`;
const creditPath = ({ credit }: { credit: Keyed }) => `/v1/credit-memos/${key(credit)}`;

function post(call: CallName, path: string, body: JsonObject): DestinationRequest {
  return { call, method: 'POST', path, body, idempotent: true };
}

/**
 * A POST that changes a state goes without a key: a remembered answer would be given again after the state has changed,
 * and a second call is refused by the state.
 */
function act(call: CallName, path: string, body: JsonObject): DestinationRequest {
  return { call, method: 'POST', path, body, idempotent: false };
}

/** Zuora refuses an idempotency key on a PUT. */
function put(call: CallName, path: string, body: JsonObject): DestinationRequest {
  return { call, method: 'PUT', path, body, idempotent: false };
}
