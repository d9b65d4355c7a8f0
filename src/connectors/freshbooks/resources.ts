/** The four kinds of documents as data: where they are, under which keys they come, whose they are. */
import type { DocumentKind } from '../../core/canonical.ts';
import { OperatingError } from '../../core/errors.ts';
import type { JsonObject, JsonValue } from '../../core/json.ts';
import { type Money, MoneyError, parseMoney } from '../../core/money.ts';
import type { SourceRecord } from '../../core/ports.ts';
import { toCurrency } from './findings.ts';
import { isJsonObject } from './wire.ts';

type Resource = {
  /** Below /accounting/account/{id}/. */
  path: string;
  listKey: string;
  /** The first one present holds the object of a single GET. */
  singleKeys: readonly string[];
  /** Members that hold the id; the first one present counts. */
  idKeys: readonly string[];
  /** The member that names the client. */
  clientKey: string;
  /** Without `lines` there are none, in lists and single reads alike. */
  includes: readonly string[];
};

export const RESOURCES: Readonly<Record<DocumentKind, Resource>> = {
  client: {
    path: 'users/clients',
    listKey: 'clients',
    singleKeys: ['client'],
    idKeys: ['id', 'userid'],
    clientKey: 'id',
    includes: [],
  },
  invoice: {
    path: 'invoices/invoices',
    listKey: 'invoices',
    singleKeys: ['invoice'],
    idKeys: ['invoiceid', 'id'],
    clientKey: 'customerid',
    includes: ['lines'],
  },
  payment: {
    path: 'payments/payments',
    listKey: 'payments',
    singleKeys: ['payment'],
    idKeys: ['id', 'logid'],
    clientKey: 'clientid',
    includes: [],
  },
  credit: {
    path: 'credit_notes/credit_notes',
    listKey: 'credit_notes',
    singleKeys: ['credit_note', 'credit_notes'],
    idKeys: ['creditid', 'id'],
    clientKey: 'clientid',
    includes: ['lines'],
  },
};

/** An id as text; '' where there is none (null, '' and 0 all mean none). */
export function toIdText(value: JsonValue | undefined): string {
  if (typeof value !== 'number' && typeof value !== 'string') return '';
  const text = String(value);
  return text === '0' ? '' : text;
}

/**
 * The client of a payment's invoice, found by one more read because the payment named none. Kept inside the document
 * under a name that FreshBooks does not use, so that a stored document still knows its lane.
 */
const FOUND_CLIENT = 'ml_connector_clientid';

export function withFoundClient(raw: JsonObject, clientId: string): JsonObject {
  return { ...raw, [FOUND_CLIENT]: clientId };
}

/** A record with `clientId` '' where nothing names the client. Throws OperatingError where there is no id. */
export function toRecord(kind: DocumentKind, raw: JsonObject): SourceRecord {
  const { idKeys, clientKey } = RESOURCES[kind];
  const sourceId = idKeys.map((key) => toIdText(raw[key])).find((text) => text !== '');
  if (!sourceId) {
    throw new OperatingError('rejected', `FreshBooks sent a ${kind} without an id.`, {
      code: 'unknown_form',
    });
  }
  const clientId = kind === 'client' ? sourceId : toIdText(raw[clientKey]) || toIdText(raw[FOUND_CLIENT]);
  const label = toLabel(kind, raw) || sourceId;
  const invoiceId = kind === 'payment' ? toIdText(raw['invoiceid']) : '';
  return {
    kind,
    sourceId,
    raw,
    clientId,
    label,
    amount: findAmount(raw['amount']),
    date: findDate(raw[DATE_KEY[kind]]),
    ...(invoiceId === '' ? {} : { invoiceId }),
    ...(kind === 'invoice' ? { owed: findAmount(raw['outstanding']) } : {}),
  };
}

/** Where the day of a document stands; clients have none. */
const DATE_KEY: Readonly<Record<DocumentKind, string>> = {
  client: '',
  invoice: 'create_date',
  payment: 'date',
  credit: 'create_date',
};

function findDate(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) ? value : undefined;
}

function findAmount(value: JsonValue | undefined): Money | undefined {
  if (!isJsonObject(value) || typeof value['amount'] !== 'string' || typeof value['code'] !== 'string') {
    return undefined;
  }
  try {
    return parseMoney(value['amount'], toCurrency(value['code']) ?? value['code']);
  } catch (error) {
    if (error instanceof MoneyError) return undefined;
    throw error;
  }
}

function toLabel(kind: DocumentKind, raw: JsonObject): string {
  const word = (name: string) => {
    const value = raw[name];
    return typeof value === 'string' ? value.trim() : '';
  };
  switch (kind) {
    case 'client':
      return word('organization') || `${word('fname')} ${word('lname')}`.trim() || word('email');
    case 'invoice':
      return word('invoice_number');
    case 'credit':
      return word('credit_number');
    case 'payment':
      return '';
  }
}
