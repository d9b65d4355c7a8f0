/** Which member of a request each canonical value goes to; follows the request files line by line. */
import type { Breakdown } from '../../core/breakdown.ts';
import type { CanonicalClient, CanonicalInvoice } from '../../core/canonical.ts';
import type { Origin } from '../../core/origins.ts';
import type { Step } from '../../core/steps.ts';
import { itemCountOf } from './invoice-items.ts';
import type { TenantSettings } from './invoice-request.ts';
import { customTexts } from './tables.ts';

/** Empty for a step that carries no value of the document. A member that the request lacks was cut or left out. */
export function originsOf(step: Step, tenant: TenantSettings): Origin[] {
  switch (step.kind) {
    case 'create-account':
      return [...clientOrigins(step.client), ['currency', 'currency']];
    case 'update-account':
      return clientOrigins(step.client);
    case 'create-invoice':
      return [
        ['issuedOn', 'invoiceDate'],
        ['dueOn', 'dueDate'],
        ['stage', 'status'],
        ...textOrigins(step.invoice, tenant),
        ...itemOrigins(step.breakdown, tenant, 0),
      ];
    case 'replace-lines':
      return itemOrigins(step.breakdown, tenant, step.itemIds.length);
    case 'change-invoice-date':
      return [['issuedOn', 'invoiceDate']];
    case 'change-due-date':
      return [['dueOn', 'dueDate']];
    case 'change-texts':
      return textOrigins(step.from, tenant);
    case 'create-payment':
      return [
        ['amount', 'amount'],
        ['paidOn', 'effectiveDate'],
        ['method', 'paymentMethodType'],
        ['methodLabel', 'comment'],
        ['note', 'comment'],
        ['invoiceId', 'invoices[0].invoiceId'],
      ];
    case 'update-payment':
      return [
        ['methodLabel', 'comment'],
        ['note', 'comment'],
      ];
    case 'create-credit':
      return [
        ['amount', 'charges[0].amount'],
        ['issuedOn', 'effectiveDate'],
        ['notes', 'comment'],
      ];
    default:
      return [];
  }
}

function clientOrigins(client: CanonicalClient): Origin[] {
  const named = ['organization', 'firstName', 'lastName', 'email'] as const;
  const name = named.find((field) => client[field]?.trim());
  const contact = (field: string, member: string): Origin => [field, `billToContact.${member}`];
  return [
    ...(name === undefined ? [] : [[name, 'name'] as const]),
    ...(name === 'firstName' ? [['lastName', 'name'] as const] : []),
    contact('firstName', 'firstName'),
    contact(client.lastName?.trim() ? 'lastName' : 'organization', 'lastName'),
    contact('address.line1', 'address1'),
    contact('address.line2', 'address2'),
    contact('address.city', 'city'),
    contact('address.region', 'state'),
    contact('address.postalCode', 'zipCode'),
    contact('address.country', 'country'),
    contact('email', 'workEmail'),
    contact('phone', 'workPhone'),
    ['vatNumber', 'notes'],
  ];
}

function textOrigins(invoice: CanonicalInvoice, { settings }: TenantSettings): Origin[] {
  const custom = customTexts(invoice, settings, [], { changed: [] });
  return [
    ['poNumber', 'comments'],
    ['notes', 'comments'],
    ['terms', 'comments'],
    ...custom.map(([member, , from]): Origin => [from, member]),
  ];
}

/** `first` items of the request delete old ones. Without Taxation a tax goes into an item of its own, summed over the lines. */
function itemOrigins({ lines }: Breakdown, { taxation }: TenantSettings, first: number): Origin[] {
  let at = first;
  return lines.flatMap((part, index): Origin[] => {
    const [line, item] = [`lines[${index}]`, `invoiceItems[${at}]`];
    at += itemCountOf(part);
    const taxes = taxation === 'off' ? [] : part.taxes;
    return [
      [`${line}.name`, `${item}.chargeName`],
      [`${line}.description`, `${item}.description`],
      [`${line}.quantity`, `${item}.quantity`],
      [`${line}.unitPrice`, `${item}.unitPrice`],
      [`${line}.amount`, `${item}.amount`],
      ...taxes.flatMap((_, tax): Origin[] => [
        [`${line}.taxes[${tax}].name`, `${item}.taxItems[${tax}].name`],
        [`${line}.taxes[${tax}].ratePercent`, `${item}.taxItems[${tax}].taxRate`],
        [`${line}.taxes[${tax}].number`, `${item}.taxItems[${tax}].taxCodeDescription`],
      ]),
    ];
  });
}
