/** Zuora as a destination: builds requests, sends them once, looks for their effect and reads it back. */
import { OperatingError } from '../../core/errors.ts';
import type { JsonValue } from '../../core/json.ts';
import type { ConnectorContext, Destination, DestinationRequest, StepResult } from '../../core/ports.ts';
import type { Counterpart, Step } from '../../core/steps.ts';
import { createClient, readAnswer } from './client.ts';
import { ZuoraNotFound } from './errors.ts';
import { toRequest } from './from-canonical.ts';
import type { Taxation } from './invoice-request.ts';
import { findAccounts, findEffect } from './lookups.ts';
import { toAccountNumber, toInvoiceNumber, toInvoicePrefixes } from './numbers.ts';
import { checkTenant } from './ping.ts';
import { readInvoice, readPayment } from './read-back.ts';
import { type Region, ZUORA_REGIONS } from './regions.ts';
import { createdAccountSchema, createdInvoiceSchema, createdPaymentSchema } from './wire.ts';

/** Zuora forgets a key 24 h after it was set; an hour is left for clocks and slow calls. */
const IDEMPOTENCY_HOURS = 23;

export function createZuoraDestination(
  context: ConnectorContext,
  regions: readonly Region[] = ZUORA_REGIONS,
): Destination {
  const client = createClient(context, regions);
  const { settings } = context;
  const prefixes = toInvoicePrefixes(settings);
  let found: Taxation | undefined;

  /** What the setting says; `auto` is what was found, and `on` until then. */
  const taxation = (): Taxation => {
    if (settings.taxation === 'on' || settings.taxation === 'off') return settings.taxation;
    return found ?? 'on';
  };

  async function rememberNoTaxation(): Promise<void> {
    if (found === 'off') return;
    found = 'off';
    await context.rememberSetting('taxation', 'off');
  }

  /** With `auto` the refusal is the finding: the plan assumed another tenant, so it is made again (M8). */
  async function explainTaxation(
    error: OperatingError,
    request: DestinationRequest,
  ): Promise<OperatingError> {
    const details = { code: 'taxation-off', field: 'taxation', cause: error };
    if (settings.taxation === 'on' || !JSON.stringify(request.body).includes('"taxItems"')) {
      const fix = 'Set taxation to "off" and replay the record, or turn Taxation on in Zuora.';
      return new OperatingError('rejected', `${error.message}. ${fix}`, details);
    }
    await rememberNoTaxation();
    const now = 'The tenant has no Taxation, which is remembered: taxes go in as ordinary lines from now on.';
    return new OperatingError('conflict', `${error.message}. ${now}`, details);
  }

  return {
    idempotencyHours: IDEMPOTENCY_HOURS,
    toInvoiceNumber: (invoice) => toInvoiceNumber(invoice, prefixes),
    toAccountNumber,
    toRequest: (step) => toRequest(step, { taxation: taxation(), settings }),
    async send(step, request, { idempotencyKey, trackId }) {
      const { call, method, path, body } = request;
      const repeatable = step.kind !== 'create-payment';
      try {
        const raw = await client.write({ call, method, path, body, repeatable, idempotencyKey, trackId });
        return { counterpart: counterpartOf(step, raw, call), raw };
      } catch (error) {
        if (error instanceof OperatingError && error.code === 'taxation-off') {
          throw await explainTaxation(error, request);
        }
        throw error;
      }
    },
    find: (step): Promise<StepResult | undefined> => findEffect(client, step),
    findAccounts: (person, currency, accountNumber) => findAccounts(client, person, currency, accountNumber),
    async readBack(kind, { id, number }) {
      try {
        return await (kind === 'invoice' ? readInvoice(client, id) : readPayment(client, id));
      } catch (error) {
        if (!(error instanceof ZuoraNotFound)) throw error;
        throw new OperatingError('conflict', `${kind} ${number} is not in Zuora any more`, { cause: error });
      }
    },
    ping() {
      const today = new Date(context.now()).toISOString().slice(0, 10);
      return checkTenant(client, settings, regions, { taxation, rememberNoTaxation }, today);
    },
  };
}

/** A success whose answer cannot be read did happen: only a look-up may decide. */
function counterpartOf(step: Step, raw: JsonValue, call: string): Counterpart {
  try {
    switch (step.kind) {
      case 'create-account': {
        const { accountId, accountNumber } = readAnswer(createdAccountSchema, raw, call);
        return { id: accountId, number: accountNumber };
      }
      case 'create-invoice': {
        const { id, invoiceNumber } = readAnswer(createdInvoiceSchema, raw, call);
        return { id, number: invoiceNumber };
      }
      case 'create-payment': {
        const { id, number } = readAnswer(createdPaymentSchema, raw, call);
        return { id, number };
      }
      case 'post-invoice':
        return step.invoice;
    }
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    // No code: the same key gives this very answer again, while a new one could make a second document.
    throw new OperatingError('ambiguous', error.message, { field: error.field, cause: error });
  }
}
