/** Cuts secrets out of requests and answers before they are recorded (I7). */

const REDACTED = '[redacted]';

const SECRET_HEADERS = new Set([
  'authorization',
  'cookie',
  'set-cookie',
  'proxy-authorization',
  'x-api-key',
  'apisecretaccesskey',
]);

/** The secret end of a webhook address of ours, however its slashes are written; a proxy puts it into headers. */
const SLASH = String.raw`(?:\\?/|%2f|\\u002f)`;
const HOOK_PATH = new RegExp(`(${SLASH}hooks${SLASH})[\\w-]{20,}`, 'gi');

function redactHookPaths(text: string): string {
  return text.replaceAll(HOOK_PATH, `$1${REDACTED}`);
}

export function redactHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      SECRET_HEADERS.has(name.toLowerCase()) ? REDACTED : redactHookPaths(value),
    ]),
  );
}

/** Values as they may stand in a body that was cut off: the closing sign is optional. */
const JSON_TEXT = String.raw`"(?:[^"\\]|\\.)*"?`;
const JSON_LIST = String.raw`\[(?:${JSON_TEXT}|[^\]"])*\]?`;
const JSON_RECORD = String.raw`\{(?:${JSON_TEXT}|[^}"])*\}?`;

/** Replaces the values of the named JSON members or form fields, at any depth, in JSON, forms and broken text alike. */
export function redactBody(body: string | undefined, secretFields: readonly string[]): string | undefined {
  if (body === undefined) return body;
  if (secretFields.length === 0) return redactHookPaths(body);
  const names = secretFields.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  return redactHookPaths(body)
    .replaceAll(
      new RegExp(`("(?:${names})"\\s*:\\s*)(?:${JSON_TEXT}|${JSON_LIST}|${JSON_RECORD}|[^,}\\]\\s]+)`, 'g'),
      `$1"${REDACTED}"`,
    )
    .replaceAll(new RegExp(`((?:^|&)(?:${names})=)[^&]*`, 'g'), `$1${encodeURIComponent(REDACTED)}`);
}

/** The same for the query string of a URL. */
export function redactUrl(url: string, secretFields: readonly string[]): string {
  const [path = '', query] = url.split('?', 2);
  const shown = redactHookPaths(path);
  return query === undefined ? shown : `${shown}?${redactBody(query, secretFields) ?? ''}`;
}
