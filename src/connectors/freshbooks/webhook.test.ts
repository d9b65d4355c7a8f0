/** Guarantees of the webhook signature and of reading deliveries. */
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import fixture from './fixtures/webhook-vectors.json' with { type: 'json' };
import { signBody, webhooks } from './webhook.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const signed = (signature: string) => ({ 'x-freshbooks-hmac-sha256': signature });
const parse = (text: string) => webhooks.parse(bytes(text));
const hmac = (verifier: string, message: string) =>
  createHmac('sha256', verifier).update(message).digest('base64');

/** A second json.dumps, by another way: JSON.stringify per string, then ASCII by code unit. */
function pythonJson(pairs: ReadonlyArray<readonly [string, string]>): string {
  const ascii = (text: string) =>
    JSON.stringify(text)
      .split('')
      .map((c) => (c > '~' ? `\\u${`000${c.charCodeAt(0).toString(16)}`.slice(-4)}` : c))
      .join('');
  const firsts = pairs.filter(([key], at) => pairs.findIndex(([other]) => other === key) === at);
  return `{${firsts.map(([key, value]) => `${ascii(key)}: ${ascii(value)}`).join(', ')}}`;
}

describe('signature', () => {
  for (const vector of fixture.vectors) {
    test(`accepts the vector "${vector.name}" and refuses all its look-alikes`, () => {
      const body = bytes(vector.body);
      expect(hmac(vector.verifier, vector.message)).toBe(vector.signature);
      expect(webhooks.verify(body, signed(vector.signature), vector.verifier)).toBe(true);
      for (const lookAlike of Object.values(vector.must_not_match)) {
        expect(webhooks.verify(body, signed(lookAlike), vector.verifier)).toBe(false);
      }
    });
  }

  test('agrees with an independent json.dumps on any form', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.constantFrom('1', '0', '__proto__', '?', '\u007f', '/'),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, text), { maxLength: 8 }),
        fc.string({ minLength: 1 }),
        (pairs, verifier) => {
          const body = new URLSearchParams(
            pairs.map(([key, value]): [string, string] => [key, value]),
          ).toString();
          expect(signBody(bytes(body), verifier)).toBe(hmac(verifier, pythonJson(pairs)));
        },
      ),
    );
  });

  test('keeps the received order of integer-like keys and a leading question mark', () => {
    expect(signBody(bytes('?b=1&2=x&1=y'), 'k')).toBe(hmac('k', '{"?b": "1", "2": "x", "1": "y"}'));
  });

  test('of a repeated key only the first value is signed and read', () => {
    const body = 'name=invoice.update&object_id=7&account_id=A&object_id=8';
    expect(signBody(bytes(body), 'k')).toBe(
      signBody(bytes('name=invoice.update&object_id=7&account_id=A'), 'k'),
    );
    expect(parse(body)).toMatchObject({ sourceId: '7' });
  });

  test('fails closed without a header, without a verifier, on a wrong one and on a body over the limit', () => {
    const body = bytes('name=invoice.update&object_id=7&account_id=A');
    const headers = signed(signBody(body, 'k'));
    expect(webhooks.verify(body, headers, 'k')).toBe(true);
    expect(webhooks.verify(body, {}, 'k')).toBe(false);
    expect(webhooks.verify(body, signed(''), 'k')).toBe(false);
    expect(webhooks.verify(body, headers, 'other')).toBe(false);
    expect(webhooks.verify(body, signed(signBody(body, '')), '')).toBe(false);
    const large = bytes(`name=${'x'.repeat(webhooks.maximumBytes)}`);
    expect(webhooks.verify(large, signed(signBody(large, 'k')), 'k')).toBe(false);
    expect(webhooks.parse(large)).toBeUndefined();
  });
});

describe('parse', () => {
  test('a handshake names the callback and the verifier, with the keys of 2020, too', () => {
    const body =
      'user_id=1&name=callback.verify&verifier=abc&object_id=2001&account_id=A&system=https%3A%2F%2Fx';
    expect(parse(body)).toEqual({ type: 'handshake', remoteId: '2001', verifier: 'abc' });
  });

  test('events of the four nouns name kind, id and account', () => {
    expect(parse('name=credit_note.delete&object_id=9&account_id=A')).toEqual({
      type: 'event',
      topic: 'credit_note.delete',
      kind: 'credit',
      sourceId: '9',
      account: 'A',
    });
    for (const noun of ['client', 'invoice', 'payment']) {
      expect(parse(`name=${noun}.create&object_id=9&account_id=A`)).toMatchObject({ kind: noun });
    }
  });

  test('other nouns and verbs are told apart from events', () => {
    for (const topic of ['estimate.create', 'invoice.sendByEmail', 'invoice', 'invoice.create.x']) {
      expect(parse(`name=${topic}&object_id=9&account_id=A`)).toEqual({ type: 'other', topic });
    }
  });

  test('what has not the form of a delivery is undefined, and nothing throws', () => {
    const bad = [
      '',
      '{"name":1}',
      'name=invoice.update',
      'name=invoice.update&object_id=..%2F1&account_id=A',
    ];
    for (const body of [...bad, 'name=callback.verify&object_id=1', 'name=invoice.update&object_id=1']) {
      expect(parse(body)).toBeUndefined();
    }
    fc.assert(fc.property(fc.uint8Array(), (raw) => (webhooks.parse(raw), true)));
  });
});
