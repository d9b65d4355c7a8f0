/** The signature of a webhook: HMAC-SHA256 over the form written the way Python's json.dumps writes it. */
import { createHmac } from 'node:crypto';

export type FormPair = readonly [key: string, value: string];

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
};

/** Pairs keep their order; one key given twice is written once, in its first place with its last value. */
export function pythonJsonDumps(pairs: Iterable<FormPair>): string {
  const members = [...new Map(pairs)].map(([key, value]) => `${quote(key)}: ${quote(value)}`);
  return `{${members.join(', ')}}`;
}

export function signForm(pairs: Iterable<FormPair>, verifier: string): string {
  return createHmac('sha256', Buffer.from(verifier, 'utf8')).update(pythonJsonDumps(pairs)).digest('base64');
}

/** Works on UTF-16 units, so that a character beyond the BMP becomes its surrogate pair. */
function quote(text: string): string {
  let out = '"';
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    const unit = text.charCodeAt(index);
    const short = SHORT_ESCAPES[character];
    if (short !== undefined) out += short;
    else if (unit >= 0x20 && unit <= 0x7e) out += character;
    else out += `\\u${unit.toString(16).padStart(4, '0')}`;
  }
  return `${out}"`;
}
