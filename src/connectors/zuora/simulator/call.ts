/** What a served operation gets and gives. */
import type { Json, JsonRecord } from './answers.ts';
import { type Resource, refuse } from './refusal.ts';
import type { Tenant } from './tenant.ts';

export type Call = {
  tenant: Tenant;
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** Parsed by lossless-json; undefined where the request had no body. */
  body: unknown;
  /** Base of URLs in answers, e.g. http://127.0.0.1:4020/regions/us-central-sandbox */
  baseUrl: string;
};

/** A text is XML. */
export type Operation = (call: Call) => JsonRecord | Json[] | string;

export function paramOf(call: Call, name: string): string {
  return call.params[name] ?? '';
}

const DEFAULT_PAGE = 20;
const MAX_PAGE = 40;

/** v1 paging: `page` from 1 and `pageSize` up to 40; `nextPage` is a URL and absent on the last page. */
export function pageOf<T>(
  call: Call,
  path: string,
  rows: readonly T[],
): { rows: T[]; nextPage: string | undefined } {
  const size = Math.min(positive(call.query.get('pageSize')) ?? DEFAULT_PAGE, MAX_PAGE);
  const page = positive(call.query.get('page')) ?? 1;
  const from = (page - 1) * size;
  const next = new URLSearchParams(call.query);
  next.set('page', String(page + 1));
  next.set('pageSize', String(size));
  return {
    rows: rows.slice(from, from + size),
    nextPage: from + size < rows.length ? `${call.baseUrl}${path}?${next.toString()}` : undefined,
  };
}

function positive(raw: string | null): number | undefined {
  return raw !== null && /^[1-9]\d{0,6}$/.test(raw) ? parseInt(raw, 10) : undefined;
}

type Listed = {
  path: string;
  member: string;
  rows: readonly JsonRecord[];
  filters: readonly string[];
  resource: Resource;
};

/** A v1 list: filtered by equality, then paged. */
export function listOf(call: Call, { path, member, rows, filters, resource }: Listed): JsonRecord {
  const wanted = [...call.query].filter(([name]) => !['page', 'pageSize', 'sort'].includes(name));
  const unknown = wanted.find(([name]) => !filters.includes(name));
  if (unknown !== undefined) throw refuse(resource, 'badQuery', `Unknown query parameter '${unknown[0]}'.`);
  const found = rows.filter((row) =>
    // oxlint-disable-next-line typescript/no-base-to-string -- texts and lossless numbers, which print their digits
    wanted.every(([name, value]) => String(row[name] ?? '') === value),
  );
  const { rows: shown, nextPage } = pageOf(call, path, found);
  // Only the list itself says whether it worked.
  const plain = shown.map(({ success: _success, ...row }) => row);
  return { [member]: plain, nextPage, success: true };
}
