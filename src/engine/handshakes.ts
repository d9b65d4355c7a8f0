/** Handshakes at the webhook door: kept as offers that check nothing until the source confirms one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '../core/ids.ts';
import { keepOffer, listOffers, type Offered, type OfferOutcome } from '../store/callback-offers.ts';
import { sqlRunner } from '../store/db.ts';
import { isTurnTaken } from '../store/while-alone.ts';
import { HANDSHAKE_WINDOW_MS } from './callbacks.ts';
import type { Door, Doors } from './doors.ts';
import { type EngineParts, nowOf } from './parts.ts';

/** The source may send a first event before its confirmation is recorded here; so long such a one waits for it. */
const CONFIRMATION_LOOKS = 30;
const CONFIRMATION_LOOK_MS = 100;
const MOST_WAITING = 50;

export interface Handshakes {
  /** Unsigned, so it checks nothing and changes nothing: it waits to be confirmed with the source, or is refused. */
  take(door: Door, offered: Offered): Promise<'received' | Exclude<OfferOutcome, 'kept' | 'known'>>;
  /**
   * What a pending offer signs is neither taken nor refused before that offer is: the door as it is then, or undefined
   * where nobody knows yet and nobody is about to find out.
   */
  awaitConfirmation(
    path: string,
    door: Door,
    signs: (verifier: string) => boolean,
  ): Promise<Door | undefined>;
}

export function createHandshakes(parts: EngineParts, doors: Doors): Handshakes {
  let waiting = 0;
  return {
    async take({ callback: { id: callbackId, connectionId, verifier, remoteId } }, offered) {
      const now = nowOf(parts);
      const outcome = await parts.db.transaction().execute(async (tx) => {
        const offer = {
          id: newId(parts.clock.now()),
          now,
          askedAfter: new Date(now.getTime() - HANDSHAKE_WINDOW_MS),
        };
        const kept = await keepOffer(tx, parts.vault, callbackId, offered, offer);
        if (kept === 'kept') await parts.queue.wake('callbacks', [{ key: connectionId }], sqlRunner(tx));
        return kept;
      });
      if (outcome === 'kept' || outcome === 'known') return 'received';
      // A late repetition of the one that was confirmed tells nothing new, and is no fault of the sender's.
      return verifier === offered.verifier && remoteId === offered.remoteId ? 'received' : outcome;
    },

    async awaitConfirmation(path, door, signs) {
      const { askedAt, connectionId, id } = door.callback;
      if (!askedAt) return door;
      for (let look = 0; look < CONFIRMATION_LOOKS; look += 1) {
        const isTended = await isTurnTaken(parts.db, `callbacks of ${connectionId}`);
        const offers = await listOffers(parts.db, parts.vault, id);
        const isPending = offers.some(({ refused, verifier }) => !refused && signs(verifier));
        if (!isPending) return (await doors.findAnew(path)) ?? door;
        if (!isTended || waiting >= MOST_WAITING) return undefined;
        waiting += 1;
        await sleep(CONFIRMATION_LOOK_MS).finally(() => (waiting -= 1));
      }
      return undefined;
    },
  };
}
