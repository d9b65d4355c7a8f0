/** Canonical steps to the exact calls that carry them out. */
import type { Mapped, Problem } from '../../core/canonical.ts';
import type { DestinationRequest } from '../../core/ports.ts';
import type { Step } from '../../core/steps.ts';
import { accountBody } from './account-request.ts';
import { invoiceBody, type Taxation } from './invoice-request.ts';
import type { CallName } from './operations.ts';
import { paymentBody } from './payment-request.ts';

/** Pure; amounts in the body are decimal texts until they are sent (see wire.ts). */
export function toRequest(
  step: Step,
  tenant: { taxation: Taxation; settings: Record<string, string> },
): Mapped<DestinationRequest> {
  const problems: Problem[] = [];
  const request = requestOf(step, tenant, problems);
  return problems.length === 0 ? { ok: true, value: request } : { ok: false, problems };
}

function requestOf(
  step: Step,
  { taxation, settings }: { taxation: Taxation; settings: Record<string, string> },
  problems: Problem[],
): DestinationRequest {
  switch (step.kind) {
    case 'create-account':
      return post('POST account', '/v1/accounts', accountBody(step, settings, problems));
    case 'create-invoice':
      return post('POST invoice', '/v1/invoices', invoiceBody(step, taxation, problems));
    case 'create-payment':
      return post('POST payment', '/v1/payments', paymentBody(step, problems));
    case 'post-invoice':
      return {
        call: 'PUT invoice post',
        method: 'PUT',
        path: `/v1/invoices/${encodeURIComponent(step.invoice.id)}/post`,
        body: {},
        idempotent: false,
      };
  }
}

function post(call: CallName, path: string, body: DestinationRequest['body']): DestinationRequest {
  return { call, method: 'POST', path, body, idempotent: true };
}
