/** Which permission of the API user each step needs, as Zuora's role pages name it, and where it is granted. */
import type { StepKind } from '../../core/steps.ts';

const INVOICE = 'Modify Invoice';
const MEMO = 'the permissions of credit and debit memos (create, post, apply, unapply, unpost, cancel)';

const NEEDED: Readonly<Record<StepKind, string>> = {
  'create-account': 'API Write Access, and creating accounts',
  'update-account': 'API Write Access, and editing accounts',
  'create-invoice': 'Create Standalone Invoice Without Product Catalog, and Post Invoices where it is sent',
  'replace-lines': INVOICE,
  'change-invoice-date': INVOICE,
  'change-due-date': INVOICE,
  'change-texts': INVOICE,
  'post-invoice': 'Post Invoices',
  'unpost-invoice': 'Cancel Posted Billing Documents, for the tenant and for the user',
  'reverse-invoice': 'Cancel Posted Billing Documents, for the tenant and for the user',
  'cancel-invoice': INVOICE,
  'delete-invoice': INVOICE,
  'adjust-invoice': MEMO,
  'create-payment': 'Process External Payment, and Apply Payment',
  'update-payment': 'Process External Payment',
  'apply-payment': 'Apply Payment',
  'unapply-payment': 'Unapply Payment',
  'cancel-payment': 'Cancel External Payment',
  'transfer-payment': 'Transfer Payment',
  'refund-payment': 'Issue External Refund',
  'cancel-refund': 'Cancel External Refund',
  'create-credit': MEMO,
  'apply-credit': MEMO,
  'unapply-credit': MEMO,
  'unpost-credit': MEMO,
  'cancel-credit': MEMO,
};

export function permissionFor(step: StepKind): string {
  return `Give the API user ${NEEDED[step]} in Zuora (Administration > Manage User Roles, billing and payments roles); then ping the connection, and it is tried at once.`;
}
