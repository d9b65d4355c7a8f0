/**
 * The flow that most scripts and flow builders make: receive, fetch, look for the number, post; once more on an error.
 * It uses the same mapping and the same clients of both APIs as the connector, and queues durably. What it lacks is the
 * rest: no intent before a call, no key that stays the same, no look before a repeat, no order, no read-back.
 */
import { randomUUID } from 'node:crypto';
import { toBreakdown } from '../core/breakdown.ts';
import type { CanonicalDocument, CanonicalInvoice, CanonicalPayment } from '../core/canonical.ts';
import { toExternalKey } from '../core/ids.ts';
import type { Destination, Source, WebhookMessage } from '../core/ports.ts';
import type { Counterpart, Step } from '../core/steps.ts';

export type NaiveEvent = Extract<WebhookMessage, { type: 'event' }>;

/** What it remembers: copies by "kind/id". */
export type NaiveMemory = Map<string, Counterpart>;

export type NaiveFlow = { handle(event: Pick<NaiveEvent, 'kind' | 'sourceId'>): Promise<void> };

export function createNaiveFlow(
  source: Source,
  destination: Destination,
  memory: () => NaiveMemory,
): NaiveFlow {
  async function take(step: Step, as?: string): Promise<Counterpart> {
    const request = destination.toRequest(step);
    if (!request.ok) throw new Error(`${step.kind} cannot be written`);
    const { counterpart } = await destination.send(step, request.value, {
      idempotencyKey: randomUUID(),
      trackId: randomUUID(),
    });
    if (as !== undefined) memory().set(as, counterpart);
    return counterpart;
  }

  async function read(kind: NaiveEvent['kind'], sourceId: string): Promise<CanonicalDocument | undefined> {
    const record = await source.read(kind, sourceId);
    const mapped = record && source.toCanonical(record);
    return mapped?.ok === true ? mapped.value : undefined;
  }

  const keyOf = (kind: NaiveEvent['kind'], sourceId: string) =>
    toExternalKey(source.identity, kind, sourceId);

  async function accountOf(clientId: string, currency: string): Promise<Counterpart> {
    const as = `client/${clientId}/${currency}`;
    const known = memory().get(as);
    if (known) return known;
    const client = await read('client', clientId);
    if (client?.kind !== 'client') throw new Error(`client ${clientId} cannot be read`);
    const accountNumber = destination.toAccountNumber(keyOf('client', clientId), currency);
    const [found] = await destination.findAccounts(client, currency, accountNumber);
    if (found === undefined || found.currency !== currency)
      return take({ kind: 'create-account', client, currency, accountNumber }, as);
    memory().set(as, found);
    return found;
  }

  async function bringInvoice(invoice: CanonicalInvoice): Promise<Counterpart | undefined> {
    const as = `invoice/${invoice.sourceId}`;
    const externalKey = keyOf('invoice', invoice.sourceId);
    const number = destination.toInvoiceNumber({ number: invoice.number, externalKey, generation: 0 });
    const copy = memory().get(as) ? undefined : await destination.findInvoice(number);
    const known = memory().get(as) ?? copy?.counterpart;
    const post = invoice.stage === 'issued';
    if (known) {
      memory().set(as, known);
      const present = copy ?? (await destination.readBack('invoice', known));
      if (post && present.stage === 'draft')
        await take({ kind: 'post-invoice', invoice: known, externalKey });
      return known;
    }
    if (invoice.visibility === 'deleted') return undefined;
    const breakdown = toBreakdown(invoice);
    if (!breakdown.ok) return undefined;
    const account = await accountOf(invoice.clientId, invoice.currency);
    return take(
      {
        kind: 'create-invoice',
        invoice,
        breakdown: breakdown.value,
        account,
        number,
        externalKey,
        generation: 0,
        post,
        bookedOn: invoice.issuedOn,
      },
      as,
    );
  }

  async function bringPayment(payment: CanonicalPayment): Promise<void> {
    const as = `payment/${payment.sourceId}`;
    if (memory().has(as) || payment.visibility === 'deleted' || payment.fromCredit) return;
    if (payment.amount.amountMinor <= 0n) return;
    const invoice = await read('invoice', payment.invoiceId);
    const copy = invoice?.kind === 'invoice' ? await bringInvoice(invoice) : undefined;
    const apply = copy ? [{ invoice: copy, amount: payment.amount }] : [];
    const account = await accountOf(payment.clientId, payment.amount.currency);
    const externalKey = keyOf('payment', payment.sourceId);
    await take(
      {
        kind: 'create-payment',
        payment,
        account,
        externalKey,
        amount: payment.amount,
        apply,
        bookedOn: payment.paidOn,
      },
      as,
    );
  }

  return {
    async handle({ kind, sourceId }) {
      const document = await read(kind, sourceId);
      if (document?.kind === 'invoice') await bringInvoice(document);
      if (document?.kind === 'payment') await bringPayment(document);
    },
  };
}
