/** The books as a source: read, listed and mapped. */
import type { CanonicalDocument, DocumentKind, Mapped, Problem, Visibility } from '../../core/canonical.ts';
import { OperatingError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import {
  isKnownCurrency,
  type Money,
  MoneyError,
  parseExact,
  parseMoney,
  roundToMoney,
  zeroMoney,
} from '../../core/money.ts';
import type { Source, SourceManifest, SourceRecord } from '../../core/ports.ts';
import type { BookClient, BookCredit, BookInvoice, BookPayment, Books } from './books.ts';
import { webhookFormat } from './webhook.ts';

const PAGE_SIZE = 2;
const KINDS = ['client', 'invoice', 'payment', 'credit'] as const;

export function booksManifest(books: Books): SourceManifest {
  return {
    id: 'example-books',
    label: 'Example books',
    side: 'source',
    fields: [
      { name: 'accountId', label: 'Account', help: 'Name of the books.', secret: false, required: true },
      { name: 'key', label: 'Key', help: 'Any text.', secret: true, required: true },
      {
        name: 'tone',
        label: 'Tone',
        help: 'How it talks.',
        secret: false,
        required: false,
        choices: ['kind', 'curt'],
        default: 'kind',
      },
    ],
    identitySettings: ['accountId'],
    webhooks: webhookFormat,
    consent: {
      authorizeUrl: async ({ redirectUri, state }) =>
        `https://books.example/consent?state=${state}&redirect_uri=${encodeURIComponent(redirectUri)}`,
      async exchange(_context, { code }) {
        if (code !== 'good') throw new OperatingError('rejected', 'the code is not good');
        return { settings: { accountId: books.account }, secrets: { refreshToken: 'given-by-consent' } };
      },
    },
    create: () => createSource(books),
  };
}

function createSource(books: Books): Source {
  return {
    identity: { prefix: 'EX', account: books.account },
    kinds: KINDS,
    async read(kind, sourceId) {
      const raw = books.read(kind, sourceId);
      await books.faults.pass(`read ${kind}`);
      return raw && toRecord(kind, raw);
    },
    async list({ kind, changedSince = 0, deleted, cursor }) {
      const all = books.list(kind, { changedSince, deleted });
      await books.faults.pass(`list ${kind}`);
      const from = cursor === undefined ? 0 : Number.parseInt(cursor, 10);
      return {
        records: all.slice(from, from + PAGE_SIZE).map((raw) => toRecord(kind, raw)),
        next: from + PAGE_SIZE < all.length ? `${from + PAGE_SIZE}` : undefined,
        estimatedTotal: all.length,
      };
    },
    toRecord,
    toCanonical,
    callbacks: {
      topics: KINDS,
      register: async (topic, url) => books.register(topic, url),
      list: async () => books.callbacks(),
      async confirm(remoteId, verifier) {
        if (!books.confirm(remoteId, verifier)) throw new OperatingError('rejected', 'wrong verifier');
      },
      requestHandshake: async (remoteId) => books.shakeHands(remoteId),
      remove: async (remoteId) => books.remove(remoteId),
    },
    ping: async () => [{ name: 'answer', ok: true, detail: `books of ${books.account}` }],
  };
}

function toRecord(kind: DocumentKind, raw: JsonObject): SourceRecord {
  const text = (name: string) => (typeof raw[name] === 'string' ? raw[name] : '');
  return {
    kind,
    sourceId: text('id'),
    raw,
    clientId: kind === 'client' ? text('id') : text('client'),
    label: text('number') || text('name') || text('id'),
    amount: tryMoney(text('total') || text('amount'), text('currency')),
    date: text('issued') || text('paid') || undefined,
    invoiceId: (kind === 'payment' && text('invoice')) || undefined,
  };
}

function tryMoney(text: string, currency: string): Money | undefined {
  try {
    return parseMoney(text, currency);
  } catch (error) {
    if (error instanceof MoneyError) return undefined;
    throw error;
  }
}

function toCanonical({ kind, sourceId, clientId, raw }: SourceRecord): Mapped<CanonicalDocument> {
  const visibility: Visibility = raw['deleted'] === true ? 'deleted' : 'active';
  const base = { sourceId, clientId, visibility };
  switch (kind) {
    case 'client': {
      const { name, email } = raw as unknown as BookClient;
      return ok({ ...base, kind, organization: name, ...(email ? { email } : {}), address: {} });
    }
    case 'invoice':
      return toInvoice(base, raw as unknown as BookInvoice);
    case 'payment':
      return toPayment(base, raw as unknown as BookPayment);
    case 'credit': {
      const { number, amount, currency, issued } = raw as unknown as BookCredit;
      return ok({
        ...base,
        kind,
        number,
        amount: parseMoney(amount, currency),
        issuedOn: issued,
        creditType: 'goodwill',
        notes: '',
      });
    }
  }
}

type Base = { sourceId: string; clientId: string; visibility: Visibility };

function toInvoice(base: Base, raw: BookInvoice): Mapped<CanonicalDocument> {
  const { currency } = raw;
  const problems = problemsOf(raw.total, currency, 'total');
  if (problems.length > 0) return { ok: false, problems };
  return ok({
    ...base,
    kind: 'invoice',
    number: raw.number,
    currency,
    issuedOn: raw.issued,
    dueOn: raw.due,
    stage: raw.status === 'draft' ? 'draft' : 'issued',
    sourceStatus: raw.status,
    lines: raw.lines.map(({ name, quantity, price, tax }) => ({
      name,
      description: '',
      quantity,
      unitPrice: price,
      amount: roundToMoney(parseExact(quantity).times(parseExact(price)), currency, 'half-up'),
      taxes: tax ? [{ name: tax.name, ratePercent: tax.rate }] : [],
      compound: false,
    })),
    discountPercent: '0',
    discountTotal: zeroMoney(currency),
    total: parseMoney(raw.total, currency),
    outstanding: parseMoney(raw.total, currency),
    notes: '',
    terms: '',
    poNumber: '',
  });
}

function toPayment(base: Base, raw: BookPayment): Mapped<CanonicalDocument> {
  const problems = problemsOf(raw.amount, raw.currency, 'amount');
  if (problems.length > 0) return { ok: false, problems };
  return ok({
    ...base,
    kind: 'payment',
    invoiceId: raw.invoice,
    amount: parseMoney(raw.amount, raw.currency),
    paidOn: raw.paid,
    method: 'cash',
    methodLabel: 'Cash',
    note: raw.note ?? '',
    fromCredit: raw.fromCredit ?? false,
  });
}

function problemsOf(amount: string, currency: string, field: string): Problem[] {
  if (!isKnownCurrency(currency)) {
    return [{ field: 'currency', value: currency, rule: 'is no currency of ISO 4217' }];
  }
  return tryMoney(amount, currency) ? [] : [{ field, value: amount, rule: `is no amount in ${currency}` }];
}

function ok(value: CanonicalDocument): Mapped<CanonicalDocument> {
  return { ok: true, value };
}
