/** Answers that would fill the memory or never end: cut off at a stated size and time, and told as what they are. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { measureRise, startGreedyServer } from '../../bench/answers.ts';
import { OperatingError } from '../../src/core/errors.ts';
import type { AttemptRecord, Http, HttpRequest } from '../../src/core/ports.ts';
import { createAddressRules } from '../../src/platform/addresses.ts';
import { ANSWER_LIMITS } from '../../src/platform/answer.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createHttp } from '../../src/platform/http.ts';
import { NOTHING_KNOWN } from '../../src/platform/known-secrets.ts';

/** Above what the process needs anyway, whatever 64 answers at once hold; docs/operations.md states it. */
const MOST_RISE_MIB = 256;
const SILENCE_MS = 300;

let server: Server;
let answer: RequestListener;
let origin: string;
let http: Http;
let close: () => Promise<void>;
let records: AttemptRecord[];

beforeEach(async () => {
  server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  records = [];
  ({ http, close } = createHttp({
    clock: systemClock,
    addresses: createAddressRules().of([origin]),
    known: NOTHING_KNOWN,
    takeTurn: async () => () => {},
    record: async (attempt) => void records.push(attempt),
    silenceMs: SILENCE_MS,
  }));
});
afterEach(async () => {
  server.closeAllConnections();
  await close();
  await new Promise((resolve) => server.close(resolve));
});

const READ: HttpRequest = { call: 'GET thing', method: 'GET', url: '', safe: true };
const WRITE: HttpRequest = { call: 'POST thing', method: 'POST', url: '', body: '{}', safe: false };

const send = (request: HttpRequest) => http({ ...request, url: `${origin}/` });

async function failureOf(request: HttpRequest): Promise<OperatingError> {
  const error = await send(request).catch((caught: unknown) => caught);
  if (error instanceof OperatingError) return error;
  throw new Error(`no operating error: ${JSON.stringify(error)?.slice(0, 200)}`);
}

/** More than may be sent, piece by piece, for as long as somebody listens; how much was taken is counted. */
function endless(headers: Record<string, string> = {}) {
  const counted = { bytes: 0 };
  const piece = Buffer.alloc(64 * 1024, 0x61);
  answer = (_request, response) => {
    response.writeHead(200, headers);
    const pour = () => {
      while (!response.destroyed && counted.bytes < 300 * 1024 * 1024) {
        counted.bytes += piece.length;
        if (!response.write(piece)) return void response.once('drain', pour);
      }
      response.end();
    };
    pour();
  };
  return counted;
}

describe('size', () => {
  test('a read that brings more than its limit is refused by that name and not read any further', async () => {
    const taken = endless();
    expect(await failureOf(READ)).toMatchObject({
      kind: 'rejected',
      code: 'answer-unfit',
      message: expect.stringContaining('larger than 32 MiB'),
    });
    expect(taken.bytes).toBeLessThan(ANSWER_LIMITS.read.plainBytes + 16 * 1024 * 1024);
    expect(records).toMatchObject([
      { status: undefined, failure: expect.stringContaining('larger than 32 MiB') },
    ]);
  });

  test('a size that is announced is refused before anything is read', async () => {
    const taken = endless({ 'content-length': String(600 * 1024 * 1024) });
    expect((await failureOf(READ)).message).toContain('larger than 32 MiB');
    expect(taken.bytes).toBeLessThan(16 * 1024 * 1024);
  });

  test('400 MB inside a few kilobytes are refused by their size unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20), { level: 9 });
    expect(bomb.length).toBeLessThan(100 * 1024);
    answer = (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    expect(await failureOf(READ)).toMatchObject({
      kind: 'rejected',
      code: 'answer-unfit',
      message: expect.stringContaining('larger than 32 MiB unpacked'),
    });
  });

  test('what is packed and still too long is refused by its size as sent', async () => {
    // Members of nothing: the size unpacked stays 0.
    const empty = gzipSync('');
    const piece = Buffer.concat(Array.from({ length: 4096 }, () => empty));
    answer = (_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      const pour = () => {
        while (!response.destroyed) if (!response.write(piece)) return void response.once('drain', pour);
      };
      pour();
    };
    expect((await failureOf({ ...READ, answer: 'small' })).message).toContain('larger than 256 KiB as sent');
  });

  test('a write whose answer is too large may have worked: it is looked up, not taken for refused', async () => {
    endless();
    const failure = await failureOf(WRITE);
    expect(failure).toMatchObject({ kind: 'ambiguous', message: expect.stringContaining('8 MiB') });
    expect(failure.code).toBeUndefined();
  });

  test('a token is a few words, and nothing else is taken for one', async () => {
    endless();
    expect((await failureOf({ ...READ, answer: 'small' })).message).toContain('larger than 256 KiB');
  });

  test('a page of the largest list comes whole, packed or not', async () => {
    const text = `${'[é]'.repeat(6_000_000)}end`;
    for (const headers of [{}, { 'content-encoding': 'gzip' }]) {
      const body = 'content-encoding' in headers ? gzipSync(text, { level: 1 }) : text;
      answer = (_request, response) => response.writeHead(200, headers).end(body);
      expect((await send(READ)).body === text).toBe(true);
    }
  });

  test('headers that never end are refused like a body', async () => {
    answer = (request) => {
      request.socket.write('HTTP/1.1 200 OK\r\n');
      request.socket.write(Array.from({ length: 5000 }, (_, n) => `x-${n}: ${'y'.repeat(50)}\r\n`).join(''));
    };
    expect(await failureOf(READ)).toMatchObject({ kind: 'rejected', code: 'answer-unfit' });
  });

  test('a side whose answers do not fit is not taken for one that is down', async () => {
    answer = (_request, response) => response.writeHead(200, { 'content-length': '99999999' }).write('x');
    for (let call = 0; call < 12; call += 1) expect((await failureOf(READ)).code).toBe('answer-unfit');
  });
});

describe('packing', () => {
  test.each([
    ['gzip, gzip', gzipSync(gzipSync('{}'))],
    ['br', brotliCompressSync('{}')],
    ['zstd', Buffer.from('{}')],
    ['deflate', Buffer.from('{}')],
  ])('%s was not asked for and is not unpacked', async (encoding, body) => {
    answer = (request, response) => {
      expect(request.headers['accept-encoding']).toBe('gzip');
      response.writeHead(200, { 'content-encoding': encoding }).end(body);
    };
    expect(await failureOf(READ)).toMatchObject({ kind: 'rejected', code: 'answer-unfit' });
  });

  test('a packed answer that ends too early is no whole answer', async () => {
    const whole = gzipSync('{"amount":"100.00"}');
    answer = (_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(whole.subarray(0, -9));
    expect((await failureOf(READ)).kind).toBe('transient');
    expect((await failureOf(WRITE)).kind).toBe('ambiguous');
  });

  test('no body at all is a whole answer, even where it calls itself packed', async () => {
    answer = (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end();
    expect(await send(READ)).toMatchObject({ status: 200, body: '' });
    answer = (_request, response) => response.writeHead(204, { 'content-encoding': 'gzip' }).end();
    expect(await send(READ)).toMatchObject({ status: 204, body: '' });
  });
});

describe('time', () => {
  test('an answer that falls silent is given up after the time between bytes', async () => {
    answer = (_request, response) => void response.writeHead(200).write('{');
    const startedAt = performance.now();
    expect(await failureOf(READ)).toMatchObject({
      kind: 'transient',
      message: expect.stringContaining('fell silent'),
    });
    // The client's own timers tick twice a second.
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  test('one that comes byte by byte is given up when the call’s time is over', async () => {
    answer = (_request, response) => {
      const timer = setInterval(() => response.write('x'), 20);
      response.once('close', () => clearInterval(timer));
    };
    expect(await failureOf({ ...READ, timeoutMs: 700 })).toMatchObject({
      kind: 'transient',
      message: expect.stringContaining('took too long as a whole'),
    });
  });

  test('however many long answers are under way, a short one waits for none of them', async () => {
    answer = (request, response) => {
      if (request.url === '/short') return void response.end('{}');
      // Longer than what is read without a turn, and then nothing more.
      response.write(Buffer.alloc(1024 * 1024, 0x61));
      const timer = setInterval(() => response.write('x'), 50);
      response.once('close', () => clearInterval(timer));
    };
    const long = Array.from({ length: 6 }, () => failureOf({ ...READ, timeoutMs: 900 }));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const startedAt = performance.now();
    expect((await http({ ...READ, url: `${origin}/short` })).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    for (const failure of await Promise.all(long)) expect(failure.kind).toBe('transient');
  });
});

describe('memory', () => {
  test(`64 answers that are far too large raise it by less than ${MOST_RISE_MIB} MiB`, async () => {
    const greedy = await startGreedyServer();
    try {
      // What has not had its turn by then is given up: those that wait are what the bound is about as well.
      for (const shape of ['long', 'packed'] as const) {
        const rise = await measureRise({ url: greedy.url, shape, answers: 64, timeoutMs: 1_000 });
        expect(Object.values(rise.ends).reduce((sum, count) => sum + count, 0)).toBe(64);
        expect(rise.riseMiB, JSON.stringify(rise)).toBeLessThan(MOST_RISE_MIB);
      }
    } finally {
      await greedy.close();
    }
  }, 60_000);
});
