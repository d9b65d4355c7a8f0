/** Faults of the two systems and of the way to them. */
import type { CallFault } from '../core/rehearsal.ts';
import type { Over, Strike } from './fault-class.ts';
import { backfillHistory, reconnect } from './operator.ts';
import { between, type ProofWorld, pickOne } from './world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

type Systems = Pick<ProofWorld, 'random' | 'source' | 'destination'>;

/** Needs no more than the two systems. */
export type SystemsStrike = (systems: Systems) => Over;

/** One of these kinds, a few times, at either system. */
function calls(...faults: readonly CallFault[]): SystemsStrike {
  return (world) => {
    const fault = pickOne(world.random, faults);
    const times = between(world.random, 1, 3);
    if (world.random.next() < 0.75)
      world.destination.order(fault, times, pickOne(world.random, ['any', 'writes']));
    else world.source.order(fault, times, 'any');
    return () => met(world);
  };
}

function met({ source, destination }: Systems): number {
  return source.calm() + destination.calm();
}

export const answerLost = calls(
  'answer lost after the effect',
  'time-out after the effect',
  'effect after the time-out',
  'answer cut after the effect',
);

export const requestLost = calls('request lost');

export const rateLimits = calls(
  'rate limited, with a time',
  'rate limited, without a time',
  'too many at once',
  'lock contention',
);

export const outages: SystemsStrike = (world) => {
  const kind = pickOne(world.random, ['storm', 'slow', 'silence', 'cut', 'refusals'] as const);
  switch (kind) {
    case 'storm': {
      const system = pickOne(world.random, [world.source, world.destination]);
      system.order(
        pickOne(world.random, ['internal error', 'bad gateway']),
        between(world.random, 2, 7),
        'any',
      );
      return () => met(world);
    }
    case 'slow': {
      world.destination.slow(between(world.random, 2, 15));
      return () => {
        met(world);
        return 1;
      };
    }
    case 'silence':
      return calls('never answered')(world);
    case 'cut':
      return calls('answer cut after the effect')(world);
    case 'refusals': {
      world.destination.order('refused under HTTP 200', 1, 'any');
      world.destination.order('internal error', 1, 'writes');
      return () => met(world) + 1;
    }
  }
};

export const webhooks: SystemsStrike = (world) => {
  const { random, source } = world;
  const delays = [0, 0, 2_000, HOUR_MS, 7 * DAY_MS];
  source.webhooks({
    duplicates: between(random, 0, 3),
    shuffled: random.next() < 0.5,
    dropped: pickOne(random, [0, 0.3, 1]),
    delayMs: pickOne(random, delays),
  });
  return () => {
    source.webhooks({ duplicates: 0, shuffled: false, dropped: 0, delayMs: 0 });
    return 1;
  };
};

/** Somebody who has listened sends what was sent before, and what they made of it. */
export const forged: Strike = async (world) => {
  const { door, random } = world;
  let sent = 0;
  const wrong: number[] = [];
  // A handshake bears no signature: it is worth nothing unless the source lists it.
  const signed = door.accepted.filter(({ headers }) =>
    Object.keys(headers).some((name) => name.includes('hmac')),
  );
  for (const delivery of signed.slice(-between(random, 1, 4))) {
    // The first figure is the document's: any other place might be refused for what it says of the account.
    const text = delivery.body.toString('utf8').replace(/\d/, (digit) => (digit === '9' ? '8' : '9'));
    const body = Buffer.from(text);
    const altered = await door.hand({ ...delivery, body });
    const elsewhere = await door.hand({ ...delivery, path: `${delivery.path}x` });
    await door.hand(delivery);
    if (altered === 200) wrong.push(altered);
    if (elsewhere === 200) wrong.push(elsewhere);
    sent += 3;
  }
  if (wrong.length > 0) throw new Error('a forged delivery was accepted');
  return () => sent;
};

export const tokens: Strike = (world) => {
  const { random, source, destination } = world;
  const kind = pickOne(random, ['expire', 'race', 'revoked', 'lost renewal'] as const);
  if (kind === 'race') world.start();
  if (kind === 'revoked') source.revokeGrant();
  else {
    source.expireTokens();
    destination.expireTokens();
  }
  if (kind === 'lost renewal') source.order('answer lost after the effect', 1, 'any');
  return async () => {
    source.calm();
    await reconnect(world);
    return 1;
  };
};

/** Users go on while their documents are being read and copied; a backfill of all history runs beside it. */
export const movingSource: Strike = async (world) => {
  let acts = 0;
  const off = world.onCheckpoint(async (_replica, at) => {
    if (at !== 'after call' || acts >= 6 || world.chance.next() > 0.15) return;
    acts += 1;
    world.source.act(1);
  });
  await backfillHistory(world, 6);
  return () => {
    off();
    return acts;
  };
};

/** What was sent before is not known any more when it is sent again. */
export const keysForgotten: Strike = (world) => {
  const { destination, random } = world;
  const fault = pickOne(random, ['answer lost after the effect', 'request lost', 'never answered'] as const);
  destination.order(fault, between(random, 1, 2), 'writes');
  const laterMs = pickOne(random, [25 * HOUR_MS, 7 * DAY_MS, 90 * DAY_MS]);
  const isForgottenEarly = random.next() < 0.3;
  let isForgotten = false;
  const off = world.onCheckpoint(async (_replica, at) => {
    if (at !== 'before doubt' || isForgotten) return;
    isForgotten = true;
    world.clock.advance(laterMs);
  });
  const over: Over = () => {
    off();
    const count = met(world);
    if (isForgottenEarly) destination.forgetKeys();
    return count;
  };
  return over;
};
