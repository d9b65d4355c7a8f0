/** A client as the body of POST /v1/accounts, and of the PUT that follows its changes. */
import type { CanonicalClient, Problem } from '../../core/canonical.ts';
import type { JsonObject } from '../../core/json.ts';
import type { StepOf } from '../../core/steps.ts';
import { toCountryCode } from './countries.ts';
import { toState } from './states.ts';
import { fit, type Losses, toldLosses } from './text.ts';

/** The smaller of the limits that old and new pages name (facts, section 5). */
const LIMIT = { name: 255, person: 100, address: 255, city: 40, state: 40, zip: 20, email: 80, phone: 40 };
/** Zuora needs both names; FreshBooks does not. */
const NO_NAME = '-';
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

export function accountBody(
  step: StepOf<'create-account'>,
  settings: Record<string, string>,
  problems: Problem[],
  losses: Losses,
): JsonObject {
  const { client, currency, accountNumber } = step;
  const contact = present(contactOf(client, losses, problems));
  const name = fit('name', accountName(client, accountNumber), LIMIT.name, losses) ?? accountNumber;
  const organization = settings.organizationLabel?.trim();
  const notes = notesOf(client, losses);
  return {
    accountNumber,
    name,
    currency,
    // 0 = found by Zuora; required as long as no subscription is made.
    billCycleDay: '0',
    autoPay: false,
    // Without these Zuora might write to the customers of somebody who only wanted a copy.
    invoiceDeliveryPrefsEmail: false,
    invoiceDeliveryPrefsPrint: false,
    billToContact: contact,
    ...(step.paymentTerm ? { paymentTerm: step.paymentTerm } : {}),
    ...(organization ? { organizationLabel: organization } : {}),
    ...(notes === '' ? {} : { notes }),
  };
}

/**
 * One call for account and contact: Zuora switches invoices by e-mail on when the bill-to address comes without that
 * switch, so a contact of its own could write to a customer before the account says no (facts, section 5). What is
 * empty here is emptied there; notes that a person may have written are only replaced by notes.
 */
export function accountChanges(
  { client, account }: StepOf<'update-account'>,
  problems: Problem[],
  losses: Losses,
): JsonObject {
  const contact = contactOf(client, losses, problems);
  const name = fit('name', accountName(client, account.number), LIMIT.name, losses) ?? account.number;
  const notes = notesOf(client, losses);
  return {
    name,
    invoiceDeliveryPrefsEmail: false,
    billToContact: Object.fromEntries(Object.entries(contact).map(([field, text]) => [field, text ?? ''])),
    ...(notes === '' ? {} : { notes }),
  };
}

function notesOf(client: CanonicalClient, losses: Losses): string {
  const notes = [client.vatNumber ? `VAT number ${client.vatNumber}.` : '', ...toldLosses(losses)].filter(
    (note) => note !== '',
  );
  return fit('notes', notes.join(' '), 1000, losses) ?? '';
}

function accountName(client: CanonicalClient, accountNumber: string): string {
  const person = [client.firstName, client.lastName].filter(Boolean).join(' ');
  return [client.organization, person, client.email].find((text) => text?.trim()) ?? accountNumber;
}

type Contact = Record<string, string | undefined>;

function contactOf(client: CanonicalClient, losses: Losses, problems: Problem[]): Contact {
  const { address } = client;
  const country = countryOf(address.country, problems);
  return {
    firstName: fit('first name', client.firstName, LIMIT.person, losses) ?? NO_NAME,
    lastName:
      fit('last name', client.lastName, LIMIT.person, losses) ??
      fit('organisation as last name', client.organization, LIMIT.person, losses) ??
      NO_NAME,
    address1: fit('address line 1', address.line1, LIMIT.address, losses),
    address2: fit('address line 2', address.line2, LIMIT.address, losses),
    city: fit('city', address.city, LIMIT.city, losses),
    state: stateOf(country, address.region, losses),
    zipCode: fit('postal code', address.postalCode, LIMIT.zip, losses),
    country,
    workEmail: emailOf(client.email, losses),
    workPhone: fit('phone', client.phone, LIMIT.phone, losses),
  };
}

function present(contact: Contact): JsonObject {
  const fields: JsonObject = {};
  for (const [field, value] of Object.entries(contact)) {
    if (value !== undefined) fields[field] = value;
  }
  return fields;
}

/** K8: Zuora always validates the country, and a wrong guess would be a wrong tax place: so a person decides. */
function countryOf(country: string | undefined, problems: Problem[]): string | undefined {
  if (country === undefined || country.trim() === '') return undefined;
  const code = toCountryCode(country);
  if (code === undefined) {
    problems.push({
      field: 'address.country',
      value: country,
      rule: 'is not a country known by name or ISO code',
    });
  }
  return code;
}

function stateOf(
  country: string | undefined,
  region: string | undefined,
  losses: Losses,
): string | undefined {
  const written = fit('state', region, LIMIT.state, losses);
  if (written === undefined || country === undefined) return written;
  const state = toState(country, written);
  if (state === undefined) losses.changed.push(`state "${written}" (not one of ${country})`);
  return state;
}

/** Half an address would be somebody else's: it is left out whole. */
function emailOf(email: string | undefined, losses: Losses): string | undefined {
  const plain = fit('e-mail', email, 1000, { changed: [] });
  if (plain === undefined) return undefined;
  if (plain === email?.trim() && plain.length <= LIMIT.email && EMAIL.test(plain)) return plain;
  losses.changed.push('e-mail left out');
  return undefined;
}
