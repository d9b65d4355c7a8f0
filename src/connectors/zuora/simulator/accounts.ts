/** Accounts and their contacts: create, read, change. */
import type { JsonRecord } from './answers.ts';
import { accountAnswer, contactAnswer } from './answers.ts';
import { type Body, readBody } from './body.ts';
import { CREATE_ACCOUNT, CREATE_CONTACT, UPDATE_ACCOUNT, UPDATE_CONTACT } from './body-specs.ts';
import type { Account, Contact } from './books.ts';
import { type Call, paramOf } from './call.ts';
import { placeProblem } from './countries.ts';
import { type Resource, refuse } from './refusal.ts';
import { requireActiveCurrency, type Tenant } from './tenant.ts';

const ROLES = ['asBillTo', 'asShipTo', 'asSoldTo'];
const MAX_ACTIVE_CONTACTS = 2000;

/** Text members of an account that have a place of their own. */
const OWN_TEXTS = new Set(['name', 'accountNumber', 'currency', 'paymentTerm', 'documentDate', 'targetDate']);

export function createAccount(call: Call): JsonRecord {
  const { tenant } = call;
  const body = readBody(call.body, CREATE_ACCOUNT, 'account', new Set(tenant.features.customFields.account));
  const account = addAccount(tenant, body);
  return {
    success: true,
    accountId: account.id,
    accountNumber: account.number,
    billToContactId: account.billToId,
    soldToContactId: account.soldToId,
    shipToContactId: account.shipToId,
  };
}

function addAccount(tenant: Tenant, body: Body): Account {
  const { books } = tenant;
  const currency = body.mustText('currency');
  requireActiveCurrency(tenant, currency, 'account');
  if (!body.has('billCycleDay')) throw refuse('account', 'missingField', "'billCycleDay' is required.");
  const wanted = body.text('accountNumber');
  const { accountPrefix } = tenant.features;
  if (wanted?.startsWith(accountPrefix) === true) {
    throw refuse(
      'account',
      'badValue',
      `The account number must not start with the default prefix '${accountPrefix}'.`,
    );
  }
  if (wanted !== undefined && books.accountNumbers.has(wanted)) {
    throw refuse('account', 'badValue', `The account number '${wanted}' already exists.`);
  }
  if (body.flag('autoPay') === true) {
    throw refuse('account', 'badValue', 'A default payment method is required when autoPay is true.');
  }
  const id = tenant.newId();
  const billTo = newContact(tenant, id, body.object('billToContact'), 'account');
  const share = body.flag('soldToSameAsBillTo') === true;
  const soldTo = share
    ? billTo
    : newContact(tenant, id, body.object('soldToContact') ?? body.object('billToContact'), 'account');
  const shipTo = body.has('shipToContact')
    ? newContact(tenant, id, body.object('shipToContact'), 'account')
    : soldTo;
  const account: Account = {
    id,
    number: wanted ?? tenant.nextNumber(accountPrefix, (number) => books.accountNumbers.has(number)),
    name: body.mustText('name'),
    currency,
    autoPay: false,
    emailInvoices: body.flag('invoiceDeliveryPrefsEmail') ?? false,
    printInvoices: body.flag('invoiceDeliveryPrefsPrint') ?? false,
    billCycleDay: billCycleDayOf(body) ?? '0',
    paymentTerm: paymentTermOf(tenant, body) ?? tenant.terms.find(({ isDefault }) => isDefault)?.name ?? '',
    billToId: billTo.id,
    soldToId: soldTo.id,
    shipToId: shipTo.id,
    additionalEmails: body.texts('additionalEmailAddresses') ?? [],
    fields: otherTexts(body),
    ...tenant.stamps(),
  };
  for (const contact of [billTo, soldTo, shipTo]) books.contacts.set(contact.id, contact);
  books.accounts.set(id, account);
  books.accountNumbers.set(account.number, id);
  return account;
}

export function readAccount(call: Call): JsonRecord {
  return accountAnswer(call.tenant, accountByKey(call.tenant, paramOf(call, 'key')));
}

export function updateAccount(call: Call): JsonRecord {
  const { tenant } = call;
  const account = accountByKey(tenant, paramOf(call, 'key'));
  const body = readBody(call.body, UPDATE_ACCOUNT, 'account', new Set(tenant.features.customFields.account));
  if (body.text('name') === '') throw refuse('account', 'badValue', "'name' must not be empty.");
  const term = paymentTermOf(tenant, body);
  const day = billCycleDayOf(body);
  for (const role of ['billTo', 'soldTo', 'shipTo'] as const) {
    const wantedId = body.text(`${role}ContactId`);
    if (wantedId !== undefined && tenant.books.contacts.get(wantedId)?.accountId !== account.id) {
      throw refuse('account', 'badValue', `The contact '${wantedId}' does not belong to the account.`);
    }
    const change = body.object(`${role}Contact`);
    const contact = tenant.books.contacts.get(wantedId ?? account[`${role}Id`]);
    if (change !== undefined && contact !== undefined) changeContact(tenant, contact, change, 'account');
    if (wantedId !== undefined) account[`${role}Id`] = wantedId;
  }
  account.name = body.text('name') ?? account.name;
  account.paymentTerm = term ?? account.paymentTerm;
  account.billCycleDay = day ?? account.billCycleDay;
  const hasNewEmail = body.object('billToContact')?.has('workEmail') === true;
  account.emailInvoices = body.flag('invoiceDeliveryPrefsEmail') ?? (hasNewEmail || account.emailInvoices);
  account.printInvoices = body.flag('invoiceDeliveryPrefsPrint') ?? account.printInvoices;
  account.additionalEmails = body.texts('additionalEmailAddresses') ?? account.additionalEmails;
  Object.assign(account.fields, otherTexts(body));
  account.updatedAt = tenant.clock.now();
  return { success: true };
}

/** Everything of it goes, and its number is free again (a suffix takes its place). */
export function deleteAccount(call: Call): JsonRecord {
  const { tenant } = call;
  const { books } = tenant;
  const account = accountByKey(tenant, paramOf(call, 'key'));
  const { id } = account;
  const isOf = (row: { accountId: string | undefined }) => row.accountId === id;
  const invoices = [...books.invoices.values()].filter(isOf);
  const memos = [...books.creditMemos.values(), ...books.debitMemos.values()].filter(isOf);
  for (const row of [...invoices, ...memos, ...[...books.payments.values()].filter(isOf)]) {
    row.isDeleted = true;
    if ('invoiceDate' in row) books.invoiceNumbers.delete(row.number);
  }
  books.accountNumbers.delete(account.number);
  books.accounts.delete(id);
  for (const [contactId, contact] of books.contacts) if (isOf(contact)) books.contacts.delete(contactId);
  return { success: true, jobId: tenant.newId(), jobStatus: 'Pending' };
}

export function createContact(call: Call): JsonRecord {
  const { tenant } = call;
  const body = readBody(call.body, CREATE_CONTACT, 'contact', new Set(tenant.features.customFields.contact));
  const key = body.text('accountId') ?? body.text('accountNumber');
  if (key === undefined)
    throw refuse('contact', 'missingField', "'accountId' or 'accountNumber' is required.");
  const account = tenant.books.findAccount(key);
  if (account === undefined) throw refuse('contact', 'badValue', `The account key '${key}' is invalid.`);
  const siblings = [...tenant.books.contacts.values()].filter(({ accountId }) => accountId === account.id);
  if (siblings.length >= MAX_ACTIVE_CONTACTS)
    throw refuse('contact', 'rule', 'The account has too many contacts.');
  const contact = newContact(tenant, account.id, body, 'contact');
  tenant.books.contacts.set(contact.id, contact);
  return { ...contactAnswer(tenant, contact), success: true };
}

export function readContact(call: Call): JsonRecord {
  return { ...contactAnswer(call.tenant, contactById(call)), success: true };
}

export function updateContact(call: Call): JsonRecord {
  const { tenant } = call;
  const contact = contactById(call);
  const body = readBody(call.body, UPDATE_CONTACT, 'contact', new Set(tenant.features.customFields.contact));
  changeContact(tenant, contact, body, 'contact');
  return { ...contactAnswer(tenant, contact), success: true };
}

function accountByKey(tenant: Tenant, key: string): Account {
  const account = tenant.books.findAccount(key);
  if (account === undefined) throw refuse('unknown', 'notFound', `Cannot find entity by key: '${key}'.`);
  return account;
}

function contactById(call: Call): Contact {
  const id = paramOf(call, 'key');
  const contact = call.tenant.books.contacts.get(id);
  if (contact === undefined) throw refuse('unknown', 'notFound', `Cannot find entity by key: '${id}'.`);
  return contact;
}

function newContact(tenant: Tenant, accountId: string, body: Body | undefined, resource: Resource): Contact {
  if (body === undefined) throw refuse(resource, 'missingField', "'billToContact' is required.");
  const fields = contactTexts(body);
  requirePlace(fields, resource);
  const roles = new Set(ROLES.filter((role) => body.flag(role) === true));
  return { id: tenant.newId(), accountId, fields, roles, ...tenant.stamps() };
}

function changeContact(tenant: Tenant, contact: Contact, body: Body, resource: Resource): void {
  const fields = { ...contact.fields, ...contactTexts(body) };
  for (const name of ['firstName', 'lastName']) {
    if (fields[name] === '') throw refuse(resource, 'badValue', `'${name}' must not be empty.`);
  }
  requirePlace(fields, resource);
  contact.fields = fields;
  for (const role of ROLES) {
    const wanted = body.flag(role);
    if (wanted === true) contact.roles.add(role);
    if (wanted === false) contact.roles.delete(role);
  }
  contact.updatedAt = tenant.clock.now();
}

const EMAIL = /^[^@\s]+@[^@\s]+$/;

function requirePlace(fields: Record<string, string>, resource: Resource): void {
  const problem = placeProblem(fields['country'], fields['state']);
  if (problem !== undefined) throw refuse(resource, 'badValue', problem);
  for (const name of ['workEmail', 'personalEmail']) {
    const email = fields[name] ?? '';
    if (email !== '' && !EMAIL.test(email))
      throw refuse(resource, 'badValue', `'${name}' is not a valid e-mail address.`);
  }
}

function contactTexts(body: Body): Record<string, string> {
  const { accountId: _accountId, accountNumber: _accountNumber, ...fields } = body.allTexts();
  return fields;
}

function otherTexts(body: Body): Record<string, string> {
  return Object.fromEntries(
    Object.entries(body.allTexts()).filter(([name]) => !OWN_TEXTS.has(name) && !name.endsWith('ContactId')),
  );
}

function paymentTermOf(tenant: Tenant, body: Body): string | undefined {
  const name = body.text('paymentTerm');
  if (name === undefined || tenant.terms.some((term) => term.name === name && term.isActive)) return name;
  throw refuse('account', 'badValue', `The payment term '${name}' is not an active payment term.`);
}

function billCycleDayOf(body: Body): string | undefined {
  const day = body.decimal('billCycleDay');
  if (day === undefined) return undefined;
  if (day.lt(0) || day.gt(31))
    throw refuse('account', 'badValue', "'billCycleDay' must be between 0 and 31.");
  return day.toFixed(0);
}
