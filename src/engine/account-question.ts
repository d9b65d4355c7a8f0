/** One question for a client whose account is gone, or who cannot be read: its invoices and payments wait for the answer. */
import type { BilledTo, CanonicalClient, CanonicalDocument } from '../core/canonical.ts';
import { ACCOUNT_GONE, OperatingError } from '../core/errors.ts';
import {
  type Choice,
  type Decisions,
  findDocument,
  listWaitingFor,
  type Reason,
  type SyncDocument,
  setDecisions,
} from '../store/documents.ts';
import { type Link, listLinks, saveLink } from '../store/links.ts';
import { type End, linkOf, nowFor, parked } from './bring.ts';
import { fenced, type LaneWork, note, settle } from './lane-work.ts';
import { labelOf } from './parts.ts';
import { NEW_ACCOUNT } from './plan/account.ts';
import { isLiving } from './plan/plan.ts';

const NOTHING_ANSWERED = { upTo: 0n };

const LINK_ACCOUNT: Choice = {
  choice: 'account',
  asks: 'Number of the account, as the destination shows it',
  label: 'Link an account',
  explains: 'The client’s invoices and payments go to the account that you name from now on.',
};

const FROM_INVOICE: Choice = {
  choice: 'from-invoice',
  label: 'Make the account from the invoice',
  explains: 'The account gets the name and address that the invoice itself carries.',
};

/** What the client’s followers say; a choice that is taken for one of them is taken for the client. */
export function waitsForClient(document: SyncDocument, reason: Reason): Reason {
  const offered = reason.choices?.some(({ choice }) => choice === 'from-invoice' || choice === 'account');
  return {
    code: 'waits-for-client',
    message: `Its client ${document.label || document.sourceId} is parked: ${reason.message}`,
    wayOut: 'Settle the client; this record then goes on by itself.',
    waitsFor: document.id,
    ...(offered && reason.choices ? { choices: reason.choices } : {}),
  };
}

// ---------------------------------------------------------------- a client that cannot be read

function isDecided({ decisions }: SyncDocument): boolean {
  return decisions.account !== undefined || decisions['from-invoice'] === true;
}

/** In the place of a client that cannot be read, once a person has said what its account is. */
export function standInFor(
  document: SyncDocument,
  billedTo: BilledTo | undefined,
): CanonicalClient | undefined {
  const { sourceId, decisions } = document;
  const base = { kind: 'client', sourceId, clientId: sourceId, visibility: 'active' } as const;
  if (decisions['from-invoice'] && billedTo) return { ...base, ...billedTo };
  return decisions.account === undefined ? undefined : { ...base, address: {}, ...billedTo };
}

/** `why` is undefined where the source does not know the client at all. */
export function unreadable(document: SyncDocument, why: Reason | undefined, isInvoice: boolean): Reason {
  const choices = [...(isInvoice ? [FROM_INVOICE] : []), LINK_ACCOUNT];
  if (why) return { ...why, choices };
  return {
    code: 'client-missing',
    message: `The source knows no client ${document.sourceId}, whose invoices it lists.`,
    wayOut: 'Make the account from what the invoice itself says, or link one that is there.',
    choices,
  };
}

/** The client's own record: it is asked about while others wait for it, and in nobody's way once that is decided. */
export async function endOfUnreadable(
  work: LaneWork,
  document: SyncDocument,
  why: Reason | undefined,
): Promise<End | undefined> {
  if (document.kind !== 'client') return undefined;
  const { db } = work.parts;
  const waiting = await listWaitingFor(db, document.id);
  const isLinked = waiting.length > 0 && (await listLinks(db, document)).some(isLiving);
  if (isDecided(document) || isLinked) {
    const message = 'It cannot be read; a person has said what its account is.';
    return { state: 'ignored', reason: { code: 'account-decided', message } };
  }
  if (waiting.length === 0) return undefined;
  return parked(
    unreadable(
      document,
      why,
      waiting.some(({ kind }) => kind === 'invoice'),
    ),
  );
}

// ---------------------------------------------------------------- an account that is gone

/** Reasons and errors after which the account is looked at before anybody is asked about one copy. */
const COPY_GONE: ReadonlySet<string> = new Set(['copy-not-there', 'read-back-differs']);

/** Runs `bring`; where it ends in what a deleted account brings about, the record waits for the client instead. */
export async function unlessAccountGone(
  work: LaneWork,
  document: SyncDocument,
  canonical: CanonicalDocument,
  bring: (document: SyncDocument) => Promise<End>,
): Promise<End> {
  if (canonical.kind === 'client') return bring(document);
  const present = await attempt(() => bring(document));
  if (!present.isSuspect) return present.end();
  const asked = await askAboutAccount(work, document, canonical);
  if (asked) return asked;
  return (await wentWithAccount(work, document)) ? bring(await healed(work, document)) : present.end();
}

/** How it ended, or failed, and whether a deleted account may be behind it. */
async function attempt(act: () => Promise<End>): Promise<{ isSuspect: boolean; end: () => End }> {
  try {
    const end = await act();
    return { isSuspect: end.state === 'parked' && COPY_GONE.has(end.reason?.code ?? ''), end: () => end };
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    const isSuspect = error.kind === 'conflict' || error.code === ACCOUNT_GONE;
    const end = () => {
      throw error;
    };
    return { isSuspect, end };
  }
}

/** The client has another account by now: the answer for the client is the answer for its copies, which are made anew. */
async function wentWithAccount(work: LaneWork, document: SyncDocument): Promise<boolean> {
  const account = (await linkOf(work, document))?.copied.account;
  if (!account || document.decisions.heal) return false;
  return (await work.open.destination.findAccount(account.id)) === undefined;
}

async function healed(work: LaneWork, document: SyncDocument): Promise<SyncDocument> {
  const decisions: Decisions = { ...document.decisions, heal: true };
  await fenced(work, async (tx) => {
    await setDecisions(tx, document.id, decisions);
    const summary =
      'its copy went with an account that was deleted: made anew, as was decided for the client';
    await note(work, tx, document, 'decision', { summary });
  });
  return { ...document, decisions };
}

/** Undefined where the account is there. */
async function askAboutAccount(
  work: LaneWork,
  document: SyncDocument,
  canonical: Exclude<CanonicalDocument, CanonicalClient>,
): Promise<End | undefined> {
  const { connectionId } = document;
  const client = await findDocument(work.parts.db, connectionId, 'client', canonical.clientId);
  if (!client) return undefined;
  const currency = canonical.kind === 'invoice' ? canonical.currency : canonical.amount.currency;
  const link = (await listLinks(work.parts.db, client)).find((one) => one.currency === currency);
  if (!link || (await isThere(work, link))) return undefined;
  const reason = accountGone(work, client, link);
  await fenced(work, async (tx) => {
    await saveLink(tx, { ...link, stage: 'deleted' }, nowFor(work));
    // An earlier answer was about another question.
    await setDecisions(tx, client.id, withoutAccount(client.decisions));
  });
  await settle(work, client, NOTHING_ANSWERED, 'parked', reason);
  return parked(waitsForClient(client, reason));
}

function withoutAccount(decisions: Decisions): Decisions {
  const { account: _a, 'share-account': _s, 'new-account': _n, ...others } = decisions;
  return others;
}

async function isThere(work: LaneWork, { counterpart }: Link): Promise<boolean> {
  return (await work.open.destination.findAccount(counterpart.id)) !== undefined;
}

/** Of a client whose link points to nothing: asked until a person answers, or the account is there again. */
export async function questionAbout(
  work: LaneWork,
  client: SyncDocument,
  link: Link,
): Promise<Reason | undefined> {
  if (client.decisions.account !== undefined || client.decisions['new-account']) return undefined;
  if (!(await isThere(work, link))) return accountGone(work, client, link);
  await fenced(work, async (tx) => {
    await saveLink(tx, { ...link, stage: 'active' }, nowFor(work));
    const summary = `account ${link.counterpart.number} is there again`;
    await note(work, tx, client, 'decision', { summary });
  });
  return undefined;
}

function accountGone(work: LaneWork, client: SyncDocument, { counterpart, currency }: Link): Reason {
  return {
    code: 'account-gone',
    message: `Account ${counterpart.number} (${currency}) of ${client.label || client.sourceId} is not in ${labelOf(work.parts, work.open.connection, 'destination')} any more.`,
    wayOut:
      'Link another account, or let a new one be made; what waits for it goes on by itself, and copies that went with the account are made anew.',
    choices: [LINK_ACCOUNT, NEW_ACCOUNT],
  };
}
