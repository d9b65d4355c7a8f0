/** Reads the reasons out of Zuora's error shapes, and tells the API's own ones from those of what stands before it (facts, section 4). */

export type Reason = { code: string; message: string };

/**
 * 1 and 2 `{reasons: [{code, message}]}` (v1, Object Query); 3 `{Success: false, Errors: [{Code, Message}]}`, alone or
 * in a list (Actions); 4 `{FaultCode, FaultMessage}` (ZOQL); 5 `{code, message}`, `{errorMessage}`, `{error: {...}}`;
 * 6 `{message}` of a gateway; HTML or text from the edge has none.
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
  const message =
    first('message', 'errormessage', 'faultmessage', 'faultstring', 'detail', 'title', 'error') ?? '';
  if (typeof code !== 'string' || typeof message !== 'string') return [];
  return code === '' && message === '' ? [] : [{ code: code.replace(/^\w+:/, ''), message }];
}

/** Members that only the API itself answers with; a gateway says `message`, an edge answers with a page. */
const OWN_LISTS = ['reasons', 'errors'];
const OWN_WORDS = ['code', 'errormessage', 'faultcode'];

export function isOwnShape(body: unknown): boolean {
  if (Array.isArray(body)) return body.some(isOwnShape);
  const fields = fieldsOf(body);
  if (isFlag(fields.get('success'))) return true;
  if (OWN_LISTS.some((name) => Array.isArray(fields.get(name)))) return true;
  if (OWN_WORDS.some((name) => typeof fields.get(name) === 'string')) return true;
  const inner = fields.get('error');
  return inner !== null && typeof inner === 'object' && isOwnShape(inner);
}

/** HTTP 200 with `success: false` is an error of older versions; a list fails when one of its members does. */
export function saysFailure(body: unknown): boolean {
  if (Array.isArray(body)) return body.some(saysFailure);
  const fields = fieldsOf(body);
  const success = fields.get('success');
  if (success === false || success === 'false') return true;
  return success === undefined && (Array.isArray(fields.get('reasons')) || fields.has('faultcode'));
}

/** A batch says that it worked, and inside which of its invoices did not. */
export function failedMemberIn(body: unknown): unknown {
  const members = fieldsOf(body).get('invoices');
  return Array.isArray(members) ? members.find(saysFailure) : undefined;
}

export function saysSuccess(body: unknown): boolean {
  if (Array.isArray(body)) return body.length > 0 && body.every(saysSuccess);
  const fields = fieldsOf(body);
  const success = fields.get('success');
  return (
    success === true || success === 'true' || (success === undefined && typeof fields.get('id') === 'string')
  );
}

const WORDS = new Set([
  'message',
  'error',
  'errormessage',
  'code',
  'status',
  'title',
  'detail',
  'type',
  'timestamp',
  'path',
  'requestid',
  'request_id',
  'processid',
]);

/** Nothing but words about how it went, under a status that says "good": no document and no list. */
export function saysOnlyWords(body: unknown): boolean {
  const names = [...fieldsOf(body).keys()];
  return names.length > 0 && names.every((name) => WORDS.has(name)) && reasonsOf(body).length > 0;
}

function isFlag(value: unknown): boolean {
  return typeof value === 'boolean' || value === 'true' || value === 'false';
}

/** Members by lower-case name: the shapes differ in nothing more often than in capitals. */
function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return new Map();
  return new Map(Object.entries(value).map(([name, member]) => [name.toLowerCase(), member]));
}
