/** What somebody could make of deliveries they have listened to, and of the addresses they know: by class. */
import type { Random } from '../../src/platform/clock.ts';
import {
  encodeForm,
  type Pair,
  type Sent,
  SIGNATURE,
  type Signed,
  sign,
  signDelivery,
} from './door-oracle.ts';

export const CLASSES = [
  'bytes',
  'encoding',
  'order',
  'repetition',
  'headers',
  'path',
  'truncation',
  'splices',
  'account',
] as const;
export type Class = (typeof CLASSES)[number];

/** What a mutation may draw on. */
export type Loot = {
  random: Random;
  pick: <T>(from: readonly T[]) => T;
  below: (n: number) => number;
  signed: readonly Signed[];
};

export function createLoot(random: Random, signed: readonly Signed[]): Loot {
  const below = (n: number) => Math.floor(random.next() * n);
  const pick = <T>(from: readonly T[]): T => {
    const one = from[below(from.length)];
    if (one === undefined) throw new Error('nothing to pick from');
    return one;
  };
  return { random, pick, below, signed };
}

const withBody = (sent: Sent, body: Buffer): Sent => ({ ...sent, body });
const withHeader = (sent: Sent, name: string, value: string): Sent => ({
  ...sent,
  headers: { ...sent.headers, [name]: value },
});
const without = (sent: Sent): Sent => {
  const headers = { ...sent.headers };
  delete headers[SIGNATURE];
  return { ...sent, headers };
};

export const MUTATIONS: Record<Class, (of: Signed, loot: Loot) => Sent> = {
  bytes({ sent }, { below, pick }) {
    let body = Buffer.from(sent.body);
    for (let times = 1 + below(3); times > 0; times -= 1) {
      const at = below(body.length);
      const [before, after] = [body.subarray(0, at), body.subarray(at)];
      const some = Buffer.from([below(256)]);
      body = pick([
        () => Buffer.concat([before, Buffer.from([(after[0] ?? 0) ^ (1 << below(8))]), after.subarray(1)]),
        () => Buffer.concat([before, some, after.subarray(1)]),
        () => Buffer.concat([before, some, after]),
        () => Buffer.concat([before, after.subarray(1)]),
        () => Buffer.concat([before, Buffer.from(pick(['&', '=', '+', '%', '\0', ';', '#', '?'])), after]),
      ])();
    }
    return withBody(sent, body);
  },

  encoding({ sent, pairs }, loot) {
    return loot.pick(ENCODINGS)(sent, pairs, loot);
  },

  order({ sent, pairs }, { below }) {
    const moved = [...pairs];
    for (let times = 1 + below(pairs.length); times > 0; times -= 1)
      moved.splice(below(moved.length), 0, ...moved.splice(below(moved.length), 1));
    return withBody(sent, encodeForm(moved));
  },

  repetition({ sent, pairs }, { below, pick, signed }) {
    const [key, value] = pick(pairs);
    const foreign = pick(pick(signed).pairs);
    const extra = pick<Pair>([
      [key, value],
      [key, `${below(1e6)}`],
      [key, ''],
      ['object_id', `${below(1e6)}`],
      ['account_id', 'OTHER'],
      [key.toUpperCase(), value],
      [`${key}[]`, value],
      [`${key} `, value],
      foreign,
      ['', ''],
    ]);
    const more = [...pairs];
    more.splice(pick([0, more.length, below(more.length + 1)]), 0, extra);
    return withBody(sent, encodeForm(more));
  },

  headers({ sent, form, callback }, { below, pick, signed }) {
    const own = sent.headers[SIGNATURE] ?? '';
    const other = pick(signed);
    const bytes = Buffer.from(own, 'base64');
    const flipped = Buffer.from(bytes);
    const at = below(flipped.length);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << below(8));
    const signatures: (() => string)[] = [
      () => flipped.toString('base64'),
      () => other.sent.headers[SIGNATURE] ?? '',
      () => sign(form, other.callback.verifier === callback.verifier ? 'guess' : other.callback.verifier),
      () => sign(form, ''),
      () => own.replace(/=+$/, ''),
      () => `${own}=`,
      () => own.toLowerCase(),
      () => bytes.toString('hex'),
      () => bytes.toString('base64url'),
      () => `${own}, ${own}`,
      () => `sha256=${own}`,
      () => own.slice(0, below(own.length)),
      () => '',
    ];
    return pick([
      () => withHeader(sent, SIGNATURE, pick(signatures)()),
      () => withHeader(sent, SIGNATURE, pick(signatures)()),
      () => without(sent),
      () => withHeader(without(sent), `${SIGNATURE}-`, own),
      () => withHeader(without(sent), 'x-hub-signature-256', own),
      () => withHeader(sent, 'content-type', pick(TYPES)),
    ])();
  },

  path({ sent }, { below, pick, signed }) {
    const { path } = sent;
    const other = pick(signed).callback.path;
    const swapped = path.slice(0, below(path.length)) + pick('abcdefXYZ019-_'.split('')) + path.slice(1);
    return {
      ...sent,
      path: pick([
        other,
        other,
        path.slice(0, below(path.length)),
        path.slice(1),
        path.toUpperCase(),
        path.toLowerCase(),
        `${path}${pick(['0', '=', '-', '.', '~'])}`,
        swapped,
        path.slice(0, 16) + other.slice(16),
        path.split('').toReversed().join(''),
      ]),
    };
  },

  truncation({ sent, pairs }, { below, pick }) {
    const { body } = sent;
    const lost = below(pairs.length);
    return withBody(
      sent,
      pick([
        () => body.subarray(0, below(body.length)),
        () => body.subarray(1 + below(body.length - 1)),
        () => encodeForm(pairs.slice(0, lost)),
        () => encodeForm(pairs.filter((_, index) => index !== lost)),
      ])(),
    );
  },

  splices({ sent, pairs }, { below, pick, signed }) {
    const other = pick(signed);
    const [at, there] = [below(sent.body.length), below(other.sent.body.length)];
    const body = pick([
      () => Buffer.concat([sent.body.subarray(0, at), other.sent.body.subarray(there)]),
      () => Buffer.concat([sent.body, Buffer.from('&'), other.sent.body]),
      () => Buffer.concat([other.sent.body, Buffer.from('&'), sent.body]),
      () =>
        encodeForm([...pairs.slice(0, below(pairs.length)), ...other.pairs.slice(below(other.pairs.length))]),
      () =>
        encodeForm(pairs.map((pair) => pick([pair, other.pairs.find(([key]) => key === pair[0]) ?? pair]))),
      () => other.sent.body,
    ])();
    return { body, headers: pick([sent, other.sent]).headers, path: pick([sent, other.sent]).path };
  },

  /** Signed by the callback's own verifier, as somebody would who holds it, but for other books. */
  account({ callback, pairs, sent }, { pick, signed }) {
    const account = pick([
      pick(signed).callback.account,
      'OTHER',
      callback.account.toLowerCase(),
      ` ${callback.account}`,
      `${callback.account}\0`,
    ]);
    const foreign = account === callback.account ? 'OTHER' : account;
    const said = pairs.map(([key, value]): Pair => [key, key === 'account_id' ? foreign : value]);
    return { ...signDelivery(callback, said).sent, path: sent.path };
  },
};

const TYPES = [
  'application/x-www-form-urlencoded; charset=utf-8',
  'Application/X-WWW-Form-Urlencoded',
  'application/x-www-form-urlencoded;charset=utf-16',
  'application/json',
  'multipart/form-data; boundary=x',
  'text/plain',
  'application/x-www-form-urlencoded, application/json',
  'x',
];

const percent = (bytes: Buffer) =>
  Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

/** Some say the same in other bytes, some only look as if they did. */
const ENCODINGS: readonly ((sent: Sent, pairs: readonly Pair[], loot: Loot) => Sent)[] = [
  // Every byte, or some of them, by their number; hex digits in either case.
  (sent, pairs) =>
    withBody(
      sent,
      Buffer.from(pairs.map(([k, v]) => `${percent(Buffer.from(k))}=${percent(Buffer.from(v))}`).join('&')),
    ),
  (sent, _pairs, { random }) =>
    withBody(
      sent,
      Buffer.from(
        sent.body
          .toString('latin1')
          .replaceAll(/[\w.]/g, (c) => (random.next() < 0.2 ? percent(Buffer.from(c)) : c)),
        'latin1',
      ),
    ),
  (sent) =>
    withBody(
      sent,
      Buffer.from(sent.body.toString('latin1').replaceAll(/%[\dA-F]{2}/g, (code) => code.toLowerCase())),
    ),
  (sent) => withBody(sent, Buffer.from(sent.body.toString('latin1').replaceAll('+', '%20'))),
  (sent, pairs) => withBody(sent, Buffer.from(pairs.map(([k, v]) => `${k}=${v}`).join('&'))),
  (sent) => withBody(sent, Buffer.concat([Buffer.from('&&'), sent.body, Buffer.from('&')])),
  // These say something else.
  (sent) => withBody(sent, Buffer.from(sent.body.toString('latin1').replaceAll('%', '%25'))),
  (sent) => withBody(sent, Buffer.from(sent.body.toString('latin1').replaceAll('&', ';'))),
  (sent) => withBody(sent, Buffer.from(sent.body.toString('latin1').replaceAll('&', '&amp;'))),
  (sent) => withBody(sent, Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), sent.body])),
  (sent) => withBody(sent, Buffer.from(sent.body.toString('latin1'), 'utf16le')),
  (sent, pairs) => withBody(sent, Buffer.from(pairs.map(([k, v]) => `${k}=${v}`).join('&'), 'latin1')),
  (sent, pairs) => withBody(sent, Buffer.from(JSON.stringify(Object.fromEntries(pairs)))),
  (sent) => withBody(sent, Buffer.from(`?${sent.body.toString('latin1')}`)),
  // A character in more bytes than it needs, or in Microsoft's way.
  (sent, _pairs, { pick }) =>
    withBody(
      sent,
      Buffer.from(
        sent.body
          .toString('latin1')
          .replace(/[a-z]/, (c) =>
            pick([`%c1%${(c.charCodeAt(0) | 0x80).toString(16)}`, `%u00${c.charCodeAt(0).toString(16)}`]),
          ),
      ),
    ),
  (sent, _pairs, { below }) => {
    const text = sent.body.toString('latin1');
    const at = below(text.length);
    return withBody(sent, Buffer.from(`${text.slice(0, at)}%00${text.slice(at)}`));
  },
];

/** A delivery as FreshBooks would send it, in one of the orders that were seen. */
export function makeSigned(loot: Pick<Loot, 'pick' | 'below'>, callback: Signed['callback']): Signed {
  const { pick, below } = loot;
  const noun = callback.topic;
  const fields: Record<string, string> = {
    name: `${noun}.${pick(['create', 'update', 'delete'])}`,
    object_id: `${1 + below(500)}`,
    account_id: callback.account,
    business_id: '6543',
    identity_id: `${1 + below(3)}`,
    user_id: pick(['1', '2', '']),
    system: pick([
      'https://example.freshbooks.com',
      'https://é–/€ "a":"b", 😀.example/?a=b&c',
      '%41+\\\u007f',
    ]),
  };
  const order = pick([
    ['name', 'object_id', 'user_id', 'identity_id', 'business_id', 'account_id'],
    ['name', 'object_id', 'account_id', 'business_id', 'identity_id', 'user_id'],
    ['name', 'object_id', 'user_id', 'account_id'],
    ['user_id', 'name', 'object_id', 'account_id', 'system'],
  ]);
  return signDelivery(
    callback,
    order.map((key): Pair => [key, fields[key] ?? '']),
  );
}

/** For a report: what was sent, briefly. */
export function describe(sent: Sent): string {
  return `${sent.path} ${sent.headers[SIGNATURE] ?? '-'} ${sent.body.toString('latin1').slice(0, 300)}`;
}
