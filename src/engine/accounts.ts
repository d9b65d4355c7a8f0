/** Client to account: found by external id or e-mail, made once, remembered (K1-K5). */
import type { BilledTo, CanonicalClient, CanonicalDocument, PlainDate } from '../core/canonical.ts';
import { OperatingError } from '../core/errors.ts';
import { isMadeForAnother, toExternalKey } from '../core/ids.ts';
import type { AccountCandidate } from '../core/ports.ts';
import type { Counterpart } from '../core/steps.ts';
import { claimAccount, listHolders } from '../store/account-owners.ts';
import { findDocument, type Reason, type SyncDocument } from '../store/documents.ts';
import { findLink, saveLink } from '../store/links.ts';
import { questionAbout, standInFor, unreadable, waitsForClient } from './account-question.ts';
import { withAuditScope } from './audit.ts';
import { bringClient } from './bring-client.ts';
import { deliver, resumeDelivery } from './deliver.ts';
import { fetchDocument } from './fetch.ts';
import { fenced, type LaneWork, note, settle, wake } from './lane-work.ts';
import { linkDelivered } from './link-delivered.ts';
import { normalise } from './normalise.ts';
import { nowOf } from './parts.ts';
import { anothersAccount, isFreeFor, NEW_ACCOUNT, planAccount, whose } from './plan/account.ts';
import { clientFingerprint } from './plan/client.ts';
import { isLiving } from './plan/plan.ts';

const TURNS = 3;

/** Of the invoice that the account is made for: how long its clients have to pay, and whom it names. */
export type Terms = { issuedOn: PlainDate; dueOn: PlainDate; billedTo?: BilledTo };

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
  if (link && isLiving(link)) return { ok: true, account: link.counterpart };
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
  const mapped = fetched.found ? await normalise(work, document, fetched) : undefined;
  const client = mapped?.ok ? (mapped.document as CanonicalClient) : standInFor(document, terms?.billedTo);
  if (!client) {
    const reason = unreadable(document, mapped?.ok ? undefined : mapped?.reason, terms !== undefined);
    await settle(work, document, fetched.answered, 'parked', reason);
    return { ok: false, reason: waitsForClient(document, reason) };
  }
  // What an earlier attempt has made is found by the link it has left.
  await resumeDelivery(work, document, linkDelivered(work.parts));
  const { connectionId, kind, sourceId } = document;
  const link = await findLink(work.parts.db, { connectionId, kind, sourceId, currency });
  const question = link && !isLiving(link) ? await questionAbout(work, document, link) : undefined;
  if (question) {
    await settle(work, document, fetched.answered, 'parked', question);
    return { ok: false, reason: waitsForClient(document, question) };
  }
  const now = await findLink(work.parts.db, { connectionId, kind, sourceId, currency });
  const found: Account =
    now && isLiving(now)
      ? { ok: true, account: now.counterpart }
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
  const externalKey = toExternalKey(source.identity, 'client', client.sourceId);
  if (decisions.account !== undefined)
    return linkByHand(work, document, client, { currency, number: decisions.account, externalKey });
  const accountNumber = destination.toAccountNumber(externalKey, currency);
  // Each turn knows of one more account that another client has taken meanwhile.
  for (let turn = 0; turn < TURNS; turn += 1) {
    const found = await destination.findAccounts(client, currency, accountNumber);
    const ids = found.map(({ id }) => id);
    const holders = await listHolders(parts.db, document, ids);
    const plan = planAccount({ client, externalKey, found, holders, decisions });
    if (plan.do === 'park') return { ok: false, reason: plan.reason };
    if (plan.do === 'make')
      return makeOne(work, document, client, { currency, accountNumber, terms }, plan.note);
    const linked = await linkTo(work, document, client, plan.account, externalKey);
    if (linked) return { ok: true, account: linked };
  }
  throw new OperatingError(
    'conflict',
    `accounts with the e-mail of client ${client.sourceId} are being taken`,
  );
}

async function makeOne(
  work: LaneWork,
  document: SyncDocument,
  client: CanonicalClient,
  { currency, accountNumber, terms }: { currency: string; accountNumber: string; terms: Terms | undefined },
  why: string | undefined,
): Promise<Account> {
  const facts = await work.open.destination.facts();
  const paymentTerm = terms && facts.paymentTerms.find(({ days }) => days === daysOf(terms))?.name;
  const step = {
    kind: 'create-account',
    client,
    currency,
    accountNumber,
    ...(paymentTerm === undefined ? {} : { paymentTerm }),
    ...(why === undefined ? {} : { note: why }),
  } as const;
  const made = await deliver(work, document, step, linkDelivered(work.parts));
  return made.ok ? { ok: true, account: made.result.counterpart } : made;
}

/** K3, K10: the account that a person named. */
async function linkByHand(
  work: LaneWork,
  document: SyncDocument,
  client: CanonicalClient,
  { currency, number, externalKey }: { currency: string; number: string; externalKey: string },
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
  const linked = await linkTo(work, document, client, account, externalKey);
  if (linked) return { ok: true, account: linked };
  const holder = (await listHolders(work.parts.db, document, [account.id])).get(account.id);
  return { ok: false, reason: anothersAccount(client, account, holder, [NEW_ACCOUNT]) };
}

/** Undefined where another client has it, perhaps since a moment ago, and nobody has said that both are to share it. */
async function linkTo(
  work: LaneWork,
  document: SyncDocument,
  client: CanonicalClient,
  account: AccountCandidate,
  externalKey: string,
): Promise<Counterpart | undefined> {
  const counterpart = { id: account.id, number: account.number };
  const now = nowOf(work.parts);
  const mayShare = document.decisions['share-account'] === account.number;
  const isOwn = account.reason === 'external-id';
  const holders = await listHolders(work.parts.db, document, [account.id]);
  if (!isOwn && !mayShare && !isFreeFor(externalKey, account, holders)) return undefined;
  const asOwner = isOwn || !isMadeForAnother(account.number, externalKey);
  return fenced(work, async (tx) => {
    const holder = await claimAccount(tx, document, counterpart, { asOwner, now });
    if (holder.who !== 'self' && !mayShare) return undefined;
    const { connectionId, kind, sourceId } = document;
    const link = {
      connectionId,
      kind,
      sourceId,
      currency: account.currency,
      counterpart,
      stage: 'active',
      fingerprint: clientFingerprint(client),
      copied: { found: !isOwn },
      generation: 0,
    };
    await saveLink(tx, link, now);
    const shared = holder.who === 'self' ? '' : `, which ${whose(holder)}`;
    await note(work, tx, document, 'decision', {
      summary: `linked to account ${account.number} (${account.name}), ${FOUND[account.reason]}${shared}`,
      account,
    });
    return counterpart;
  });
}

const FOUND = {
  email: 'found by e-mail',
  'external-id': 'found by its number',
  'by-hand': 'chosen by a person',
};

function daysOf({ issuedOn, dueOn }: Terms): number {
  return (Date.parse(`${dueOn}T00:00:00Z`) - Date.parse(`${issuedOn}T00:00:00Z`)) / 86_400_000;
}
