/** The latest requests with their answers, secrets redacted, and counts by kind of call. */
export type LoggedRequest = {
  at: string;
  method: string;
  url: string;
  kind: string;
  headers: Record<string, string>;
  body: string;
  status: number | 'closed';
  answer: string;
};

const KEPT = 1000;
const MAX_TEXT = 20_000;
const SECRET_HEADERS = new Set(['authorization', 'apisecretaccesskey', 'cookie']);

export type RequestLog = ReturnType<typeof createRequestLog>;

export function createRequestLog() {
  const entries: LoggedRequest[] = [];
  const calls: Record<string, number> = {};
  let rateLimited = 0;
  return {
    countCall(kind: string): void {
      calls[kind] = (calls[kind] ?? 0) + 1;
    },
    add(entry: LoggedRequest): void {
      if (entry.status === 429) rateLimited += 1;
      entries.push({
        ...entry,
        headers: Object.fromEntries(
          Object.entries(entry.headers).map(([name, value]) => [
            name,
            SECRET_HEADERS.has(name) ? '[redacted]' : value,
          ]),
        ),
        body: redacted(entry.body),
        answer: redacted(entry.answer),
      });
      if (entries.length > 2 * KEPT) entries.splice(0, KEPT);
    },
    latest: (limit: number): LoggedRequest[] => entries.slice(-Math.min(limit, KEPT)).reverse(),
    counts: () => ({ calls: { ...calls }, rateLimited }),
  };
}

function redacted(text: string): string {
  return text
    .slice(0, MAX_TEXT)
    .replace(/(client_secret=)[^&]*/g, '$1[redacted]')
    .replace(/("access_token":")[^"]*/g, '$1[redacted]');
}
