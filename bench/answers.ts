/** How far memory rises under many answers at once that are far too large, or as large as may be: node bench/answers.ts. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { OperatingError } from '../src/core/errors.ts';
import { createAddressRules } from '../src/platform/addresses.ts';
import { systemClock } from '../src/platform/clock.ts';
import { createHttp } from '../src/platform/http.ts';
import { NOTHING_KNOWN } from '../src/platform/known-secrets.ts';
import { printFigures, readWhole, round } from './figures.ts';

const MIB = 1024 * 1024;
const LONG_BYTES = 600 * MIB;
const PACKED_BYTES = 400 * MIB;

/** Whoever fills memory with answers: one long, one of 400 MB in 389 kB, one that just fits (two bytes a character in memory), one that never ends. */
const SHAPES = ['long', 'packed', 'fits', 'trickle'] as const;
type Shape = (typeof SHAPES)[number];

/** Written piece by piece as fast as it is taken. */
async function pour(response: ServerResponse, total: number, piece: Buffer): Promise<void> {
  const closed = once(response, 'close');
  for (let sent = 0; sent < total && !response.destroyed; sent += piece.length) {
    if (response.write(piece)) continue;
    await Promise.race([once(response, 'drain'), closed]);
  }
  response.end();
}

/** One member of the packing for each MiB: unpacked as one. */
function packed(): Buffer {
  const member = gzipSync(Buffer.alloc(MIB, 0x20), { level: 9 });
  return Buffer.concat(Array.from({ length: PACKED_BYTES / MIB }, () => member));
}

export async function startGreedyServer(): Promise<{ url: string; close(): Promise<void> }> {
  const piece = Buffer.alloc(64 * 1024, 0x61);
  const bomb = packed();
  const fits = gzipSync('ж'.repeat(15 * MIB), { level: 1 });
  const server: Server = createServer((request, response) => {
    const shape = (request.url ?? '').slice(1);
    if (shape === 'packed' || shape === 'fits')
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(shape === 'fits' ? fits : bomb);
    else if (shape === 'trickle') {
      response.write(piece);
      const timer = setInterval(() => response.write('x'), 200);
      response.once('close', () => clearInterval(timer));
    } else pour(response, LONG_BYTES, piece).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

type Rise = {
  shape: Shape;
  answers: number;
  seconds: number;
  baseMiB: number;
  peakMiB: number;
  riseMiB: number;
  ends: Record<string, number>;
};

type Order = { url: string; shape: Shape; answers: number; timeoutMs: number };

/** In a process of its own, so that the server's memory does not count. */
export async function measureRise(order: Order): Promise<Rise> {
  const child: ChildProcess = fork(fileURLToPath(import.meta.url), ['--child', JSON.stringify(order)]);
  return new Promise<Rise>((resolve, reject) => {
    child.once('message', (rise) => resolve(rise as Rise));
    child.once('exit', (code) => reject(new Error(`the measuring process ended with ${code}`)));
  });
}

async function callAll({ url, shape, answers, timeoutMs }: Order): Promise<Rise> {
  const addresses = createAddressRules().of([url]);
  // Eight connections, as a busy installation has them.
  const clients = Array.from({ length: 8 }, () =>
    createHttp({
      clock: systemClock,
      addresses,
      known: NOTHING_KNOWN,
      takeTurn: async () => () => {},
      record: async () => {},
    }),
  );
  const rss = () => process.memoryUsage.rss() / MIB;
  const base = rss();
  let peak = base;
  const watch = setInterval(() => void (peak = Math.max(peak, rss())), 5);
  const startedAt = performance.now();
  const ends: Record<string, number> = {};
  await Promise.all(
    Array.from({ length: answers }, async (_, index) => {
      const client = clients[index % clients.length];
      const end = await client
        ?.http({ call: `GET ${shape}`, method: 'GET', url: `${url}/${shape}`, safe: true, timeoutMs })
        .then(({ status }) => String(status))
        .catch((error: unknown) => {
          if (!(error instanceof OperatingError)) throw error;
          return error.code ?? error.kind;
        });
      ends[String(end)] = (ends[String(end)] ?? 0) + 1;
    }),
  );
  clearInterval(watch);
  await Promise.all(clients.map(({ close }) => close()));
  return {
    shape,
    answers,
    seconds: round((performance.now() - startedAt) / 1000, 1),
    baseMiB: round(base),
    peakMiB: round(peak),
    riseMiB: round(peak - base),
    ends,
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      answers: { type: 'string', default: '64' },
      json: { type: 'boolean' },
      child: { type: 'string' },
    },
  });
  if (values.child !== undefined) {
    const rise = await callAll(JSON.parse(values.child) as Order);
    process.send?.(rise, () => process.exit(0));
    return;
  }
  const server = await startGreedyServer();
  const answers = readWhole('answers', values.answers);
  for (const shape of SHAPES)
    printFigures(
      { ...(await measureRise({ url: server.url, shape, answers, timeoutMs: 30_000 })) },
      values.json === true,
    );
  await server.close();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
