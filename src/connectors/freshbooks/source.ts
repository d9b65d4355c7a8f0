/** FreshBooks as a Source: reads and lists documents, in their own JSON. */
import { Temporal } from 'temporal-polyfill';
import type { DocumentKind } from '../../core/canonical.ts';
import type { JsonObject } from '../../core/json.ts';
import type { ConnectorContext, ListPage, ListRequest, Source, SourceRecord } from '../../core/ports.ts';
import { revokeTokens } from './auth.ts';
import { createCallbacks } from './callbacks.ts';
import { type Client, createClient } from './client.ts';
import { isNotFound } from './errors.ts';
import { originsOf } from './origins.ts';
import { createPing, permissionFor } from './ping.ts';
import { RESOURCES, toIdText, toRecord, withFoundClient } from './resources.ts';
import { requireAccountId, toSettings } from './settings.ts';
import { toCanonical } from './to-canonical.ts';
import { parsePage, parseSingle } from './wire.ts';

/** The server silently caps at 100. */
const PER_PAGE = 100;
const KINDS: readonly DocumentKind[] = ['client', 'invoice', 'payment', 'credit'];

export function createSource(context: ConnectorContext): Source {
  const client = createClient(context);
  // Read each time: the account may be found, and remembered, while this source is in use.
  const account = () => requireAccountId(toSettings(context.settings));

  async function read(kind: DocumentKind, sourceId: string): Promise<SourceRecord | undefined> {
    const record = await readOne(client, account(), kind, sourceId);
    return record && withClient(record, new Map());
  }

  async function list(request: ListRequest): Promise<ListPage> {
    const { path, listKey, includes } = RESOURCES[request.kind];
    const cursor = parseCursor(request.cursor, request.pageSize);
    const { value } = await client.send({
      call: `GET ${request.kind} list`,
      method: 'GET',
      path: `/accounting/account/${encodeURIComponent(account())}/${path}`,
      query: [
        ...includes.map((include) => ['include[]', include] as const),
        ['page', String(cursor.page)],
        ['per_page', String(cursor.size)],
        ...toFilters(request),
      ],
      parse: (json) => parsePage(json, listKey),
    });
    const owners = new Map<string, string>();
    const records: SourceRecord[] = [];
    for (const raw of value.rows) records.push(await withClient(toRecord(request.kind, raw), owners));
    return {
      records,
      next: toNext(cursor, value),
      estimatedTotal: value.total,
      ...(isIgnored(request, value.rows) ? { filterIgnored: true } : {}),
    };
  }

  /** A payment without `clientid` belongs to its invoice's client; '' where neither tells. */
  async function withClient(record: SourceRecord, owners: Map<string, string>): Promise<SourceRecord> {
    if (record.kind !== 'payment' || record.clientId !== '') return record;
    const invoiceId = toIdText(record.raw['invoiceid']);
    if (!/^[1-9]\d*$/.test(invoiceId)) return record;
    const known = owners.get(invoiceId);
    const clientId = known ?? (await readOne(client, account(), 'invoice', invoiceId))?.clientId ?? '';
    owners.set(invoiceId, clientId);
    return clientId === '' ? record : toRecord(record.kind, withFoundClient(record.raw, clientId));
  }

  return {
    get identity() {
      return { prefix: 'FB', account: account() };
    },
    kinds: KINDS,
    read,
    list,
    toRecord,
    toCanonical,
    originsOf,
    callbacks: createCallbacks(client, account),
    permissionFor,
    ping: createPing(context, client),
    revoke: async () => revokeTokens(context, toSettings(context.settings), await context.credentials.load()),
  };
}

/** Deleted documents come with `vis_state` 1, most with HTTP 200; undefined where FreshBooks denies the id. */
async function readOne(
  client: Client,
  account: string,
  kind: DocumentKind,
  sourceId: string,
): Promise<SourceRecord | undefined> {
  const { path, singleKeys, includes } = RESOURCES[kind];
  try {
    const { value } = await client.send({
      call: `GET ${kind}`,
      method: 'GET',
      path: `/accounting/account/${encodeURIComponent(account)}/${path}/${encodeURIComponent(sourceId)}`,
      query: includes.map((include) => ['include[]', include] as const),
      parse: (json) => parseSingle(json, singleKeys),
    });
    return toRecord(kind, value);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Deleted documents are listed in full whatever `changedSince` says: a deletion need not move `updated`.
 * Credit notes have no proven `updated_min`; where it is ignored, everything comes, which is safe.
 */
function toFilters({ changedSince, deleted }: ListRequest): ReadonlyArray<readonly [string, string]> {
  if (deleted) return [['search[vis_state]', '1']];
  if (changedSince === undefined) return [];
  return [['search[updated_min]', toUpdatedMin(changedSince)]];
}

/** Filters that FreshBooks does not know are ignored without a word; the rows tell. */
function isIgnored(
  request: Pick<ListRequest, 'changedSince' | 'deleted'>,
  rows: readonly JsonObject[],
): boolean {
  if (request.deleted) return rows.some((row) => row['vis_state'] !== 1);
  if (request.changedSince === undefined) return false;
  const from = toUpdatedMin(request.changedSince);
  return rows.some(({ updated }) => typeof updated === 'string' && updated.slice(0, 10) < from);
}

/** The filter knows whole days of US/Eastern only; one more day back covers the repeated hour and a slow clock. */
export function toUpdatedMin(changedSince: number): string {
  return Temporal.Instant.fromEpochMilliseconds(changedSince)
    .toZonedDateTimeISO('America/New_York')
    .toPlainDate()
    .subtract({ days: 1 })
    .toString();
}

type Cursor = { page: number; total: number; size: number };

/** "3:257" or "3:257:20": the page to read, how many rows there were when it was decided, and the page's size. */
function parseCursor(text: string | undefined, pageSize = PER_PAGE): Cursor {
  if (text === undefined) return { page: 1, total: 0, size: Math.min(pageSize, PER_PAGE) };
  const [, page, total, size] = /^([1-9]\d{0,8}):(\d{1,9})(?::([1-9]\d?))?$/.exec(text) ?? [];
  if (page === undefined || total === undefined) throw new TypeError(`not a list cursor: ${text}`);
  return {
    page: Number.parseInt(page, 10),
    total: Number.parseInt(total, 10),
    size: size === undefined ? PER_PAGE : Number.parseInt(size, 10),
  };
}

/**
 * Lists have no snapshot. Where rows left the list since the last page, the later ones moved forward and some may
 * have slipped past us: then as many pages are read again. Rows read twice do no harm.
 */
function toNext(cursor: Cursor, { pages, total }: { pages: number; total: number }): string | undefined {
  const gone = cursor.total - total;
  const page = gone > 0 ? Math.max(1, cursor.page - Math.ceil(gone / cursor.size)) : cursor.page + 1;
  const size = cursor.size === PER_PAGE ? '' : `:${cursor.size}`;
  return page <= pages ? `${page}:${total}${size}` : undefined;
}
