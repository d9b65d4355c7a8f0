/** Client to account: found by external id or e-mail, made once, remembered (K1-K5). */
import type { CanonicalClient, CanonicalDocument, PlainDate } from '../core/canonical.ts';
import { toExternalKey } from '../core/ids.ts';
import type { AccountCandidate } from '../core/ports.ts';
import type { Counterpart } from '../core/steps.ts';
import { type Choice, findDocument, type Reason, type SyncDocument } from '../store/documents.ts';
import { findLink, listTakenAccounts, saveLink } from '../store/links.ts';
import { withAuditScope } from './audit.ts';
import { bringClient } from './bring-client.ts';
import { deliver, resumeDelivery } from './deliver.ts';
import { fetchDocument } from './fetch.ts';
import { fenced, type LaneWork, note, settle, wake } from './lane-work.ts';
import { linkDelivered } from './link-delivered.ts';
import { normalise } from './normalise.ts';
import { nowOf } from './parts.ts';
import { clientFingerprint } from './plan/client.ts';

/** Of the invoice that the account is made for: how long its clients have to pay. */
export type Terms = { issuedOn: PlainDate; dueOn: PlainDate };

export type Account = { ok: true; account: Counterpart } | { ok: false; reason: Reason };

/** The account that the client's documents in `currency` belong to; makes it when there is none. */
export async function ensureAccount(
  work: LaneWork,
  clientId: string,
  currency: string,
  terms?: Terms,
): Promise<Account> {
  const { parts, open } = work;
  const connectionId = open.connection.id;
  const link = await findLink(parts.db, { connectionId, kind: 'client', sourceId: clientId, currency });
  if (link) return { ok: true, account: link.counterpart };
  const document = await ensureDocument(work, 'client', clientId);
  return withAuditScope({ documentId: document.id }, () => makeAccount(work, document, currency, terms));
}

/** The document, told of as a dependency when nothing had told us of it before. */
export async function ensureDocument(
  work: LaneWork,
  kind: CanonicalDocument['kind'],
  sourceId: string,
): Promise<SyncDocument> {
  const { db } = work.parts;
  const connectionId = work.open.connection.id;
  const known = await findDocument(db, connectionId, kind, sourceId);
  if (known) return known;
  await db
    .transaction()
    .execute((tx) => wake(work, tx, [{ connectionId, kind, sourceId }], `${kind} needed`));
  const made = await findDocument(db, connectionId, kind, sourceId);
  if (!made) throw new Error(`${kind} ${sourceId} was stored but is not there`);
  return made;
}

async function makeAccount(
  work: LaneWork,
  document: SyncDocument,
  currency: string,
  terms: Terms | undefined,
): Promise<Account> {
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
  // What an earlier attempt has made is found by the link it has left.
  await resumeDelivery(work, document, linkDelivered(work.parts));
  const { connectionId, kind, sourceId } = document;
  const link = await findLink(work.parts.db, { connectionId, kind, sourceId, currency });
  const found: Account = link
    ? { ok: true, account: link.counterpart }
    : await findOrCreate(work, document, client, currency, terms);
  if (!found.ok) {
    await settle(work, document, fetched.answered, 'parked', found.reason);
    return { ok: false, reason: waitsForClient(document, found.reason) };
  }
  // Reads the account back; an earlier one, in another currency, may lag behind the client.
  const end = await bringClient(work, document, client);
  await settle(work, document, fetched.answered, end.state, end.reason);
  return found;
}

async function findOrCreate(
  work: LaneWork,
  document: SyncDocument,
  client: CanonicalClient,
  currency: string,
  terms: Terms | undefined,
): Promise<Account> {
  const { parts, open } = work;
  const { destination, source } = open;
  const { decisions } = document;
  if (decisions.account !== undefined) return linkByHand(work, document, client, currency, decisions.account);
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
  const isFree = (candidate: AccountCandidate) =>
    !(taken.has(candidate.id) || candidate.number.startsWith(ownNumbers));
  const own = found.find(({ reason }) => reason === 'external-id');
  const shared = found.filter((candidate) => candidate.reason === 'email' && !isFree(candidate));
  const free = decisions['new-account'] ? [] : found.filter((c) => c.reason === 'email' && isFree(c));
  const only = own ?? free[0];
  if (!only) {
    const facts = await destination.facts();
    const paymentTerm = terms && facts.paymentTerms.find(({ days }) => days === daysOf(terms))?.name;
    const step = {
      kind: 'create-account',
      client,
      currency,
      accountNumber,
      ...(paymentTerm === undefined ? {} : { paymentTerm }),
      ...(shared[0] ? { note: sharesEmail(client, shared[0]) } : {}),
    } as const;
    const made = await deliver(work, document, step, linkDelivered(work.parts));
    return made.ok ? { ok: true, account: made.result.counterpart } : made;
  }
  if (!own && free.length > 1) return { ok: false, reason: severalAccounts(client, free) };
  return linkTo(work, document, client, currency, only);
}

/** K3, K10: the account that a person named. */
async function linkByHand(
  work: LaneWork,
  document: SyncDocument,
  client: CanonicalClient,
  currency: string,
  number: string,
): Promise<Account> {
  const account = await work.open.destination.findAccount(number);
  if (account?.currency !== currency) {
    const is = account ? `is in ${account.currency}` : 'does not exist';
    const reason = {
      code: 'account-not-usable',
      message: `The client was to be linked to account ${number}, which ${is}; the invoice is in ${currency}.`,
      wayOut: 'Link another account, or let one be made.',
      choices: [NEW_ACCOUNT],
    };
    return { ok: false, reason };
  }
  return linkTo(work, document, client, currency, account);
}

async function linkTo(
  work: LaneWork,
  document: SyncDocument,
  client: CanonicalClient,
  currency: string,
  account: AccountCandidate,
): Promise<Account> {
  const how = {
    email: 'found by e-mail',
    'external-id': 'found by its number',
    'by-hand': 'chosen by a person',
  };
  await fenced(work, async (tx) => {
    const { connectionId, kind, sourceId } = document;
    const link = {
      connectionId,
      kind,
      sourceId,
      currency,
      counterpart: { id: account.id, number: account.number },
      stage: 'active',
      fingerprint: clientFingerprint(client),
      copied: { found: account.reason !== 'external-id' },
      generation: 0,
    };
    await saveLink(tx, link, nowOf(work.parts));
    await note(work, tx, document, 'decision', {
      summary: `linked to account ${account.number} (${account.name}), ${how[account.reason]}`,
      account,
    });
  });
  return { ok: true, account: { id: account.id, number: account.number } };
}

function daysOf({ issuedOn, dueOn }: Terms): number {
  return (Date.parse(`${dueOn}T00:00:00Z`) - Date.parse(`${issuedOn}T00:00:00Z`)) / 86_400_000;
}

function sharesEmail(client: CanonicalClient, other: AccountCandidate): string {
  return `Account ${other.number} has the e-mail ${client.email ?? ''}, too, but belongs to another client: this one has an account of its own.`;
}

const NEW_ACCOUNT: Choice = {
  choice: 'new-account',
  label: 'Make a new account',
  explains: 'The client gets an account of its own; the others stay as they are.',
};

function severalAccounts(client: CanonicalClient, candidates: readonly AccountCandidate[]): Reason {
  const told = candidates.map((c) => `${c.number} (${c.name})`).join(', ');
  return {
    code: 'several-accounts',
    message: `${candidates.length} accounts have the e-mail ${client.email ?? ''}: ${told}.`,
    wayOut: 'Choose the one that is the client’s, or let a new one be made.',
    choices: [
      ...candidates.map(({ number, name }) => ({
        choice: 'account' as const,
        argument: number,
        label: `Link ${number} (${name})`,
        explains: 'The client’s invoices and payments go to this account from now on.',
      })),
      NEW_ACCOUNT,
    ],
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
