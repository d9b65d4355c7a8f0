/** Looks for the effect of a step: by natural key where it makes something, by state where it changes something. */
import type { DestinationRequest, StepResult } from '../../core/ports.ts';
import type { Step } from '../../core/steps.ts';
import type { ZuoraClient } from './client.ts';
import { findAccountChange } from './find-account-effect.ts';
import { findAdjustment, findInvoice, findInvoiceChange } from './find-invoice-effect.ts';
import { findApplication, findMemo, findMemoState } from './find-memo-effect.ts';
import { findPayment, findPaymentState, findRefund, findRefundCancelled } from './find-payment-effect.ts';
import { findOwnAccount } from './lookups.ts';

/** Undefined when there surely is no effect of the step; `conflict` when the state is neither before nor after it. */
export async function findEffect(
  client: ZuoraClient,
  step: Step,
  sent?: DestinationRequest,
): Promise<StepResult | undefined> {
  switch (step.kind) {
    case 'create-account':
      return findOwnAccount(client, step.accountNumber, step.currency);
    case 'update-account':
      return findAccountChange(client, step);
    case 'create-invoice':
      return findInvoice(client, step.number, step.externalKey);
    case 'adjust-invoice':
      return findAdjustment(client, step);
    case 'replace-lines':
    case 'change-invoice-date':
    case 'change-due-date':
    case 'change-texts':
    case 'post-invoice':
    case 'unpost-invoice':
    case 'reverse-invoice':
    case 'cancel-invoice':
    case 'delete-invoice':
      return findInvoiceChange(client, step, sent);
    case 'create-payment':
      return findPayment(client, step.externalKey);
    case 'update-payment':
    case 'cancel-payment':
    case 'transfer-payment':
      return findPaymentState(client, step);
    case 'refund-payment':
      return findRefund(client, step);
    case 'cancel-refund':
      return findRefundCancelled(client, step);
    case 'create-credit':
      return findMemo(client, step.number, step.externalKey);
    case 'unpost-credit':
    case 'cancel-credit':
      return findMemoState(client, step);
    case 'apply-payment':
    case 'unapply-payment':
    case 'apply-credit':
    case 'unapply-credit':
      return findApplication(client, step);
  }
}
