/** Known secrets are cut out of every text by value, however they are written and wherever the text is cut (I7). */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createKnownSecrets } from '../../src/platform/known-secrets.ts';
import { echoesOf, leaksOf, makeSecrets, STANDARD_ECHOES } from './echoes.ts';

const DAY_MS = 86_400_000;
function knowing(...secrets: string[]) {
  const known = createKnownSecrets();
  for (const secret of secrets) known.note(secret);
  return known;
}

test('two hundred secrets, echoed in every way, are cut out of every text', () => {
  const secrets = makeSecrets(200);
  const known = knowing(...secrets);
  const missed = secrets.flatMap((secret) =>
    Object.entries(echoesOf(secret)).flatMap(([way, echo]) => {
      const text = `before ${echo} after`;
      const freed = known.redact(text);
      const isFree = freed.startsWith('before ') && freed.endsWith(' after') && freed.includes('[redacted]');
      return isFree && leaksOf(secret, freed).length === 0 ? [] : [`${way}: ${text} -> ${freed}`];
    }),
  );
  expect(missed).toEqual([]);
});

test('the judge of these tests sees every echo that was not cut out', () => {
  for (const secret of makeSecrets(20)) {
    const blind = Object.entries(echoesOf(secret)).filter(
      ([, echo]) => leaksOf(secret, `x ${echo} x`).length === 0,
    );
    expect(blind).toEqual([]);
  }
});

const secretText = fc.oneof(
  fc.string({ minLength: 12, maxLength: 80 }),
  fc.string({ minLength: 12, maxLength: 60, unit: 'grapheme' }),
  fc.base64String({ minLength: 12, maxLength: 80 }),
  fc.stringMatching(/^[%&\\"'<>+/= a-f0-9u;#]{12,40}$/),
);

test('no twelve characters of a secret survive, whatever stands around it and wherever the text is cut', () => {
  fc.assert(
    fc.property(secretText, fc.string(), fc.string(), fc.nat(), fc.nat(), (secret, before, after, a, b) => {
      const known = knowing(secret);
      for (const [way, echo] of Object.entries(echoesOf(secret))) {
        const whole = `${before} ${echo} ${after}`;
        const from = a % (whole.length - 11);
        const text = whole.slice(from, from + 12 + (b % whole.length));
        const freed = known.redact(text);
        expect(leaksOf(secret, freed), `${way}: ${text} -> ${freed}`).toEqual([]);
      }
    }),
    { numRuns: 80 },
  );
});

test('no twelve characters of what a secret is commonly written as survive a cut through them', () => {
  fc.assert(
    fc.property(secretText, fc.nat(), fc.integer({ min: 12, max: 40 }), (secret, a, length) => {
      const known = knowing(secret);
      for (const way of STANDARD_ECHOES) {
        const echo = echoesOf(secret)[way] ?? '';
        // Digits at the ends of base64 belong to the neighbours, too.
        const own = way.startsWith('base64') ? echo.replace(/=+$/, '').slice(4, -4) : echo;
        const part = own.slice(
          a % Math.max(1, own.length - length),
          (a % Math.max(1, own.length - length)) + length,
        );
        if (part.length < 12) continue;
        const freed = known.redact(`… ${part} …`);
        for (let at = 0; at + 12 <= part.length; at += 1) {
          expect(freed.includes(part.slice(at, at + 12)), `${way}: ${part} -> ${freed}`).toBe(false);
        }
      }
    }),
    { numRuns: 150 },
  );
});

test('a text without a secret is the same afterwards, whatever is in it', () => {
  const known = knowing(...makeSecrets(200));
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.json(), fc.base64String(), fc.lorem({ mode: 'sentences' })),
      (text) => {
        expect(known.redact(text)).toBe(text);
      },
    ),
    { numRuns: 500 },
  );
});

test('JSON stays JSON, and everything in it that is no secret stays as it is', () => {
  fc.assert(
    fc.property(secretText, fc.jsonValue(), (secret, rest) => {
      fc.pre(!JSON.stringify(rest).includes(secret.slice(0, 4)));
      const value = { rest, note: `a ${secret} b`, inner: JSON.stringify({ deep: [secret], total: 12.5 }) };
      const freed = knowing(secret).redact(JSON.stringify(value));
      const read = JSON.parse(freed) as typeof value;
      expect(read.rest).toEqual((JSON.parse(JSON.stringify(value)) as typeof value).rest);
      expect(read.note).toContain('[redacted]');
      expect(leaksOf(secret, freed)).toEqual([]);
      expect(JSON.parse(read.inner)).toMatchObject({ total: 12.5 });
    }),
    { numRuns: 80 },
  );
});

describe('what is known, and how long', () => {
  test('a secret is known for a day after it was seen last, and not for ever', () => {
    let now = 0;
    const known = createKnownSecrets({ clock: { now: () => now } });
    const [first, second, third, password] = [
      'first 1 token',
      'second 2 token',
      'third 3 token',
      'p4ssw0rd!',
    ];
    known.note(first);
    known.keep(password);
    now += DAY_MS - 1;
    known.note(second);
    expect(known.redact(first)).toBe('[redacted]');
    now += 2;
    known.note(second);
    expect(known.redact(first)).toBe(first);
    expect(known.redact(second)).toBe('[redacted]');
    now += 100 * DAY_MS;
    known.note(third);
    expect(known.redact(second)).toBe(second);
    expect(known.redact(password)).toBe('[redacted]');
  });

  test('a short secret is cut out as a whole, and one of less than eight characters is none', () => {
    const known = knowing('tr0ub4dor', 'postgre');
    expect(known.redact('password=tr0ub4dor; tr0ub4do')).toBe('password=[redacted]; tr0ub4do');
    expect(known.redact(Buffer.from('user:tr0ub4dor').toString('base64'))).toContain('[redacted]');
    expect(known.redact('postgres')).toBe('postgres');
  });

  test('what is sealed beside secrets and is none is left alone', () => {
    const known = createKnownSecrets({ open: ['base', 'remoteId'] });
    known.learn({
      base: 'https://rest.example.com',
      list: [{ remoteId: '123456789', verifier: 'v3rifier-value' }],
    });
    expect(known.redact('https://rest.example.com 123456789 v3rifier-value')).toBe(
      'https://rest.example.com 123456789 [redacted]',
    );
  });

  test('a vendor that sends new tokens without end does not fill the memory', () => {
    const known = createKnownSecrets({ mostPieces: 20_000 });
    known.keep('p4ssw0rd!');
    const tokens = Array.from({ length: 40 }, () => randomBytes(500).toString('base64url'));
    for (const token of tokens) known.note(token);
    const parts = tokens.map((token) => known.redact(token.slice(100, 200)) === '[redacted]');
    expect(parts.slice(-5)).toEqual([true, true, true, true, true]);
    expect(parts.slice(0, 30)).not.toContain(true);
    expect(known.redact('p4ssw0rd!')).toBe('[redacted]');
  });
});

test('a text of 64 kB is looked through within milliseconds among a thousand secrets', () => {
  const known = knowing(...makeSecrets(1_000));
  const row = (i: number) => ({
    id: `${i}`,
    note: `He said "${i}" & left 100% 日本`,
    at: '2026-01-05T09:00:00+00:00',
  });
  const text = JSON.stringify({ rows: Array.from({ length: 800 }, (_, i) => row(i)) });
  expect(text.length).toBeGreaterThan(64_000);
  const took = Array.from({ length: 15 }, () => {
    const begun = performance.now();
    expect(known.redact(text)).toBe(text);
    return performance.now() - begun;
  });
  expect(Math.min(...took)).toBeLessThan(50);
});

test('a text whose quotes are never closed is looked through once, not anew from every quote', () => {
  const known = knowing('Sup3rS3cretValueOfTheClient');
  const started = performance.now();
  for (const open of ['{"x":"Sup3rS3cretValueOfTheClient","y":"', '{"Sup3rS3cretValueOfTheClient'])
    expect(known.redact(`${open}${'\\"'.repeat(100_000)}`)).not.toContain('Sup3rS3cret');
  // It took a minute and more before.
  expect(performance.now() - started).toBeLessThan(10_000);
});
