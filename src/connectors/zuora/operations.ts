/** Every operation of the Zuora API that the connector uses, by the name it has in logs and trails. */

/** Method and path template, as the official OpenAPI writes them; the settings pages are not part of it. */
export const OPERATIONS = {
  'POST token': 'POST /oauth/token',
  'POST account': 'POST /v1/accounts',
  'GET account': 'GET /v1/accounts/{account-key}',
  'POST invoice': 'POST /v1/invoices',
  'GET invoice': 'GET /v1/invoices/{invoiceKey}',
  'PUT invoice post': 'PUT /v1/invoices/{invoiceKey}/post',
  'POST payment': 'POST /v1/payments',
  'GET payment': 'GET /v1/payments/{paymentKey}',
  'GET payments': 'GET /v1/payments',
  'GET payment parts': 'GET /v1/payments/{paymentKey}/parts',
  'GET accounting-periods': 'GET /v1/accounting-periods',
  'GET object-query accounts': 'GET /object-query/accounts',
  'GET object-query contacts': 'GET /object-query/contacts',
  'GET object-query payments': 'GET /object-query/payments',
  'GET object-query payment-methods': 'GET /object-query/payment-methods',
  'GET object-query taxation-items': 'GET /object-query/taxation-items',
  'GET settings currencies': 'GET /settings/currencies',
  'GET settings payment-terms': 'GET /settings/payment-terms',
  'GET settings doc-prefixes': 'GET /settings/doc-prefixes',
  'GET settings billing-rules': 'GET /settings/billing-rules',
  'GET settings manage-features': 'GET /settings/manage-features',
} as const;

export type CallName = keyof typeof OPERATIONS;
/** What `ZuoraClient.query` can list. */
export type QueriedObject = 'accounts' | 'contacts' | 'payments' | 'payment-methods' | 'taxation-items';
