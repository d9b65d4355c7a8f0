/** Zuora as data: what a connection needs to know, and how a destination or its sandbox is made. */
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { UsageError } from '../../core/errors.ts';
import type { DestinationManifest, FieldSpec, SimulatorManifest } from '../../core/ports.ts';
import { sharedBudget } from './budget.ts';
import { createZuoraDestination } from './destination.ts';
import { DEFAULT_INVOICE_PREFIX } from './numbers.ts';
import { ZUORA_REGIONS } from './regions.ts';
import { TABLES } from './tables.ts';

const field = (name: string, label: string, help: string, more: Partial<FieldSpec> = {}): FieldSpec => ({
  name,
  label,
  help,
  secret: false,
  required: false,
  ...more,
});

const FROM_NOW_ON =
  'Counts for documents that are copied or changed from now on; copies that are there stay.';

const FIELDS: readonly FieldSpec[] = [
  field('clientId', 'Client id', 'Zuora: Administration > Manage Users > your API user > New OAuth Client.', {
    required: true,
  }),
  field('clientSecret', 'Client secret', 'Shown once by Zuora when the OAuth client is made.', {
    secret: true,
    required: true,
  }),
  field('region', 'Region', 'Where the tenant lives; auto asks the ten data centres once.', {
    choices: ['auto', ...ZUORA_REGIONS.map((region) => region.id)],
    default: 'auto',
  }),
  field('baseUrl', 'Base URL', 'Overrides the region; for a simulator or a private data centre.', {
    address: 'called',
  }),
  field('entityId', 'Entity id', 'Only with Multi-entity and a client that is valid for several entities.'),
  field('orgIds', 'Organisation ids', 'Only with Multi-Org: comma-separated ids.'),
  field('organizationLabel', 'Organisation label', 'Only with Multi-Org: the organisation of new accounts.'),
  field(
    'tenantType',
    'Tenant type',
    'Decides the call limits to begin with; auto = by region, then as answers tell.',
    {
      choices: ['auto', 'production', 'central-sandbox', 'developer-sandbox', 'api-sandbox'],
      default: 'auto',
    },
  ),
  field('taxation', 'Taxation', 'on = tax items, off = taxes as ordinary lines, auto = as found.', {
    choices: ['auto', 'on', 'off'],
    default: 'auto',
  }),
  field(
    'unposting',
    'Unposting',
    'on = edited invoices go back to draft, off = they are reversed and issued anew, auto = as found.',
    { choices: ['auto', 'on', 'off'], default: 'auto' },
  ),
  field(
    'posting',
    'Posting',
    'bulk-post = by the documented call, post = by that of a single invoice; the other one is tried where the tenant does not know it, and remembered.',
    { choices: ['auto', 'bulk-post', 'post'], default: 'auto' },
  ),
  field(
    'creditChargeId',
    'Credit charge id',
    'Product rate plan charge for credit notes; without it they are parked. Zuora: Products > rate plan > charge.',
  ),
  field(
    'timeZone',
    'Time zone',
    'Decides what is today. Empty: as Zuora tells it, else US Pacific; set it to overrule, such as Australia/Sydney.',
  ),
  field(
    'invoicePrefixes',
    'Invoice prefixes',
    'Comma-separated prefixes of numbers that Zuora makes itself.',
    {
      default: DEFAULT_INVOICE_PREFIX,
    },
  ),
  field(
    'paymentMethods',
    'Payment methods',
    `Instead of the usual types, such as check=Other; for refunds, too. ${FROM_NOW_ON}`,
    { table: TABLES.paymentMethods },
  ),
  field(
    'taxCodes',
    'Tax codes',
    `Names of taxes, spelled as in the source, to tax codes, such as GST=CA-GST; others keep their name as code. ${FROM_NOW_ON}`,
    { table: TABLES.taxCodes },
  ),
  field(
    'customFields',
    'Custom fields',
    `Texts of the invoice to custom fields of Zuora's, such as poNumber=PoNumber__c. ${FROM_NOW_ON}`,
    { table: TABLES.customFields },
  ),
];

const controlSchema = z.looseObject({
  baseUrl: z.url(),
  clientId: z.string(),
  clientSecret: z.string(),
  features: z.looseObject({ catalogCharges: z.array(z.string()) }),
});

const simulator: SimulatorManifest = {
  // Beside this file in source and in a build alike; only the extension differs.
  program: fileURLToPath(new URL(`./simulator/main${import.meta.url.slice(-3)}`, import.meta.url)),
  defaultPort: 4020,
  async connect(url) {
    const answer = await fetch(new URL('/_control', url), {
      redirect: 'error',
      signal: AbortSignal.timeout(10_000),
    });
    const control = controlSchema.safeParse(answer.ok ? await answer.json() : undefined);
    if (!control.success) {
      throw new UsageError(`${url} is not a Zuora simulator`, 'Start one and give its URL.');
    }
    const { baseUrl, clientId, clientSecret, features } = control.data;
    const creditChargeId = features.catalogCharges[0] ?? '';
    return { settings: { baseUrl, clientId, creditChargeId }, secrets: { clientSecret } };
  },
};

export const zuora: DestinationManifest = {
  side: 'destination',
  notSecret: ['accessTokenBase', 'accessTokenExpiresAt', 'accessTokenClient', 'accessTokenScope'],
  id: 'zuora',
  label: 'Zuora',
  fields: FIELDS,
  identitySettings: ['tenantId', 'entityId'],
  origins: ZUORA_REGIONS.map(({ baseUrl }) => baseUrl),
  simulator,
  budget: sharedBudget,
  create: (context) => createZuoraDestination(context),
};
