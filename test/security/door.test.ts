/** Nothing passes the webhook door but what the sender has signed (the long run: npm run prove:door). */
import { describe, expect, test } from 'vitest';
import { webhooks } from '../../src/connectors/freshbooks/webhook.ts';
import { seededRandom } from '../../src/platform/clock.ts';
import { CLASSES } from '../prove/door-mutations.ts';
import { knockAtTheDoor, knockInProcess, makeCallbacks, makeDeliveries } from '../prove/door-run.ts';

const COUNT = 20_000;
const FEWER = 2_000;

test('of 20,000 deliveries that somebody has tampered with, none is accepted as something that was not signed', async () => {
  const figures = await knockInProcess({ seed: 11, count: COUNT });
  expect(figures.examples).toEqual([]);
  expect([figures.forged, figures.trueOnesRefused]).toEqual([0, 0]);
  expect(figures.trueOnes).toBe(COUNT / 20);
  for (const name of CLASSES) {
    const { sent, refused } = figures.classes[name];
    expect(sent, name).toBeGreaterThan(COUNT / 10 - 200);
    expect(refused, name).toBeGreaterThan(sent / 3);
  }
  // The same said in other bytes is the same.
  expect(figures.classes.encoding.reencoded).toBeGreaterThan(0);
  expect(figures.classes.repetition.reencoded).toBeGreaterThan(0);
});

describe('the judge of that sees', () => {
  const seed = 12;
  const random = seededRandom(seed);
  const callbacks = makeCallbacks(random);
  const signed = makeDeliveries(random, callbacks);
  const verifierOf = new Map(callbacks.map(({ path, verifier }) => [path, verifier]));

  test('a door that lets everything in, in every class', async () => {
    const { classes } = await knockAtTheDoor(() => true, { signed, seed, count: FEWER });
    expect(CLASSES.filter((name) => classes[name].forged === 0)).toEqual([]);
  });

  test('a door that looks at no account', async () => {
    const { classes, trueOnesRefused } = await knockAtTheDoor(
      ({ path, body, headers }) => webhooks.verify(body, headers, verifierOf.get(path) ?? ''),
      { signed, seed, count: FEWER },
    );
    expect(CLASSES.filter((name) => classes[name].forged > 0)).toEqual(['account']);
    expect(trueOnesRefused).toBe(0);
  });

  test('a door that takes any verifier it knows', async () => {
    const verifiers = [...verifierOf.values()];
    const { classes } = await knockAtTheDoor(
      ({ body, headers }) => verifiers.some((verifier) => webhooks.verify(body, headers, verifier)),
      { signed, seed, count: FEWER },
    );
    expect(classes.path.forged).toBeGreaterThan(0);
  });

  test('a door that is shut', async () => {
    const { trueOnes, trueOnesRefused } = await knockAtTheDoor(() => false, { signed, seed, count: FEWER });
    expect(trueOnesRefused).toBe(trueOnes);
  });
});
