/** Who the simulated company and its developer app are: ids and secrets, all derived from the seed. */
import { type Random, seededRandom } from '../../../platform/clock.ts';

export type Identity = {
  accountId: string;
  businessId: number;
  businessUuid: string;
  businessName: string;
  identityId: number;
  userId: number;
  systemId: number;
  clientId: string;
  clientSecret: string;
};

const ALPHANUMERIC = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789';

export function randomText(random: Random, length: number, alphabet = ALPHANUMERIC): string {
  return Array.from({ length }, () => alphabet.charAt(Math.floor(random.next() * alphabet.length))).join('');
}

export function randomHex(random: Random, length: number): string {
  return randomText(random, length, '0123456789abcdef');
}

export function createIdentity(seed: number): Identity {
  const random = seededRandom(seed * 31 + 17);
  return {
    accountId: randomText(random, 6),
    businessId: 14_700_000 + (seed % 100_000),
    businessUuid: `${randomHex(random, 8)}-6410-402e-bb28-${randomHex(random, 12)}`,
    businessName: 'Maple & Lark Studio',
    identityId: 14_460_000 + (seed % 100_000),
    userId: 1,
    systemId: 10_423_000 + (seed % 1000),
    clientId: randomHex(random, 64),
    clientSecret: randomHex(random, 64),
  };
}
