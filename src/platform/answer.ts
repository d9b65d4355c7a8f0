/** Reading an answer's body within bounds: of its size as sent, its size unpacked, and of all that is read at once. */
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

const KIB = 1024;
const MIB = 1024 * KIB;

export type AnswerLimits = { sentBytes: number; plainBytes: number };

/**
 * `read` fits a full page of the largest list that is asked for: 100 invoices of 450 lines each, some 700 bytes a line.
 * A write is answered with one document, a token with a few words.
 */
export const ANSWER_LIMITS = {
  read: { sentBytes: 8 * MIB, plainBytes: 32 * MIB },
  write: { sentBytes: 2 * MIB, plainBytes: 8 * MIB },
  small: { sentBytes: 256 * KIB, plainBytes: 256 * KIB },
} as const satisfies Record<string, AnswerLimits>;

/** What is longer waits for its turn, and is not read any further until then. */
const LONG_BYTES = 256 * KIB;
const LONG_AT_ONCE = 2;
const LARGEST_BYTES = ANSWER_LIMITS.read.plainBytes;
const UNPACKED_CHUNK_BYTES = 64 * KIB;

/** All that may be asked for; what comes in another packing is not read. */
export const ACCEPTED_ENCODING = 'gzip';

/** Whoever repeats the call gets the same again. */
export class AnswerUnfit extends Error {
  override readonly name = 'AnswerUnfit';
  readonly code = 'ANSWER_UNFIT';
}

export type Turns = { take(signal: AbortSignal): Promise<() => void> };

/** So many have a turn at the same time; the others wait in line, or until their signal ends it. */
export function createTurns(most: number): Turns {
  let free = most;
  const line: (() => void)[] = [];
  const giveBack = () => {
    const next = line.shift();
    if (next) next();
    else free += 1;
  };
  return {
    async take(signal) {
      signal.throwIfAborted();
      if (free > 0) free -= 1;
      else {
        await new Promise<void>((resolve, reject) => {
          const mine = () => {
            signal.removeEventListener('abort', leave);
            resolve();
          };
          const leave = () => {
            line.splice(line.indexOf(mine), 1);
            reject(signal.reason as Error);
          };
          line.push(mine);
          signal.addEventListener('abort', leave, { once: true });
        });
      }
      return giveBack;
    },
  };
}

/** One line for the process, and room for those whose turn it is; used again, so that nothing has to be collected. */
const LONG_ANSWERS = createTurns(LONG_AT_ONCE);
const rooms: Buffer[] = [];

export type LongTurn = { room: Buffer; giveBack(): void };

/** Its own turn first: one system with long answers has at most one of the process's. */
export async function takeLongTurn(own: Turns, signal: AbortSignal): Promise<LongTurn> {
  const giveBackOwn = await own.take(signal);
  try {
    const giveBack = await LONG_ANSWERS.take(signal);
    const room = rooms.pop() ?? Buffer.allocUnsafeSlow(LARGEST_BYTES);
    return {
      room,
      giveBack() {
        rooms.push(room);
        giveBack();
        giveBackOwn();
      },
    };
  } catch (error) {
    giveBackOwn();
    throw error;
  }
}

/** The text of the body. Throws AnswerUnfit, and whatever cuts the body off; it is then read no further. */
export async function readAnswer(
  headers: Readonly<Record<string, string>>,
  body: Readable,
  limits: AnswerLimits,
  takeTurn: () => Promise<LongTurn>,
): Promise<string> {
  let turn: LongTurn | undefined;
  try {
    const isPacked = isGzip(headers['content-encoding'] ?? '');
    assertAnnounced(headers['content-length'], isPacked ? limits.sentBytes : limits.plainBytes);
    const short: Buffer[] = [];
    let plainBytes = 0;
    const collect = async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        const end = plainBytes + chunk.length;
        if (end > limits.plainBytes) throw tooLarge(limits.plainBytes, isPacked ? ' unpacked' : '');
        if (end > LONG_BYTES && !turn) {
          turn = await takeTurn();
          Buffer.concat(short.splice(0)).copy(turn.room);
        }
        if (turn) chunk.copy(turn.room, plainBytes);
        else short.push(chunk);
        plainBytes = end;
      }
    };
    if (isPacked) await unpack(body, limits, collect);
    else await collect(body);
    return new TextDecoder().decode(turn ? turn.room.subarray(0, plainBytes) : Buffer.concat(short));
  } finally {
    // Cut off by us: nobody listens any more to what it says about that.
    body.on('error', () => {}).destroy();
    turn?.giveBack();
  }
}

async function unpack(
  body: Readable,
  { sentBytes }: AnswerLimits,
  collect: (chunks: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  let sent = 0;
  async function* counted(chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      sent += chunk.length;
      if (sent > sentBytes) throw tooLarge(sentBytes, ' as sent');
      yield chunk;
    }
  }
  try {
    await pipeline(body, counted, createGunzip({ chunkSize: UNPACKED_CHUNK_BYTES }), collect);
  } catch (error) {
    // Nothing at all is no gzip either, and yet a whole answer: 204, or a DELETE's.
    if (sent > 0 || !body.readableEnded) throw error;
  }
}

function isGzip(encoding: string): boolean {
  const name = encoding.trim().toLowerCase();
  if (name === '' || name === 'identity') return false;
  if (name === 'gzip' || name === 'x-gzip') return true;
  throw new AnswerUnfit(
    `it is packed in a way that was not asked for (content-encoding ${JSON.stringify(encoding.slice(0, 40))})`,
  );
}

/** A false promise of less is the parser's to notice. */
function assertAnnounced(length: string | undefined, mostBytes: number): void {
  if (length !== undefined && Number.parseInt(length, 10) > mostBytes) throw tooLarge(mostBytes, '');
}

function tooLarge(mostBytes: number, how: string): AnswerUnfit {
  const size = mostBytes >= MIB ? `${mostBytes / MIB} MiB` : `${mostBytes / KIB} KiB`;
  return new AnswerUnfit(`it is larger than ${size}${how}, and was not read any further`);
}
