/** What would be written for the newest invoices, as the exact requests; nothing is written, nor stored. */
import { setImmediate } from 'node:timers/promises';
import { toBreakdown } from '../core/breakdown.ts';
import type { CanonicalInvoice } from '../core/canonical.ts';
import { OperatingError } from '../core/errors.ts';
import { toExternalKey } from '../core/ids.ts';
import { formatMoney } from '../core/money.ts';
import type { SourceRecord } from '../core/ports.ts';
import type { OpenConnection } from '../engine/connection-runtime.ts';
import { planAccount } from '../engine/plan/account.ts';
import { listHolders } from '../store/account-owners.ts';
import { loadConnection } from '../store/connections.ts';
import { findDocument } from '../store/documents.ts';
import { findLink } from '../store/links.ts';
import { type Actor, requireRole } from './context.ts';
import type { OperationParts } from './parts.ts';

type Written = { call: string; method: string; path: string; body: unknown };
type PreviewedInvoice = {
  sourceId: string;
  label: string;
  currency: string | null;
  amount: string | null;
  date: string | null;
  /** `copy`: the requests follow; `park`: a person would be asked, see `problems`. */
  outcome: 'copy' | 'park';
  account: string | null;
  problems: { field: string; value: string; rule: string }[];
  requests: Written[];
};

const PAGE = 100;
const MOST_PAGES = 10;
const LATELY_MS = 90 * 86_400_000;

export async function previewConnection(
  parts: OperationParts,
  actor: Actor,
  request: { connection: string; limit: number },
): Promise<{ invoices: PreviewedInvoice[]; estimatedTotal: number }> {
  requireRole(actor, 'viewer');
  const open = await parts.runtime.open((await loadConnection(parts.db, request.connection)).id);
  const { records, estimatedTotal } = await listNewest(parts, open, request.limit);
  const invoices: PreviewedInvoice[] = [];
  for (const record of records) {
    await setImmediate();
    invoices.push(await previewInvoice(parts, open, record));
  }
  return { invoices, estimatedTotal };
}

/** By their own date, among those that changed lately; among all where nothing did. */
async function listNewest(parts: OperationParts, open: OpenConnection, limit: number) {
  const lately = await listSome(open, parts.clock.now() - LATELY_MS);
  const some = lately.records.length > 0 ? lately : await listSome(open, undefined);
  const dated: { record: SourceRecord; on: string }[] = [];
  for (const record of some.records) {
    // A thousand of them, each with thousands of lines: others have their turn after each.
    await setImmediate();
    const mapped = open.source.toCanonical(record);
    dated.push({ record, on: mapped.ok && mapped.value.kind === 'invoice' ? mapped.value.issuedOn : '' });
  }
  const newest = dated.toSorted((a, b) => (a.on < b.on ? 1 : -1)).slice(0, limit);
  return { records: newest.map(({ record }) => record), estimatedTotal: some.estimatedTotal };
}

async function listSome({ source }: OpenConnection, changedSince: number | undefined) {
  const records: SourceRecord[] = [];
  let [cursor, estimatedTotal]: [string | undefined, number] = [undefined, 0];
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await source.list({
      kind: 'invoice',
      changedSince,
      deleted: false,
      cursor,
      pageSize: PAGE,
    });
    records.push(...answer.records);
    estimatedTotal = Math.max(estimatedTotal, answer.estimatedTotal);
    if (answer.next === undefined) break;
    cursor = answer.next;
  }
  return { records, estimatedTotal };
}

async function previewInvoice(
  parts: OperationParts,
  open: OpenConnection,
  listed: SourceRecord,
): Promise<PreviewedInvoice> {
  const record = (await open.source.read('invoice', listed.sourceId)) ?? listed;
  const mapped = open.source.toCanonical(record);
  const face = {
    sourceId: record.sourceId,
    label: record.label,
    currency: record.amount?.currency ?? null,
    amount: record.amount ? formatMoney(record.amount) : null,
    date: null,
    account: null,
    requests: [],
  };
  if (!mapped.ok) return { ...face, outcome: 'park', problems: [...mapped.problems] };
  if (mapped.value.kind !== 'invoice') throw new Error('the source listed something else than an invoice');
  const dated = { ...face, date: mapped.value.issuedOn };
  await setImmediate();
  const breakdown = toBreakdown(mapped.value);
  if (!breakdown.ok) return { ...dated, outcome: 'park', problems: [...breakdown.problems] };
  return { ...dated, ...(await requestsFor(parts, open, mapped.value, breakdown.value)) };
}

type Breakdown = Extract<ReturnType<typeof toBreakdown>, { ok: true }>['value'];

async function requestsFor(
  parts: OperationParts,
  open: OpenConnection,
  invoice: CanonicalInvoice,
  breakdown: Breakdown,
) {
  const { source, destination } = open;
  const requests: Written[] = [];
  const problems: PreviewedInvoice['problems'] = [];
  const plan = (step: Parameters<typeof destination.toRequest>[0]) => {
    const made = destination.toRequest(step);
    if (!made.ok) return void problems.push(...made.problems);
    const { call, method, path, body } = made.value;
    requests.push({ call, method, path, body });
  };
  const account = await accountOf(parts, open, invoice);
  problems.push(...account.problems);
  if (account.create) plan(account.create);
  const externalKey = toExternalKey(source.identity, 'invoice', invoice.sourceId);
  const number = destination.toInvoiceNumber({ number: invoice.number, externalKey, generation: 0 });
  plan({
    kind: 'create-invoice',
    invoice,
    breakdown,
    account: account.counterpart,
    number,
    externalKey,
    generation: 0,
    post: invoice.stage === 'issued',
    bookedOn: invoice.issuedOn,
  });
  const outcome: PreviewedInvoice['outcome'] = problems.length === 0 ? 'copy' : 'park';
  return { outcome, problems, requests, account: account.words };
}

/** The account that is there, or the one that would be made first; a person is asked where it is another client's. */
async function accountOf(
  { db }: OperationParts,
  { connection, source, destination }: OpenConnection,
  { clientId, currency }: CanonicalInvoice,
) {
  const externalKey = toExternalKey(source.identity, 'client', clientId);
  const number = destination.toAccountNumber(externalKey, currency);
  const made = { id: '(made by the step before)', number };
  const nothing = { counterpart: made, create: undefined, problems: [] };
  const record = await source.read('client', clientId);
  const client = record && source.toCanonical(record);
  if (!client?.ok || client.value.kind !== 'client')
    return { ...nothing, words: `client ${clientId} cannot be read` };
  const key = { connectionId: connection.id, kind: 'client' as const, sourceId: clientId };
  const link = await findLink(db, { ...key, currency });
  if (link) return { ...nothing, counterpart: link.counterpart, words: link.counterpart.number };
  const found = await destination.findAccounts(client.value, currency, number).catch((error: unknown) => {
    if (error instanceof OperatingError) return [];
    throw error;
  });
  const ids = found.map(({ id }) => id);
  const holders = await listHolders(db, key, ids);
  const decisions = (await findDocument(db, connection.id, 'client', clientId))?.decisions ?? {};
  const plan = planAccount({ client: client.value, externalKey, found, holders, decisions });
  switch (plan.do) {
    case 'link':
      return {
        ...nothing,
        counterpart: plan.account,
        words: `${plan.account.name} (${plan.account.number})`,
      };
    case 'park': {
      const problem = { field: 'client', value: clientId, rule: plan.reason.message };
      return { ...nothing, words: 'a person is asked', problems: [problem] };
    }
    case 'make': {
      const create = {
        kind: 'create-account' as const,
        client: client.value,
        currency,
        accountNumber: number,
      };
      return { ...nothing, words: `new account ${number}`, create };
    }
  }
}
