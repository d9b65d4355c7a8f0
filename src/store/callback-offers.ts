/** What handshakes have offered while one was awaited: sealed at once, believed only when the source confirms it. */
import type { Sealed, Vault } from '../platform/vault.ts';
import { offerOf } from './callbacks.ts';
import type { Db } from './db.ts';

export type Offered = { remoteId: string; verifier: string };
export type Offer = Offered & { id: string; refused: boolean };

/** More than the source sends for one question; a flood of wrong ones costs no more calls than this. */
export const MOST_OFFERS = 5;

/** A handshake is awaited from now on; what came before counts no more. Without `remoteId` its own id is not known yet. */
export async function openHandshakeWindow(
  tx: Db,
  callbackId: string,
  { remoteId, now }: { remoteId: string | null; now: Date },
): Promise<void> {
  await tx
    .updateTable('callbacks')
    .set({ asked_at: now, remote_id: remoteId })
    .where('id', '=', callbackId)
    .execute();
  await tx.deleteFrom('callback_offers').where('callback_id', '=', callbackId).execute();
}

/** None is awaited any more. */
export async function closeHandshakeWindow(tx: Db, callbackId: string): Promise<void> {
  await tx.updateTable('callbacks').set({ asked_at: null }).where('id', '=', callbackId).execute();
  await tx.deleteFrom('callback_offers').where('callback_id', '=', callbackId).execute();
}

export type OfferOutcome = 'kept' | 'known' | 'not-asked' | 'too-many-offers';

/** `known`: the same was offered before. Holds the callback's row, so that no more than allowed are kept. */
export async function keepOffer(
  tx: Db,
  vault: Vault,
  callbackId: string,
  offered: Offered,
  { id, now, askedAfter }: { id: string; now: Date; askedAfter: Date },
): Promise<OfferOutcome> {
  const row = await tx
    .selectFrom('callbacks')
    .select(['asked_at', 'remote_id'])
    .where('id', '=', callbackId)
    .forUpdate()
    .executeTakeFirst();
  if (!row?.asked_at || row.asked_at < askedAfter) return 'not-asked';
  // Where the source has told the callback's id, a handshake about another one is none that was asked for.
  if (row.remote_id !== null && row.remote_id !== offered.remoteId) return 'not-asked';
  const before = await listOffers(tx, vault, callbackId);
  const isSame = (other: Offered) =>
    other.remoteId === offered.remoteId && other.verifier === offered.verifier;
  if (before.some(isSame)) return 'known';
  if (before.length >= MOST_OFFERS) return 'too-many-offers';
  const { remoteId, verifier } = offered;
  const sealed = JSON.stringify(await vault.seal({ remoteId, verifier }, offerOf(id)));
  await tx
    .insertInto('callback_offers')
    .values({ id, callback_id: callbackId, sealed, offered_at: now })
    .execute();
  return 'kept';
}

/** The oldest first, refused ones among them. */
export async function listOffers(db: Db, vault: Vault, callbackId: string): Promise<Offer[]> {
  const rows = await db
    .selectFrom('callback_offers')
    .selectAll()
    .where('callback_id', '=', callbackId)
    .orderBy('offered_at')
    .orderBy('id')
    .execute();
  return Promise.all(
    rows.map(async ({ id, refused, sealed }) => ({
      ...((await vault.unseal(sealed as unknown as Sealed, offerOf(id))) as Offered),
      id,
      refused,
    })),
  );
}

export async function refuseOffer(db: Db, id: string): Promise<void> {
  await db.updateTable('callback_offers').set({ refused: true }).where('id', '=', id).execute();
}
