/** One document, from what the source says now to an end state: the life of an invoice, top to bottom. */
import { toBreakdown } from '../core/breakdown.ts';
import type { CanonicalClient, CanonicalInvoice, CanonicalPayment } from '../core/canonical.ts';
import { toExternalKey } from '../core/ids.ts';
import { zeroMoney } from '../core/money.ts';
import type { Counterpart } from '../core/steps.ts';
import type { Db } from '../store/db.ts';
import { loadDocument, type Reason, type SyncDocument } from '../store/documents.ts';
import type { Answered } from '../store/events.ts';
import { confirmLink, findLink, type Link, listLinks, listPaymentLinksOf } from '../store/links.ts';
import { ensureAccount, ensureDocument } from './accounts.ts';
import { withAuditScope } from './audit.ts';
import { differencesOfInvoice, differencesOfPayment, type Figure, toConfirmed } from './confirm.ts';
import { deliver, resumeDelivery } from './deliver.ts';
import { fetchDocument } from './fetch.ts';
import { acceptEvents } from './intake.ts';
import { fenced, type LaneWork, note, settle } from './lane-work.ts';
import { linkDelivered } from './link-delivered.ts';
import { normalise } from './normalise.ts';
import { nowOf } from './parts.ts';
import { type Decision, planClient, planCredit, planInvoice, planPayment } from './plan.ts';

type End = { state: 'synced' | 'parked' | 'ignored'; reason: Reason | null };
type Look = { answered: Answered; verify: boolean };

const SYNCED: End = { state: 'synced', reason: null };
const parked = (reason: Reason): End => ({ state: 'parked', reason });

/** Throws OperatingError when the document has to be looked at again later. */
export function syncDocument(work: LaneWork, document: SyncDocument): Promise<void> {
  return withAuditScope({ documentId: document.id }, async () => {
    const fetched = await fetchDocument(work, document);
    if ('moved' in fetched) return;
    if (!fetched.found) return settleMissing(work, document, fetched.answered);
    const resumed = await resumeDelivery(work, document, linkDelivered(work.parts));
    if (resumed && !resumed.ok) return settle(work, document, fetched.answered, 'parked', resumed.reason);
    const mapped = await normalise(work, document, fetched);
    const end = mapped.ok ? await bring(work, document, mapped.document, fetched) : parked(mapped.reason);
    await settle(work, document, fetched.answered, end.state, end.reason);
  });
}

function bring(
  work: LaneWork,
  document: SyncDocument,
  canonical: Parameters<typeof bringOther>[2] | CanonicalInvoice | CanonicalPayment,
  look: Look,
): Promise<End> {
  if (canonical.kind === 'invoice') return bringInvoice(work, document, canonical, look);
  if (canonical.kind === 'payment') return bringPayment(work, document, canonical, look);
  return bringOther(work, document, canonical);
}

async function bringOther(
  work: LaneWork,
  document: SyncDocument,
  canonical: CanonicalClient | { kind: 'credit' },
): Promise<End> {
  const decision =
    canonical.kind === 'client'
      ? planClient(canonical, await listLinks(work.parts.db, document))
      : planCredit();
  return settleDecision(decision) ?? SYNCED;
}

function settleDecision(decision: Decision): End | undefined {
  if (decision.do === 'park') return parked(decision.reason);
  if (decision.do === 'ignore') return { state: 'ignored', reason: decision.reason };
  return undefined;
}

function settleMissing(work: LaneWork, document: SyncDocument, answered: Answered): Promise<void> {
  return document.revisionId === null
    ? settle(work, document, answered, 'ignored', {
        code: 'unknown-in-source',
        message: 'The source does not know it.',
      })
    : settle(work, document, answered, 'parked', {
        code: 'gone-from-source',
        message: 'The source knew it before and does not know it any more.',
        wayOut: 'Check it in the source; replay the record once it is back.',
      });
}

// ---------------------------------------------------------------- invoices

async function bringInvoice(
  work: LaneWork,
  document: SyncDocument,
  invoice: CanonicalInvoice,
  look: Look,
): Promise<End> {
  const link = await linkOf(work, document);
  const decision = planInvoice(invoice, link);
  await notePlan(work, document, decision);
  const end = settleDecision(decision);
  if (end) return end;
  if (decision.do === 'nothing' && document.state === 'synced' && !look.verify) return SYNCED;
  const copied =
    decision.do === 'create'
      ? await createInvoice(work, document, invoice)
      : decision.do === 'post' && link
        ? await deliver(
            work,
            document,
            { kind: 'post-invoice', invoice: link.counterpart, externalKey: keyOf(work, document) },
            linkDelivered(work.parts),
          )
        : undefined;
  if (copied && !copied.ok) return parked(copied.reason);
  const present = await linkOf(work, document);
  if (!present) throw new Error(`invoice ${document.sourceId} was delivered but has no link`);
  return confirmInvoice(work, document, invoice, present);
}

async function createInvoice(work: LaneWork, document: SyncDocument, invoice: CanonicalInvoice) {
  const account = await ensureAccount(work, invoice.clientId, invoice.currency);
  if (!account.ok) return account;
  const breakdown = toBreakdown(invoice);
  if (!breakdown.ok) {
    const [problem] = breakdown.problems;
    return {
      ok: false as const,
      reason: {
        code: 'total-not-explained',
        message: `The total ${problem?.value ?? ''} ${problem?.rule ?? ''}.`,
        problems: [...breakdown.problems],
        wayOut: 'Check lines, taxes and discount in the source.',
      },
    };
  }
  const externalKey = keyOf(work, document);
  return deliver(
    work,
    document,
    {
      kind: 'create-invoice',
      invoice,
      breakdown: breakdown.value,
      account: account.account,
      number: work.open.destination.toInvoiceNumber({ number: invoice.number, externalKey }),
      externalKey,
      post: invoice.stage === 'issued',
    },
    linkDelivered(work.parts),
  );
}

async function confirmInvoice(
  work: LaneWork,
  document: SyncDocument,
  invoice: CanonicalInvoice,
  link: Link,
): Promise<End> {
  const copy = await work.open.destination.readBack('invoice', link.counterpart);
  const payments = await listPaymentLinksOf(work.parts.db, link.connectionId, invoice.sourceId);
  const settled = {
    currency: invoice.currency,
    amountMinor: payments.reduce((sum, payment) => sum + BigInt(payment.confirmed?.appliedMinor ?? '0'), 0n),
  };
  const differences = differencesOfInvoice(invoice, copy, settled);
  await fenced(work, async (tx) => {
    if (differences.length === 0) await confirmLink(tx, link, toConfirmed(copy), nowOf(work.parts));
    await noteConfirmation(work, tx, document, differences, copy.raw);
  });
  return differences.length === 0 ? SYNCED : parked(differs(work, link.counterpart, differences));
}

// ---------------------------------------------------------------- payments

async function bringPayment(
  work: LaneWork,
  document: SyncDocument,
  payment: CanonicalPayment,
  look: Look,
): Promise<End> {
  const link = await linkOf(work, document);
  const decision = planPayment(payment, link);
  await notePlan(work, document, decision);
  const end = settleDecision(decision);
  if (end) return end;
  if (decision.do === 'nothing' && document.state === 'synced' && !look.verify) return SYNCED;
  const invoice = await ensureInvoice(work, payment);
  if (!invoice.ok) return parked(invoice.reason);
  if (!link) {
    const account = await ensureAccount(work, payment.clientId, payment.amount.currency);
    if (!account.ok) return parked(account.reason);
    const delivered = await deliver(
      work,
      document,
      {
        kind: 'create-payment',
        payment,
        account: account.account,
        invoice: invoice.link.counterpart,
        externalKey: keyOf(work, document),
      },
      linkDelivered(work.parts),
    );
    if (!delivered.ok) return parked(delivered.reason);
  }
  const present = await linkOf(work, document);
  if (!present) throw new Error(`payment ${document.sourceId} was delivered but has no link`);
  return confirmPayment(work, document, payment, present, invoice.link);
}

/** The invoice's posted copy; brings it first when it is not there yet (P3) or is still a draft (P4). */
async function ensureInvoice(
  work: LaneWork,
  payment: CanonicalPayment,
): Promise<{ ok: true; link: Link } | { ok: false; reason: Reason }> {
  const { parts, open } = work;
  const key = { connectionId: open.connection.id, kind: 'invoice' as const, sourceId: payment.invoiceId };
  const posted = (link: Link | undefined) =>
    link && link.stage !== 'draft' && link.confirmed ? link : undefined;
  const there = posted(await findLink(parts.db, key));
  const document = there ? undefined : await ensureDocument(work, 'invoice', payment.invoiceId);
  if (document) {
    const look = { ...key, origin: 'dependency' as const, topic: `paid by payment ${payment.sourceId}` };
    await parts.db.transaction().execute((tx) => acceptEvents(parts, tx, [look]));
    await syncDocument(work, document);
  }
  const link = there ?? posted(await findLink(parts.db, key));
  if (link && link.currency !== payment.amount.currency) {
    return {
      ok: false,
      reason: {
        code: 'other-currency',
        message: `The payment is in ${payment.amount.currency}, its invoice in ${link.currency}.`,
        wayOut: 'Correct it in the source.',
      },
    };
  }
  if (link) return { ok: true, link };
  const now = document && (await loadDocument(parts.db, document.id));
  return {
    ok: false,
    reason: {
      code: 'waits-for-invoice',
      message: `Its invoice ${now?.label || payment.invoiceId} is not in the destination${now?.reason ? `: ${now.reason.message}` : ' as a posted invoice.'}`,
      wayOut: 'Settle the invoice; this record then goes on by itself.',
      ...(now ? { waitsFor: now.id } : {}),
    },
  };
}

async function confirmPayment(
  work: LaneWork,
  document: SyncDocument,
  payment: CanonicalPayment,
  link: Link,
  invoice: Link,
): Promise<End> {
  const { destination } = work.open;
  const copy = await destination.readBack('payment', link.counterpart);
  const differences = differencesOfPayment(payment, copy, invoice.counterpart.id);
  const others = (await listPaymentLinksOf(work.parts.db, link.connectionId, payment.invoiceId)).filter(
    (other) => other.sourceId !== payment.sourceId,
  );
  const total = BigInt(invoice.confirmed?.amountMinor ?? '0');
  const paid = others.reduce(
    (sum, other) => sum + BigInt(other.confirmed?.appliedMinor ?? '0'),
    payment.amount.amountMinor,
  );
  const invoiceCopy = await destination.readBack('invoice', invoice.counterpart);
  const balance = { ...zeroMoney(payment.amount.currency), amountMinor: total - paid };
  if (invoiceCopy.balance.amountMinor !== balance.amountMinor) {
    differences.push({
      name: 'balance of the invoice (minor units)',
      source: balance.amountMinor.toString(),
      destination: invoiceCopy.balance.amountMinor.toString(),
    });
  }
  await fenced(work, async (tx) => {
    if (differences.length === 0) {
      const applied = {
        invoiceSourceId: payment.invoiceId,
        appliedMinor: payment.amount.amountMinor.toString(),
      };
      await confirmLink(tx, link, { ...toConfirmed(copy), ...applied }, nowOf(work.parts));
      await confirmLink(tx, invoice, toConfirmed(invoiceCopy), nowOf(work.parts));
    }
    await noteConfirmation(work, tx, document, differences, copy.raw);
  });
  return differences.length === 0 ? SYNCED : parked(differs(work, link.counterpart, differences));
}

// ---------------------------------------------------------------- shared

function keyOf(work: LaneWork, document: SyncDocument): string {
  return toExternalKey(work.open.source.identity, document.kind, document.sourceId);
}

function linkOf(work: LaneWork, document: SyncDocument): Promise<Link | undefined> {
  const { connectionId, kind, sourceId } = document;
  return findLink(work.parts.db, { connectionId, kind, sourceId });
}

async function notePlan(work: LaneWork, document: SyncDocument, decision: Decision): Promise<void> {
  await fenced(work, (tx) => note(work, tx, document, 'plan', { summary: `plan: ${decision.do}`, decision }));
}

async function noteConfirmation(
  work: LaneWork,
  tx: Db,
  document: SyncDocument,
  differences: readonly Figure[],
  raw: unknown,
): Promise<void> {
  await note(work, tx, document, 'confirmation', {
    summary:
      differences.length === 0
        ? 'read back: equal'
        : `read back: differs in ${differences.map(({ name }) => name).join(', ')}`,
    differences,
    readBack: raw,
  });
}

function differs(work: LaneWork, counterpart: Counterpart, figures: readonly Figure[]): Reason {
  return {
    code: 'read-back-differs',
    message: `${counterpart.number} in ${work.open.connection.destination} does not equal the source: ${figures
      .map(({ name, source, destination }) => `${name} ${destination} instead of ${source}`)
      .join('; ')}.`,
    figures: [...figures],
    wayOut: 'Correct the copy in the destination, then replay the record.',
  };
}
