/** No secret survives redaction, whatever it is wrapped in (I7). */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { redactBody, redactHeaders, redactUrl } from './redact.ts';

const FIELDS = ['client_secret', 'refresh_token', 'access_token', 'code', 'verifier'];

test('headers that carry credentials are cut out, in any case of letters', () => {
  const headers = {
    Authorization: 'Bearer s3cret',
    cookie: 's3cret',
    'Set-Cookie': 's3cret',
    accept: 'json',
  };
  const redacted = redactHeaders(headers);
  expect(JSON.stringify(redacted)).not.toContain('s3cret');
  expect(redacted['accept']).toBe('json');
});

test.each([
  ['{"access_token":"s3cret","x":1}'],
  ['{"a":{"b":[{"refresh_token" : "s3cret"}]}}'],
  ['{"code":"s3\\"s3cret\\\\"}'],
  ['{"verifier":["s3cret","s3cret too"],"x":1}'],
  ['{"verifier":{"a":"s3cret"},"x":1}'],
  ['{"access_token":"s3cret'],
  ['{"access_token":"s3cret\\'],
  ['client_secret=s3cret&x=1'],
  ['x=1&client_secret=s3cret'],
  ['grant=a&code=s3cret'],
])('the secret in %s is cut out', (body) => {
  expect(redactBody(body, FIELDS)).not.toContain('s3cret');
});

test('what is no secret stays readable', () => {
  expect(redactBody('{"access_token":"s3cret","total":"12.50"}', FIELDS)).toBe(
    '{"access_token":"[redacted]","total":"12.50"}',
  );
  expect(redactBody('{"total":"12.50"}', [])).toBe('{"total":"12.50"}');
  expect(redactBody(undefined, FIELDS)).toBeUndefined();
});

test('a URL keeps its path and loses the secrets of its query', () => {
  expect(redactUrl('https://x.example/a?code=s3cret&page=2', FIELDS)).toBe(
    'https://x.example/a?code=%5Bredacted%5D&page=2',
  );
  expect(redactUrl('https://x.example/a?next=/b?c=1&code=s3cret', FIELDS)).not.toContain('s3cret');
  expect(redactUrl('https://x.example/a', FIELDS)).toBe('https://x.example/a');
});

test('a secret never survives in JSON at any depth, however it is cut off', () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9+/=_."\\-]{8,40}$/).map((text) => `zq${text}`);
  fc.assert(
    fc.property(
      secret,
      fc.constantFrom(...FIELDS),
      fc.jsonValue({ maxDepth: 2 }),
      fc.nat({ max: 3 }),
      fc.nat({ max: 60 }),
      (value, field, other, depth, cut) => {
        let body: unknown = { before: other, [field]: value, after: 1 };
        for (let level = 0; level < depth; level += 1) body = level % 2 === 0 ? [body] : { inner: body };
        const text = JSON.stringify(body);
        const written = JSON.stringify(value).slice(1, 9);
        for (const whole of [text, text.slice(0, text.length - Math.min(cut, text.length))]) {
          expect(redactBody(whole, FIELDS)).not.toContain(written);
        }
      },
    ),
  );
});

test('a secret never survives in a form', () => {
  const secret = fc.string({ minLength: 6, maxLength: 30 });
  fc.assert(
    fc.property(secret, fc.constantFrom(...FIELDS), fc.string(), (value, field, other) => {
      const marked = `zq${value}`;
      const body = new URLSearchParams([
        ['other', other],
        [field, marked],
        ['x', '1'],
      ]).toString();
      const written = new URLSearchParams({ v: marked }).toString().slice(2);
      expect(redactBody(body, FIELDS)).not.toContain(written);
    }),
  );
});

test.each([
  'https://us.example/hooks/5up3r_s3cr3t-p4th-0f-ours-000',
  '{"detail":"https:\\/\\/us.example\\/hooks\\/5up3r_s3cr3t-p4th-0f-ours-000"}',
  'uri=https%3A%2F%2Fus.example%2Fhooks%2F5up3r_s3cr3t-p4th-0f-ours-000&x=1',
])('the end of a webhook address is cut out of %s, in body, address and header alike', (text) => {
  const shown = [redactBody(text, []), redactBody(text, FIELDS), redactUrl(text, [])];
  shown.push(redactHeaders({ 'x-forwarded-uri': text })['x-forwarded-uri']);
  for (const one of shown) {
    expect(one).toContain('[redacted]');
    expect(one).not.toContain('5up3r');
  }
});
