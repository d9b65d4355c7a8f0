/** Client to account: found by external id or e-mail, made once, remembered (K1-K5). */
import { type CanonicalClient, type CanonicalDocument } from '../core/canonical.ts';
import { OperatingError } from '../core/errors.ts';
import { toExternalKey } from '../core/ids.ts';
import type { AccountCandidate } from '../core/ports.ts';
import type { Counterpart } from '../core/steps.ts';
import type { Db } from '../store/db.ts';
import { type Delivery, findOpenDelivery } from '../store/deliveries.ts';
import { findDocument, type Reason, type SyncDocument } from '../store/documents.ts';
import { findLink, listLinks, listTakenAccounts, saveLink } from '../store/links.ts';
import { withAuditScope } from './audit.ts';
import { deliver, resumeDelivery } from './deliver.ts';
import { fetchDocument } from './fetch.ts';
import { acceptEvents } from './intake.ts';
import { fenced, type LaneWork, note, settle } from './lane-work.ts';
import { linkDelivered } from './link-delivered.ts';
import { normalise } from './normalise.ts';
import { nowOf } from './parts.ts';
import { clientFingerprint, planClient } from './plan.ts';

export type Account = { ok: true; account: Counterpart } | { ok: false; reason: Reason };

/** The account that the client's documents in `currency` belong to; makes it when there is none. */
export async function ensureAccount(work: LaneWork, clientId: string, currency: string): Promise<Account> {
  const { parts, open } = work;
  const connectionId = open.connection.id;
  const link = await findLink(parts.db, { connectionId, kind: 'client', sourceId: clientId, currency });
  if (link) return { ok: true, account: link.counterpart };
  const document = await ensureDocument(work, 'client', clientId);
  return withAuditScope({ documentId: document.id }, () => makeAccount(work, document, currency));
}

/** The document, told of as a dependency when nothing had told us of it before. */
export async function ensureDocument(
  { parts, open }: LaneWork,
  kind: CanonicalDocument['kind'],
  sourceId: string,
): Promise<SyncDocument> {
  const connectionId = open.connection.id;
  const known = await findDocument(parts.db, connectionId, kind, sourceId);
  if (known) return known;
  await parts.db
    .transaction()
    .execute((tx) =>
      acceptEvents(parts, tx, [
        { connectionId, kind, sourceId, origin: 'dependency', topic: `${kind} needed` },
      ]),
    );
  const made = await findDocument(parts.db, connectionId, kind, sourceId);
  if (!made) throw new Error(`${kind} ${sourceId} was stored but is not there`);
  return made;
}

async function makeAccount(work: LaneWork, document: SyncDocument, currency: string): Promise<Account> {
  const fetched = await fetchDocument(work, document);
  if ('moved' in fetched) throw new Error(`client ${document.sourceId} cannot leave its own lane`);
  if (!fetched.found) {
    return {
      ok: false,
      reason: {
        code: 'client-missing',
        message: `The source knows no client ${document.sourceId}.`,
        waitsFor: document.id,
      },
    };
  }
  const mapped = await normalise(work, document, fetched);
  if (!mapped.ok) {
    await settle(work, document, fetched.answered, 'parked', mapped.reason);
    return { ok: false, reason: waitsForClient(document, mapped.reason) };
  }
  const client = mapped.document as CanonicalClient;
  const open = await findOpenDelivery(work.parts.db, document.id, 'create-account');
  const resumed = await resumeDelivery(work, document, linkDelivered(work.parts));
  const isOurs = open?.step.kind === 'create-account' && open.step.currency === currency;
  const delivered = resumed && isOurs ? resumed : await findOrCreate(work, document, client, currency);
  if (!delivered.ok) {
    await settle(work, document, fetched.answered, 'parked', delivered.reason);
    return { ok: false, reason: waitsForClient(document, delivered.reason) };
  }
  if (delivered.delivery)
    await confirmAccount(work, document, delivered.delivery, delivered.result.counterpart);
  // An earlier account, in another currency, may lag behind the client.
  const decision = planClient(client, await listLinks(work.parts.db, document));
  const [state, reason] =
    decision.do === 'park' ? ['parked' as const, decision.reason] : ['synced' as const, null];
  await settle(work, document, fetched.answered, state, reason);
  return { ok: true, account: delivered.result.counterpart };
}

/** I4 for accounts: the one just made is there, in its currency, under its number. */
async function confirmAccount(
  work: LaneWork,
  document: SyncDocument,
  delivery: Delivery,
  { id, number }: Counterpart,
): Promise<void> {
  const readBack = await work.open.destination.find(delivery.step);
  if (readBack?.counterpart.id !== id) {
    throw new OperatingError('conflict', `account ${number} was made but cannot be read back`);
  }
  await fenced(work, (tx) =>
    note(work, tx, document, 'confirmation', {
      summary: `read back: account ${number}`,
      readBack: readBack.raw,
    }),
  );
}

async function findOrCreate(
  work: LaneWork,
  document: SyncDocument,
  client: CanonicalClient,
  currency: string,
) {
  const { parts, open } = work;
  const { destination, source } = open;
  const externalKey = toExternalKey(source.identity, 'client', client.sourceId);
  const accountNumber = destination.toAccountNumber(externalKey, currency);
  const found = await destination.findAccounts(client, currency, accountNumber);
  const taken = await listTakenAccounts(
    parts.db,
    open.connection.id,
    client.sourceId,
    found.map(({ id }) => id),
  );
  const ownNumbers = toExternalKey(source.identity, 'client', '');
  // K5: an account that is, or by its number was made for, another client of ours is never this client's.
  const free = found.filter(
    (candidate) =>
      candidate.reason === 'external-id' ||
      !(taken.has(candidate.id) || candidate.number.startsWith(ownNumbers)),
  );
  const [only] = free.filter((candidate) => candidate.reason === 'external-id').concat(free);
  if (!only) {
    const step = { kind: 'create-account', client, currency, accountNumber } as const;
    return deliver(work, document, step, linkDelivered(work.parts));
  }
  if (only.reason !== 'external-id' && free.length > 1)
    return { ok: false as const, reason: severalAccounts(client, free) };
  await fenced(work, async (tx) => {
    await saveClientLink(tx, work, client, currency, only);
    await note(work, tx, document, 'decision', {
      summary: `linked to account ${only.number} (${only.name}), found by ${only.reason === 'email' ? 'e-mail' : 'its number'}`,
      account: only,
    });
  });
  return {
    ok: true as const,
    delivery: undefined,
    result: { counterpart: { id: only.id, number: only.number } },
  };
}

function linkKey({ open }: LaneWork, client: CanonicalClient) {
  return { connectionId: open.connection.id, kind: 'client' as const, sourceId: client.sourceId };
}

async function saveClientLink(
  tx: Db,
  work: LaneWork,
  client: CanonicalClient,
  currency: string,
  { id, number }: Counterpart,
): Promise<void> {
  const link = {
    ...linkKey(work, client),
    currency,
    counterpart: { id, number },
    stage: 'active',
    fingerprint: clientFingerprint(client),
  };
  await saveLink(tx, link, nowOf(work.parts));
}

function severalAccounts(client: CanonicalClient, candidates: readonly AccountCandidate[]): Reason {
  return {
    code: 'several-accounts',
    message: `${candidates.length} accounts have the e-mail ${client.email ?? ''}: ${candidates.map((c) => `${c.number} (${c.name})`).join(', ')}.`,
    wayOut: 'Leave that e-mail on one of them only, then replay the record.',
  };
}

function waitsForClient(document: SyncDocument, reason: Reason): Reason {
  return {
    code: 'waits-for-client',
    message: `Its client ${document.label || document.sourceId} is parked: ${reason.message}`,
    wayOut: 'Settle the client; this record then goes on by itself.',
    waitsFor: document.id,
  };
}
