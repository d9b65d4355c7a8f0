/** Zuora as a destination: builds requests, sends them once, looks for their effect and reads it back. */
import { OperatingError } from '../../core/errors.ts';
import type { ConnectorContext, Destination } from '../../core/ports.ts';
import type { StepKind } from '../../core/steps.ts';
import { createClient } from './client.ts';
import { ZuoraNotFound } from './errors.ts';
import { findEffect } from './find-effect.ts';
import { toRequest } from './from-canonical.ts';
import { findAccountByHand, findAccounts, lookForAccount } from './lookups.ts';
import { toAccountNumber, toCreditNumber, toInvoiceNumber, toInvoicePrefixes } from './numbers.ts';
import { originsOf } from './origins.ts';
import { permissionFor } from './permissions.ts';
import { checkTenant } from './ping.ts';
import { readCredit, readDebit, readInvoice, readPayment } from './read-back.ts';
import { listRefunds, readInvoiceParts } from './read-parts.ts';
import { type Region, ZUORA_REGIONS } from './regions.ts';
import { counterpartOf } from './step-result.ts';
import { nameSetting } from './tables.ts';
import { createFactsReader, DEFAULT_TIME_ZONE, todayIn } from './tenant-facts.ts';
import { createTenantFeatures } from './tenant-features.ts';

/** Zuora forgets a key 24 h after it was set; an hour is left for clocks and slow calls. */
const IDEMPOTENCY_HOURS = 23;
/** Under a number of ours, which somebody else may have taken. */
const NUMBERED: ReadonlySet<StepKind> = new Set(['create-account', 'create-invoice', 'create-credit']);
const READERS = { invoice: readInvoice, payment: readPayment, credit: readCredit, debit: readDebit };

export function createZuoraDestination(
  context: ConnectorContext,
  regions: readonly Region[] = ZUORA_REGIONS,
): Destination {
  const client = createClient(context, regions);
  const { settings, now } = context;
  const prefixes = toInvoicePrefixes(settings);
  const features = createTenantFeatures(context);
  const taxation = () => features.read('taxation');
  const tenant = () => ({ taxation: taxation(), posting: features.posting(), settings });
  const readFacts = createFactsReader(client, now);
  const today = (told: string | undefined) => todayIn(settings.timeZone || told || DEFAULT_TIME_ZONE, now());

  return {
    idempotencyHours: IDEMPOTENCY_HOURS,
    toInvoiceNumber: (invoice) => toInvoiceNumber(invoice, prefixes),
    toAccountNumber,
    toCreditNumber,
    toRequest: (step) => toRequest(step, tenant()),
    originsOf: (step) => originsOf(step, tenant()),
    async send(step, request, { idempotencyKey, trackId }) {
      const { call, method, path, body, idempotent } = request;
      const creates = NUMBERED.has(step.kind);
      const key = idempotent ? idempotencyKey : undefined;
      try {
        const raw = await client.write({ call, method, path, body, creates, idempotencyKey: key, trackId });
        const counterpart = counterpartOf(step, raw, call);
        if (step.kind === 'post-invoice') features.posted();
        return { counterpart, raw };
      } catch (error) {
        // What is not there has nothing left to be deleted.
        if (step.kind === 'delete-invoice' && error instanceof ZuoraNotFound)
          return { counterpart: step.invoice, raw: null };
        const explained = await features.explain(await lookForAccount(client, step, error), step, request);
        throw nameSetting(explained, settings, request);
      }
    },
    find: (step, sent) => findEffect(client, step, sent),
    findAccounts: (person, currency, accountNumber) => findAccounts(client, person, currency, accountNumber),
    findAccount: (numberOrId) => findAccountByHand(client, numberOrId),
    async findInvoice(number) {
      try {
        return await readInvoice(client, number);
      } catch (error) {
        if (error instanceof ZuoraNotFound) return undefined;
        throw error;
      }
    },
    async readBack(kind, { id, number }) {
      try {
        return await READERS[kind](client, id);
      } catch (error) {
        if (!(error instanceof ZuoraNotFound)) throw error;
        throw new OperatingError('conflict', `${kind} ${number} is not in Zuora any more`, { cause: error });
      }
    },
    readInvoiceParts: (invoice) => readInvoiceParts(client, invoice),
    listRefunds: (payment) => listRefunds(client, payment),
    async facts() {
      const { timeZone, ...facts } = await readFacts();
      return {
        today: today(timeZone),
        ...facts,
        unposting: features.read('unposting') === 'on',
        credits: Boolean(settings.creditChargeId?.trim()),
        taxedLinesReplaceable: taxation() === 'off',
      };
    },
    permissionFor,
    ping() {
      const rememberNoTaxation = () => features.remember('taxation');
      return checkTenant(client, settings, regions, { taxation, rememberNoTaxation }, today);
    },
  };
}
