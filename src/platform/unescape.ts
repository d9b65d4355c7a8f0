/** Takes one layer of escapes off a text (percent, JSON, HTML, mixed as they come), and remembers where everything stood. */

export type Unescaped = {
  text: string;
  /** Where each character of `text` began in the escaped one; one more for the end. */
  starts: Uint32Array;
};

const ESCAPE =
  /(?:%[0-9a-f]{2})+|\\(?:u[0-9a-f]{4}|x[0-9a-f]{2}|[^])|&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});/gi;
const CONTROL: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  apos: "'",
  ast: '*',
  bsol: '\\',
  colon: ':',
  comma: ',',
  commat: '@',
  dollar: '$',
  equals: '=',
  excl: '!',
  grave: '`',
  gt: '>',
  lbrace: '{',
  lcub: '{',
  lowbar: '_',
  lpar: '(',
  lsqb: '[',
  lt: '<',
  nbsp: ' ',
  num: '#',
  percnt: '%',
  period: '.',
  plus: '+',
  quest: '?',
  quot: '"',
  rbrace: '}',
  rcub: '}',
  rpar: ')',
  rsqb: ']',
  semi: ';',
  sol: '/',
  tab: '\t',
  verbar: '|',
};

/** Undefined where there is nothing to take off. */
export function unescapeOnce(escaped: string): Unescaped | undefined {
  if (!/[%\\&]/.test(escaped)) return undefined;
  const starts = new Uint32Array(escaped.length + 1);
  const parts: string[] = [];
  let length = 0;
  let from = 0;
  const add = (text: string, at: number, step: 0 | 1) => {
    parts.push(text);
    for (let i = 0; i < text.length; i += 1) starts[length + i] = at + i * step;
    length += text.length;
  };
  for (const { 0: escape, index } of escaped.matchAll(ESCAPE)) {
    const meant = escape.startsWith('%') ? undefined : meaningOf(escape);
    if (meant === escape) continue;
    add(escaped.slice(from, index), from, 1);
    if (meant !== undefined) add(meant, index, 0);
    else for (const { text, offset } of charactersOf(escape)) add(text, index + offset, 0);
    from = index + escape.length;
  }
  if (from === 0) return undefined;
  add(escaped.slice(from), from, 1);
  starts[length] = escaped.length;
  return { text: parts.join(''), starts };
}

function meaningOf(escape: string): string {
  if (escape.startsWith('\\')) {
    const letter = escape.charAt(1);
    if (escape.length > 2) return String.fromCharCode(Number.parseInt(escape.slice(2), 16));
    return CONTROL[letter] ?? letter;
  }
  const name = escape.slice(1, -1).toLowerCase();
  if (!name.startsWith('#')) return ENTITIES[name] ?? escape;
  const code = name.startsWith('#x')
    ? Number.parseInt(name.slice(2), 16)
    : Number.parseInt(name.slice(1), 10);
  return code > 0x10_ff_ff ? escape : String.fromCodePoint(code);
}

/** "%C3%A9%41" is two characters: UTF-8. */
function charactersOf(run: string): { text: string; offset: number }[] {
  const bytes = Buffer.from(run.replaceAll('%', ''), 'hex');
  const characters: { text: string; offset: number }[] = [];
  for (let i = 0; i < bytes.length; ) {
    const lead = bytes[i] ?? 0;
    const size = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    characters.push({ text: bytes.toString('utf8', i, i + size), offset: i * 3 });
    i += size;
  }
  return characters;
}
