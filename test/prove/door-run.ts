/** Sends mutated deliveries to the door and judges its answers by the oracle's own books. */
import { Pool } from 'undici';
import { freshbooks } from '../../src/connectors/freshbooks/index.ts';
import type { Door } from '../../src/engine/doors.ts';
import { judge } from '../../src/engine/judge-delivery.ts';
import { type Random, seededRandom } from '../../src/platform/clock.ts';
import type { CallbackRow } from '../../src/store/callbacks.ts';
import type { Db } from '../../src/store/db.ts';
import { openDoor } from '../kit/door.ts';
import { CLASSES, type Class, createLoot, describe, MUTATIONS, makeSigned } from './door-mutations.ts';
import { assertOracle, Books, type Callback, type Sent, SIGNATURE, type Signed } from './door-oracle.ts';

const VECTORS = 'src/connectors/freshbooks/fixtures/webhook-vectors.json';

export type ClassFigures = {
  sent: number;
  refused: number;
  /** Accepted: the very bytes that were signed, */
  unchanged: number;
  /** or others that decode to the same form, under the same path and signature. */
  reencoded: number;
  /** The same form, refused for another reason (its content type). */
  sameRefused: number;
  /** Accepted though nobody has signed it. */
  forged: number;
};

export type DoorFigures = {
  seed: number;
  sent: number;
  classes: Record<Class, ClassFigures>;
  /** True ones in between. */
  trueOnes: number;
  trueOnesRefused: number;
  forged: number;
  /** Of the faults, briefly. */
  examples: string[];
};

/** True when the delivery was accepted, and as what. */
export type Knock = (sent: Sent) => Promise<boolean> | boolean;

const DELIVERIES = 3_000;
/** One in so many is a true one. */
const TRUE_EVERY = 20;
const MOST_EXAMPLES = 10;
const TELL_EVERY = 10_000;

/** Two connections with four callbacks each; both have the same topics, none the same verifier. */
export function makeCallbacks(random: Random): Callback[] {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const text = (length: number) =>
    Array.from({ length }, () => letters.charAt(Math.floor(random.next() * letters.length))).join('');
  return ['AbC123', 'AbC124'].flatMap((account) =>
    ['client', 'invoice', 'payment', 'credit_note'].map((topic) => ({
      account,
      topic,
      path: text(32),
      verifier: text(33),
    })),
  );
}

export function makeDeliveries(random: Random, callbacks: readonly Callback[]): Signed[] {
  const loot = createLoot(random, []);
  return Array.from({ length: DELIVERIES }, () => makeSigned(loot, loot.pick(callbacks)));
}

const empty = (): ClassFigures => ({
  sent: 0,
  refused: 0,
  unchanged: 0,
  reencoded: 0,
  sameRefused: 0,
  forged: 0,
});

/** `atOnce` deliveries are on their way at the same time. */
export async function knockAtTheDoor(
  knock: Knock,
  {
    signed,
    seed,
    count,
    atOnce = 1,
    tell = () => {},
  }: {
    signed: readonly Signed[];
    seed: number;
    count: number;
    atOnce?: number;
    tell?: (done: number) => void;
  },
): Promise<DoorFigures> {
  const loot = createLoot(seededRandom(seed), signed);
  const books = new Books(signed);
  const classes = Object.fromEntries(CLASSES.map((name) => [name, empty()])) as Record<Class, ClassFigures>;
  const figures: DoorFigures = {
    seed,
    sent: 0,
    classes,
    trueOnes: 0,
    trueOnesRefused: 0,
    forged: 0,
    examples: [],
  };
  const example = (what: string, sent: Sent) => {
    if (figures.examples.length < MOST_EXAMPLES) figures.examples.push(`${what}: ${describe(sent)}`);
  };

  function book(name: Class, of: Signed, sent: Sent, accepted: boolean): void {
    const own = classes[name];
    own.sent += 1;
    const same = books.find(sent);
    if (!accepted) own[same ? 'sameRefused' : 'refused'] += 1;
    else if (!same) {
      own.forged += 1;
      figures.forged += 1;
      example(`forged (${name})`, sent);
    } else own[sent.body.equals(of.sent.body) ? 'unchanged' : 'reencoded'] += 1;
  }

  async function one(turn: number): Promise<void> {
    const of = loot.pick(signed);
    if (turn % TRUE_EVERY === 0) {
      figures.trueOnes += 1;
      if (await knock(of.sent)) return;
      figures.trueOnesRefused += 1;
      return example('refused', of.sent);
    }
    const name = CLASSES[turn % CLASSES.length] ?? 'bytes';
    const sent = MUTATIONS[name](of, loot);
    book(name, of, sent, await knock(sent));
  }

  for (let done = 0; done < count; done += atOnce) {
    await Promise.all(
      Array.from({ length: Math.min(atOnce, count - done) }, (_, index) => one(done + index)),
    );
    figures.sent += Math.min(atOnce, count - done);
    if (done % TELL_EVERY < atOnce) tell(done);
  }
  return figures;
}

type Run = { seed: number; count: number; tell?: (done: number) => void };

/** The door's own judgement (src/engine/judge-delivery.ts), called as the receiver calls it. */
export async function knockInProcess({ seed, count, tell }: Run): Promise<DoorFigures> {
  assertOracle(VECTORS);
  const random = seededRandom(seed);
  const callbacks = makeCallbacks(random);
  const doors = new Map(callbacks.map((callback) => [callback.path, toDoor(callback)]));
  const knock = ({ path, body, headers }: Sent) => {
    const verdict = judge(doors.get(path), body, headers);
    return verdict.ok && verdict.message.type !== 'handshake';
  };
  return knockAtTheDoor(knock, {
    signed: makeDeliveries(random, callbacks),
    seed,
    count,
    ...(tell ? { tell } : {}),
  });
}

function toDoor({ path, verifier, account, topic }: Callback): Door {
  const never = { askedAt: null, replaceAt: null, retiredAt: null, verifiedAt: null };
  const row: CallbackRow = {
    ...never,
    id: path,
    connectionId: account,
    role: 'current',
    remoteId: null,
    topic,
    path,
    verifier,
  };
  return { callback: row, manifest: freshbooks, account };
}

const HTTP_AT_ONCE = 40;

/** The whole way: HTTP, look-up, judgement, group commit. `stored` is what the database has of what was accepted. */
export async function knockOverHttp(
  db: Db,
  { seed, count, tell }: Run,
): Promise<
  DoorFigures & { accepted: number; stored: number; events: number; statuses: Record<string, number> }
> {
  const random = seededRandom(seed);
  const callbacks = makeCallbacks(random);
  const signed = makeDeliveries(random, callbacks);
  const door = await openDoor(db, callbacks);
  const client = new Pool(door.url, { connections: HTTP_AT_ONCE });
  const statuses: Record<string, number> = {};
  let accepted = 0;
  const knock = async ({ path, body, headers }: Sent) => {
    const answer = await client.request({
      method: 'POST',
      path: `/hooks/${encodeURIComponent(path)}`,
      headers,
      body,
    });
    await answer.body.dump();
    statuses[answer.statusCode] = (statuses[answer.statusCode] ?? 0) + 1;
    if (answer.statusCode === 200) accepted += 1;
    return answer.statusCode === 200;
  };
  try {
    const options = { signed, seed, count, atOnce: HTTP_AT_ONCE, ...(tell ? { tell } : {}) };
    const figures = await knockAtTheDoor(knock, options);
    return { ...figures, accepted, ...(await countStored(db, signed)), statuses };
  } finally {
    await client.close();
    await door.close();
  }
}

/** Only what stands under a signature that was given, for the document that was signed, counts as stored. */
async function countStored(db: Db, signed: readonly Signed[]): Promise<{ stored: number; events: number }> {
  const known = new Set(
    signed.map(({ sent, pairs, callback }) => {
      const value = (wanted: string) => pairs.find(([key]) => key === wanted)?.[1];
      return [callback.account, sent.headers[SIGNATURE], value('name'), value('object_id')].join('\n');
    }),
  );
  const rows = await db
    .selectFrom('events as e')
    .innerJoin('connections as c', 'c.id', 'e.connection_id')
    .innerJoin('documents as d', 'd.id', 'e.document_id')
    .select(['c.name', 'e.signature', 'e.topic', 'd.source_id', 'e.repeats'])
    .execute();
  const own = rows.filter((row) => known.has([row.name, row.signature, row.topic, row.source_id].join('\n')));
  return { stored: own.reduce((sum, { repeats }) => sum + 1 + repeats, 0), events: rows.length };
}
