/** The ways in which a secret is written in the texts of others: plain, escaped, in base64 and in hexadecimal. */
import { unescapeOnce } from './unescape.ts';

/** `any`: as it stands; the others only where a run of their digits is long enough. */
export type Alphabet = 'any' | 'base64' | 'hex';

/** A piece of a written form: whoever finds it has found the secret. */
export type Gram = { alphabet: Alphabet; text: string };

/** What is shorter is too near to ordinary words. */
export const SHORTEST_SECRET = 8;
/** The shortest part of a secret, or of its base64 or hexadecimal, that is looked for. */
const SHORTEST_PART = 12;
/** Every part of twelve digits holds a piece of this length that begins at a multiple of the step. */
const BASE64 = { length: 10, step: 3 };
const HEX = { length: 11, step: 2 };
const MOST_LAYERS = 4;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Letters of either case, signs of either base64, blanks written as either: the same. The length stays. */
export function fold(text: string, alphabet: Alphabet): string {
  switch (alphabet) {
    case 'any':
      return text.replaceAll(' ', '+');
    case 'base64':
      return text.replaceAll('-', '+').replaceAll('_', '/');
    case 'hex':
      return text.toLowerCase();
  }
}

/** Every piece of every form, each once. */
export function gramsOf(secret: string): Gram[] {
  const forms = formsOf(secret);
  const any = new Set<string>();
  for (const form of [secret, ...forms.escaped, ...forms.unescaped])
    addPieces(any, fold(form, 'any'), Math.min(SHORTEST_PART, form.length), 1);
  const [base64, hex] = [new Set<string>(), new Set<string>()];
  for (const form of [secret, ...forms.wrapped]) {
    for (const offset of [0, 1, 2]) addPieces(base64, base64At(form, offset), BASE64.length, BASE64.step);
    addPieces(hex, Buffer.from(form).toString('hex'), HEX.length, HEX.step);
  }
  const gramsIn = (alphabet: Alphabet, texts: Set<string>) => [...texts].map((text) => ({ alphabet, text }));
  return [...gramsIn('any', any), ...gramsIn('base64', base64), ...gramsIn('hex', hex)];
}

function addPieces(pieces: Set<string>, form: string, length: number, step: number): void {
  const last = form.length - length;
  for (let at = 0; at <= last; at += step) pieces.add(form.slice(at, at + length));
  if (last > 0) pieces.add(form.slice(last));
}

/**
 * `escaped`: as programs commonly write it; each counts for itself, as a cut can leave too little of it to be read
 * back. `wrapped`: those that base64 and hexadecimal are made of. `unescaped`: what is left of it where somebody takes
 * for an escape what is a part of it.
 */
function formsOf(secret: string): { escaped: Set<string>; wrapped: Set<string>; unescaped: string[] } {
  const percent = encodeURIComponent(secret);
  const percents = [
    percent,
    percent.replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`),
    new URLSearchParams({ v: secret }).toString().slice(2),
  ];
  const lower = percents.map((form) => form.replaceAll(/%[0-9A-F]{2}/g, (sign) => sign.toLowerCase()));
  const json = JSON.stringify(secret).slice(1, -1);
  const html = secret.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
  return {
    escaped: new Set([...percents, ...lower, json, json.replaceAll('/', '\\/'), html]),
    wrapped: new Set([...percents, json]),
    unescaped: unescapedForms(secret),
  };
}

function unescapedForms(secret: string): string[] {
  const forms: string[] = [];
  for (let form = unescapeOnce(secret); form && forms.length < MOST_LAYERS; form = unescapeOnce(form.text))
    forms.push(form.text);
  return forms.filter(({ length }) => length >= SHORTEST_SECRET);
}

/** The digits that do not depend on the neighbours, where `offset` bytes more than a multiple of three stand before. */
function base64At(text: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]);
  const digits = bytes.toString('base64');
  return digits.slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6));
}
