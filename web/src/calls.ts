/** Calls as they stand in a timeline: what is in them, and the same call as a curl command. */

export type RecordedCall = {
  call: string;
  side: string;
  method: string;
  url: string;
  requestHeaders: Record<string, string>;
  requestBody?: string | undefined;
  status?: number | undefined;
  durationMs: number;
  responseHeaders?: Record<string, string> | undefined;
  responseBody?: string | undefined;
  failure?: string | undefined;
};

export function toCall(data: unknown): RecordedCall | undefined {
  const call = data as Partial<RecordedCall> | null;
  if (typeof call?.method !== 'string' || typeof call.url !== 'string') return undefined;
  return {
    call: '',
    side: '',
    requestHeaders: {},
    durationMs: 0,
    ...call,
    method: call.method,
    url: call.url,
  };
}

const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** Secrets were cut out when the call was recorded: whoever runs it puts their own in. */
export function toCurl({ method, url, requestHeaders, requestBody }: RecordedCall): string {
  const headers = Object.entries(requestHeaders).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  const body = requestBody === undefined ? [] : [`--data-raw ${quoted(requestBody)}`];
  return [`curl -X ${method} ${quoted(url)}`, ...headers, ...body].join(' \\\n  ');
}

/** JSON as a value, anything else as it is. */
export function parsedBody(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
