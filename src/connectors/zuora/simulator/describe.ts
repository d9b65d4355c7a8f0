/** What an object's fields are, in XML: some of the usual ones, and all of the tenant's own. */
import { type Call, paramOf } from './call.ts';
import { refuse } from './refusal.ts';
import type { Features } from './tenant.ts';

const OBJECTS: ReadonlyMap<string, { own: keyof Features['customFields']; usual: readonly string[] }> =
  new Map([
    ['Account', { own: 'account', usual: ['Id', 'AccountNumber', 'Name', 'Currency', 'Notes'] }],
    ['Contact', { own: 'contact', usual: ['Id', 'FirstName', 'LastName', 'WorkEmail', 'Country'] }],
    ['Invoice', { own: 'invoice', usual: ['Id', 'InvoiceNumber', 'InvoiceDate', 'DueDate', 'Comments'] }],
    ['InvoiceItem', { own: 'invoiceItem', usual: ['Id', 'InvoiceId', 'ChargeName', 'ChargeAmount'] }],
    ['Payment', { own: 'payment', usual: ['Id', 'PaymentNumber', 'Amount', 'EffectiveDate', 'ReferenceId'] }],
  ]);

export function describeObject(call: Call): string {
  const name = paramOf(call, 'object');
  const object = OBJECTS.get(name);
  if (object === undefined) throw refuse('unknown', 'notFound', `No such object: ${name}`);
  const fields = [
    ...object.usual.map((field) => fieldOf(field, false)),
    ...call.tenant.features.customFields[object.own].map((field) => fieldOf(field, true)),
  ];
  return `<?xml version="1.0" encoding="UTF-8"?>
<object>
  <name>${name}</name>
  <label>${name}</label>
  <fields>
${fields.join('\n')}
  </fields>
</object>`;
}

/** Names are letters, digits and underscores. */
function fieldOf(name: string, isCustom: boolean): string {
  const tags = [
    `<name>${name}</name>`,
    `<label>${name.replace(/__c$/, '')}</label>`,
    `<custom>${isCustom}</custom>`,
    '<type>text</type>',
    '<contexts><context>soap</context><context>export</context></contexts>',
  ];
  return `    <field>${tags.join('')}</field>`;
}
