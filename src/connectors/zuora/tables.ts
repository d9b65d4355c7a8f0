/** The mapping tables of a connection: what they may say, what they say, and whose fault a refusal is. */
import type { CanonicalInvoice, PaymentMethod, Problem } from '../../core/canonical.ts';
import { OperatingError } from '../../core/errors.ts';
import type { DestinationRequest } from '../../core/ports.ts';
import { parseTable, type TableSpec } from '../../core/table.ts';
import { fit, type Losses } from './text.ts';

export type Settings = Readonly<Record<string, string>>;

/** Zuora's own names of external types; each must be enabled in the tenant (facts, section 7). */
const METHOD_TYPES: Readonly<Record<PaymentMethod, string>> = {
  ach: 'ACH',
  bank_transfer: 'BankTransfer',
  cash: 'Cash',
  check: 'Check',
  credit_card: 'CreditCard',
  debit_card: 'DebitCard',
  paypal: 'PayPal',
  other: 'Other',
};

/** What a change of the invoice brings along (`change-texts`), and its id, which never changes. */
const CUSTOM_TEXTS = ['poNumber', 'notes', 'terms', 'sourceId'] as const satisfies (keyof CanonicalInvoice)[];
/** Of a text field; a long one takes more, but which it is cannot be told (facts, section 5). */
const CUSTOM_TEXT_MAXIMUM = 255;

export const TABLES = {
  paymentMethods: {
    from: 'Method',
    to: 'External type in Zuora',
    fromChoices: Object.keys(METHOD_TYPES),
    toChoices: [...Object.values(METHOD_TYPES), 'CreditCardReferenceTransaction', 'WireTransfer'],
  },
  taxCodes: {
    from: 'Name of the tax in the source',
    to: 'Tax code in Zuora',
    toForm: { pattern: /^.{1,64}$/, rule: 'has more than 64 characters' },
  },
  customFields: {
    from: 'Text of the invoice',
    to: 'Custom field of the invoice in Zuora',
    fromChoices: CUSTOM_TEXTS,
    toForm: { pattern: /^[A-Za-z]\w*__c$/, rule: 'is no API name of a custom field, such as PoNumber__c' },
    toOnce: true,
  },
} as const satisfies Record<string, TableSpec>;

/** Empty where nothing is set. */
export function readTable(
  name: keyof typeof TABLES,
  settings: Settings,
  problems: Problem[],
): ReadonlyMap<string, string> {
  const table = parseTable(name, TABLES[name], settings[name] ?? '');
  if (table.ok) return table.value;
  problems.push(...table.problems);
  return new Map();
}

export function methodTypes(
  settings: Settings,
  problems: Problem[],
): Readonly<Record<PaymentMethod, string>> {
  return { ...METHOD_TYPES, ...Object.fromEntries(readTable('paymentMethods', settings, problems)) };
}

/** Each field with its text, '' where the source has none, and the member of the invoice that it is. */
export function customTexts(
  invoice: CanonicalInvoice,
  settings: Settings,
  problems: Problem[],
  losses: Losses,
): [field: string, text: string, from: (typeof CUSTOM_TEXTS)[number]][] {
  const table = readTable('customFields', settings, problems);
  return CUSTOM_TEXTS.flatMap((from): ReturnType<typeof customTexts> => {
    const field = table.get(from);
    if (field === undefined) return [];
    return [[field, fit(field, invoice[from], CUSTOM_TEXT_MAXIMUM, losses) ?? '', from]];
  });
}

/** A refusal of what a table put into the request names the setting. */
export function nameSetting(error: unknown, settings: Settings, { body }: DestinationRequest): unknown {
  if (!(error instanceof OperatingError) || error.kind !== 'rejected') return error;
  const { message, code } = error;
  const told = (field: string, fix: string) =>
    new OperatingError('rejected', `${message}. ${fix} Then replay the record.`, {
      code,
      field,
      cause: error,
    });
  const field = Object.keys(body).find((name) => name.endsWith('__c') && message.includes(name));
  if (field !== undefined)
    return told(
      field,
      `Create ${field} for invoices in Zuora, or correct the connection's setting customFields.`,
    );
  if (settings.taxCodes && /tax ?code/i.test(message))
    return told('taxCode', "Create the tax code in Zuora, or correct the connection's setting taxCodes.");
  if (settings.paymentMethods && error.field === 'paymentMethodType')
    return told('paymentMethodType', "Or correct the connection's setting paymentMethods.");
  return error;
}
