/** Reads the reasons out of Zuora's six error shapes (facts, section 4). */

export type Reason = { code: string; message: string };

/**
 * 1 and 2 `{reasons: [{code, message}]}` (v1, Object Query); 3 `{Success: false, Errors: [{Code, Message}]}`, alone or
 * in a list (Actions); 4 `{FaultCode, FaultMessage}` (ZOQL); 5 `{code, message}`, `{message}`, `{error: {...}}`;
 * 6 HTML or text from the edge, which has none.
 */
export function reasonsOf(body: unknown): Reason[] {
  if (Array.isArray(body)) return body.flatMap(reasonsOf);
  const fields = fieldsOf(body);
  const lists = [fields.get('reasons'), fields.get('errors')].filter((list) => Array.isArray(list));
  if (lists.length > 0) return lists.flat().flatMap(reasonOf);
  const inner = fields.get('error');
  return inner !== null && typeof inner === 'object' ? reasonsOf(inner) : reasonOf(body);
}

function reasonOf(entry: unknown): Reason[] {
  if (typeof entry === 'string') return [{ code: '', message: entry }];
  const fields = fieldsOf(entry);
  const first = (...names: string[]) =>
    names.map((name) => fields.get(name)).find((v) => typeof v === 'string');
  const code = first('code', 'faultcode') ?? '';
  const message = first('message', 'faultmessage', 'faultstring', 'detail', 'title', 'error') ?? '';
  if (typeof code !== 'string' || typeof message !== 'string') return [];
  return code === '' && message === '' ? [] : [{ code: code.replace(/^\w+:/, ''), message }];
}

/** HTTP 200 with `success: false` is an error of older versions; a list fails when one of its members does. */
export function saysFailure(body: unknown): boolean {
  if (Array.isArray(body)) return body.some(saysFailure);
  const fields = fieldsOf(body);
  const success = fields.get('success');
  if (success === false || success === 'false') return true;
  return success === undefined && (Array.isArray(fields.get('reasons')) || fields.has('faultcode'));
}

export function saysSuccess(body: unknown): boolean {
  const success = fieldsOf(body).get('success');
  return success === true || (success === undefined && typeof fieldsOf(body).get('id') === 'string');
}

/** Members by lower-case name: the shapes differ in nothing more often than in capitals. */
function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return new Map();
  return new Map(Object.entries(value).map(([name, member]) => [name.toLowerCase(), member]));
}
