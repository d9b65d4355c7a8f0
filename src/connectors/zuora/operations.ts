/** Every operation of the Zuora API that the connector uses, by the name it has in logs and trails. */

/** Method and path template, as the official OpenAPI writes them; the settings pages are not part of it. */
export const OPERATIONS = {
  'POST token': 'POST /oauth/token',
  'POST account': 'POST /v1/accounts',
  'GET account': 'GET /v1/accounts/{account-key}',
  'PUT account': 'PUT /v1/accounts/{account-key}',
  'POST invoice': 'POST /v1/invoices',
  'GET invoice': 'GET /v1/invoices/{invoiceKey}',
  'PUT invoice': 'PUT /v1/invoices/{invoiceKey}',
  'DELETE invoice': 'DELETE /v1/invoices/{invoiceKey}',
  'POST invoice bulk-post': 'POST /v1/invoices/bulk-post',
  // Undocumented, and only where a tenant does not know the one before.
  'PUT invoice post': 'PUT /v1/invoices/{invoiceKey}/post',
  'PUT invoice unpost': 'PUT /v1/invoices/{invoiceKey}/unpost',
  // Of the older CRUD pages, and only where DELETE takes no drafts: nothing else cancels one.
  'PUT invoice cancel': 'PUT /v1/object/invoice/{id}',
  'PUT invoice reverse': 'PUT /v1/invoices/{invoiceKey}/reverse',
  'GET invoice items': 'GET /v1/invoices/{invoiceKey}/items',
  'GET invoice application-parts': 'GET /v1/invoices/{invoiceKey}/application-parts',
  'POST invoice credit-memo': 'POST /v1/credit-memos/invoice/{invoiceKey}',
  'POST invoice debit-memo': 'POST /v1/debit-memos/invoice/{invoiceKey}',
  'GET debit-memo': 'GET /v1/debit-memos/{debitMemoKey}',
  'POST payment': 'POST /v1/payments',
  'GET payment': 'GET /v1/payments/{paymentKey}',
  'GET payments': 'GET /v1/payments',
  'GET payment parts': 'GET /v1/payments/{paymentKey}/parts',
  'PUT payment': 'PUT /v1/payments/{paymentKey}',
  'PUT payment apply': 'PUT /v1/payments/{paymentKey}/apply',
  'PUT payment unapply': 'PUT /v1/payments/{paymentKey}/unapply',
  'PUT payment cancel': 'PUT /v1/payments/{paymentKey}/cancel',
  'PUT payment transfer': 'PUT /v1/payments/{paymentKey}/transfer',
  'POST payment refund': 'POST /v1/payments/{paymentKey}/refunds',
  'GET refund': 'GET /v1/refunds/{refundKey}',
  'GET refunds': 'GET /v1/refunds',
  'PUT refund cancel': 'PUT /v1/refunds/{refundKey}/cancel',
  'POST credit-memo': 'POST /v1/credit-memos',
  'GET credit-memo': 'GET /v1/credit-memos/{creditMemoKey}',
  'GET credit-memo parts': 'GET /v1/credit-memos/{creditMemoKey}/parts',
  'PUT credit-memo apply': 'PUT /v1/credit-memos/{creditMemoKey}/apply',
  'PUT credit-memo unapply': 'PUT /v1/credit-memos/{creditMemoKey}/unapply',
  'PUT credit-memo unpost': 'PUT /v1/credit-memos/{creditMemoKey}/unpost',
  'PUT credit-memo cancel': 'PUT /v1/credit-memos/{creditMemoKey}/cancel',
  'GET accounting-periods': 'GET /v1/accounting-periods',
  'GET object-query accounts': 'GET /object-query/accounts',
  'GET object-query contacts': 'GET /object-query/contacts',
  'GET object-query credit-memos': 'GET /object-query/credit-memos',
  'GET object-query debit-memos': 'GET /object-query/debit-memos',
  'GET object-query invoices': 'GET /object-query/invoices',
  'GET object-query payments': 'GET /object-query/payments',
  'GET object-query payment-methods': 'GET /object-query/payment-methods',
  'GET object-query taxation-items': 'GET /object-query/taxation-items',
  'GET describe': 'GET /v1/describe/{object}',
  'GET settings currencies': 'GET /settings/currencies',
  'GET settings payment-terms': 'GET /settings/payment-terms',
  'GET settings doc-prefixes': 'GET /settings/doc-prefixes',
  'GET settings billing-rules': 'GET /settings/billing-rules',
  'GET settings manage-features': 'GET /settings/manage-features',
  'GET settings tax-codes': 'GET /settings/tax-codes',
  'GET settings entity-profile-info': 'GET /settings/entity-profile-info',
  'GET settings numbers-and-skus': 'GET /settings/numbers-and-skus',
} as const;

export type CallName = keyof typeof OPERATIONS;
/** What `ZuoraClient.query` can list. */
export type QueriedObject =
  | 'accounts'
  | 'contacts'
  | 'credit-memos'
  | 'debit-memos'
  | 'invoices'
  | 'payments'
  | 'payment-methods'
  | 'taxation-items';
