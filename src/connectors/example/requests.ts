/** Steps as the billing's requests. */
import type { JsonObject } from '../../core/json.ts';
import { formatMoney } from '../../core/money.ts';
import type { DestinationRequest } from '../../core/ports.ts';
import type { Step } from '../../core/steps.ts';

export function toRequest(step: Step): DestinationRequest {
  switch (step.kind) {
    case 'create-account':
      return post('account', { number: step.accountNumber, currency: step.currency });
    case 'create-invoice':
      return post('invoice', {
        number: step.number,
        account: step.account.id,
        total: formatMoney(step.breakdown.total),
        comment: step.externalKey,
        post: step.post,
      });
    case 'create-payment': {
      const invoices = step.apply.map(({ invoice, amount }) => ({
        invoice: invoice.id,
        amount: formatMoney(amount),
      }));
      return post('payment', {
        account: step.account.id,
        amount: formatMoney(step.amount),
        reference: step.externalKey,
        invoices,
      });
    }
    case 'create-credit':
      return post('credit', {
        number: step.number,
        account: step.account.id,
        amount: formatMoney(step.credit.amount),
        reference: step.externalKey,
      });
    case 'post-invoice':
      return put('PUT invoice', `/invoices/${step.invoice.id}`, { post: true });
    case 'refund-payment':
    case 'adjust-invoice':
      return { ...put(step.kind, pathOf(step), bodyOf(step)), method: 'POST', idempotent: true };
    case 'delete-invoice':
      return { ...put(step.kind, pathOf(step), {}), method: 'DELETE' };
    default:
      return put(step.kind, pathOf(step), bodyOf(step));
  }
}

type Change = Exclude<
  Step,
  { kind: 'create-account' | 'create-invoice' | 'create-payment' | 'create-credit' }
>;

function pathOf(step: Change): string {
  if ('payment' in step) return `/payments/${step.payment.id}/${step.kind}`;
  if ('credit' in step) return `/credits/${step.credit.id}/${step.kind}`;
  if ('invoice' in step) return `/invoices/${step.invoice.id}/${step.kind}`;
  return `/accounts/${step.account.id}/${step.kind}`;
}

function bodyOf(step: Change): JsonObject {
  return {
    ...('on' in step ? { on: step.on } : {}),
    ...('amount' in step ? { amount: formatMoney(step.amount) } : {}),
    ...('bookedOn' in step ? { bookedOn: step.bookedOn } : {}),
    ...('dueOn' in step ? { dueOn: step.dueOn } : {}),
    ...('mark' in step ? { mark: step.mark } : {}),
    ...(step.kind === 'replace-lines' ? { total: formatMoney(step.breakdown.total) } : {}),
  };
}

function post(what: string, body: JsonObject): DestinationRequest {
  return { call: `POST ${what}`, method: 'POST', path: `/${what}s`, body, idempotent: true };
}

function put(call: string, path: string, body: JsonObject): DestinationRequest {
  return { call, method: 'PUT', path, body, idempotent: false };
}
