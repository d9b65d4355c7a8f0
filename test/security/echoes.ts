/** Secrets, every way in which a text can hold one, and a judge; made independently of the code that looks for them. */
import { randomBytes } from 'node:crypto';

const PART = 12;

const lower = (text: string) => text.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
const every = (text: string, write: (byte: number) => string) => [...Buffer.from(text)].map(write).join('');
const pair = (byte: number) => byte.toString(16).padStart(2, '0');
const HTML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const ENTITY = /[^A-Za-z0-9]/gu;

const SHAPES = [
  () => randomBytes(24).toString('base64url'),
  () => randomBytes(32).toString('hex'),
  () => `=${randomBytes(30).toString('base64')}`,
  () => `${randomBytes(9).toString('base64')} "q" <&'\\/${randomBytes(9).toString('base64')}`,
  () => `pä sswörd ${randomBytes(9).toString('base64')} 日本`,
];

/** As vendors and people make them. */
export function makeSecrets(count: number): string[] {
  return Array.from({ length: count }, (_, i) => SHAPES[i % SHAPES.length]?.() ?? '');
}

/** How a secret is written, by the name of the way. */
export function echoesOf(secret: string): Record<string, string> {
  const percent = encodeURIComponent(secret);
  const form = new URLSearchParams({ v: secret }).toString().slice(2);
  const json = JSON.stringify(secret).slice(1, -1);
  const base64 = (text: string, before: string) => Buffer.from(`${before}${text}`).toString('base64');
  const echoes: Record<string, string> = {
    plain: secret,
    percent,
    'percent, lower case': lower(percent),
    form,
    'form, lower case': lower(form),
    'percent of every byte': every(secret, (byte) => `%${pair(byte).toUpperCase()}`),
    'percent twice': encodeURIComponent(percent),
    json,
    'json with slashes escaped': json.replaceAll('/', '\\/'),
    'json of every character': secret.replaceAll(
      /[^]/g,
      (c) => `\\u${pair(c.charCodeAt(0)).padStart(4, '0')}`,
    ),
    'json twice': JSON.stringify(json).slice(1, -1),
    html: secret.replaceAll(/[&<>"']/g, (c) => HTML[c] ?? c),
    'html by numbers': secret.replaceAll(ENTITY, (c) => `&#${c.codePointAt(0)};`),
    'html by hexadecimal numbers': secret.replaceAll(ENTITY, (c) => `&#x${c.codePointAt(0)?.toString(16)};`),
    hex: every(secret, pair),
    HEX: every(secret, pair).toUpperCase(),
    'percent of json': encodeURIComponent(json),
    'json of percent': JSON.stringify(percent).slice(1, -1),
  };
  for (const before of ['', 'a', 'ab']) {
    const offset = `base64 at ${before.length}`;
    const text = base64(secret, before);
    echoes[offset] = text;
    echoes[`${offset}, url`] = text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    echoes[`${offset}, percent`] = encodeURIComponent(text);
    echoes[`${offset}, json`] = text.replaceAll('/', '\\/');
    echoes[`${offset}, of the form`] = base64(form, before);
    echoes[`${offset}, of json`] = base64(json, before);
  }
  echoes['basic header'] = `Basic ${base64(secret, 'client:')}`;
  return echoes;
}

/** The ways in which twelve characters in a row of a secret, or of its base64 or hexadecimal, are to be read in a text. */
export function leaksOf(secret: string | readonly string[], text: string): string[] {
  const secrets = typeof secret === 'string' ? [secret] : secret;
  const found = new Set<string>();
  let seen = text;
  for (let depth = 0; depth < 4; depth += 1) {
    const plain = windowsOf(seen);
    const base64 = windowsOf(seen.replaceAll('-', '+').replaceAll('_', '/'));
    const hex = windowsOf(seen.toLowerCase());
    for (const one of secrets) {
      const look = (way: string, written: string, inText: ReadonlySet<string>) => {
        for (let from = 0; from + PART <= written.length; from += 1) {
          if (inText.has(written.slice(from, from + PART))) found.add(`${way} after ${depth}`);
        }
      };
      look('plain', one, plain);
      if (one.length < PART && seen.includes(one)) found.add(`whole after ${depth}`);
      look('hex', every(one, pair), hex);
      for (const [before, inner] of [0, 1, 2].flatMap((at) =>
        inners(one).map((each) => [at, each] as const),
      )) {
        look(`base64 at ${before}`, digitsAt(inner, before), base64);
      }
    }
    seen = plainer(seen);
  }
  return [...found];
}

function windowsOf(text: string): ReadonlySet<string> {
  const windows = new Set<string>();
  for (let from = 0; from + PART <= text.length; from += 1) windows.add(text.slice(from, from + PART));
  return windows;
}

/** Without those that belong to the neighbours, too. */
function digitsAt(text: string, before: number): string {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
  return bytes.toString('base64').slice(Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6));
}

/** What base64 is made of. */
function inners(secret: string): string[] {
  const form = new URLSearchParams({ v: secret }).toString().slice(2);
  return [...new Set([secret, form, JSON.stringify(secret).slice(1, -1)])];
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const CONTROL: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

/** One layer of escapes less. */
function plainer(text: string): string {
  return text.replaceAll(
    /%([0-9a-f]{2})|\\u([0-9a-f]{4})|\\(.)|&#(\d+);|&#x([0-9a-f]+);|&(\w+);/gis,
    (whole, percent, unicode, single, decimal, hexadecimal, name) => {
      if (percent ?? unicode ?? hexadecimal)
        return String.fromCodePoint(Number.parseInt(percent ?? unicode ?? hexadecimal, 16));
      if (decimal) return String.fromCodePoint(Number.parseInt(decimal, 10));
      if (single) return CONTROL[single] ?? single;
      return NAMED[name] ?? whole;
    },
  );
}

/** Those of `echoesOf` that programs commonly use: not even a part of the written form survives. */
export const STANDARD_ECHOES = [
  'plain',
  'percent',
  'percent, lower case',
  'form',
  'form, lower case',
  'json',
  'html',
  'hex',
  'HEX',
  ...['0', '1', '2'].flatMap((offset) => [`base64 at ${offset}`, `base64 at ${offset}, url`]),
];
