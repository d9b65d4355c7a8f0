/** Turns changes of the books into webhook deliveries, with the handshake and the webhook faults. */
import type { Random } from '../../../platform/clock.ts';
import type { Change } from './books.ts';
import type { Callback, Callbacks } from './callbacks.ts';
import type { Deliveries, Delivery } from './deliveries.ts';
import type { Faults } from './faults.ts';
import type { Identity } from './identity.ts';
import type { FormPair } from './signature.ts';

const KEY_ORDERS = {
  recorded: ['name', 'object_id', 'user_id', 'identity_id', 'business_id', 'account_id'],
  documented: ['name', 'object_id', 'account_id', 'business_id', 'identity_id', 'user_id'],
  system: ['user_id', 'name', 'object_id', 'account_id', 'system'],
} as const;
const ORDER_NAMES = ['recorded', 'documented', 'system'] as const;
const SHUFFLE_SPREAD_MS = 1500;

export type Announcer = ReturnType<typeof createAnnouncer>;

export function createAnnouncer(options: {
  identity: Identity;
  random: Random;
  faults: () => Faults;
  callbacks: Callbacks;
  deliveries: Deliveries;
}) {
  const { identity, random, callbacks, deliveries } = options;
  let announced = 0;

  const values = (name: string, objectId: number): Record<string, string> => ({
    name,
    object_id: String(objectId),
    user_id: String(identity.userId),
    identity_id: String(identity.identityId),
    business_id: String(identity.businessId),
    account_id: identity.accountId,
    system: `https://${identity.accountId.toLowerCase()}.freshbooks.com`,
  });

  return {
    announce({ name, objectId }: Change): void {
      const faults = options.faults();
      if (faults.webhooks === 'off') return;
      announced += 1;
      const rotated = ORDER_NAMES[announced % ORDER_NAMES.length] ?? 'recorded';
      const order = faults.webhookKeyOrder === 'rotate' ? rotated : faults.webhookKeyOrder;
      const fields = values(name, objectId);
      const pairs = KEY_ORDERS[order].map((key): FormPair => [key, fields[key] ?? '']);
      for (const callback of callbacks.listening(name)) {
        if (random.next() < faults.webhookDropRate) continue;
        for (let copy = 0; copy <= faults.webhookDuplicate; copy += 1) {
          const spread = faults.webhookShuffle ? Math.floor(random.next() * SHUFFLE_SPREAD_MS) : 0;
          deliveries.enqueue(callback, pairs, { signed: true, delayMs: faults.webhookDelayMs + spread });
        }
      }
    },
    /** Unsigned: whether the real one is signed is not documented, and the key is in the message anyway. */
    shakeHands(callback: Callback): Delivery {
      const fields: Record<string, string> = {
        ...values('callback.verify', callback.id),
        verifier: callback.verifier,
      };
      const keys = ['user_id', 'name', 'verifier', 'object_id', 'account_id', 'system'] as const;
      const pairs = keys.map((key): FormPair => [key, fields[key] ?? '']);
      return deliveries.enqueue(callback, pairs, { signed: false, delayMs: 0 });
    },
  };
}
