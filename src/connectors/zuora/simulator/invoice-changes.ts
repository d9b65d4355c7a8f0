/** What can happen to an invoice later: edit, post, unpost, reverse, write off, delete. */
import type { JsonRecord } from './answers.ts';
import { invoiceAnswer, updatedInvoiceAnswer } from './answers.ts';
import { type Body, readBody } from './body.ts';
import { BULK_POST, EMPTY, INVOICE_STATUS, REVERSE, UPDATE_INVOICE, WRITE_OFF } from './body-specs.ts';
import { type Invoice, itemTotalMinor } from './books.ts';
import { type Call, paramOf } from './call.ts';
import { creditInFull } from './credit-memos.ts';
import { applicationPartsAnswer } from './funds-answers.ts';
import {
  customTexts,
  invoiceByKey,
  invoiceCustomFields,
  itemsOf,
  itemTexts,
  memberFailure,
} from './invoices.ts';
import { refuse } from './refusal.ts';
import { latest } from './settlement.ts';
import { minorOf, requireInvoiceSettlement, requireOpenPeriod, type Tenant } from './tenant.ts';

const RESOURCE = 'invoice';
/** Still open on a posted invoice (an assumption, see README.md). */
const OPEN_WHEN_POSTED = new Set(['comments', 'transferredToAccounting']);

export function updateInvoice(call: Call): JsonRecord {
  const { tenant } = call;
  const invoice = invoiceByKey(tenant, paramOf(call, 'key'));
  const body = readBody(call.body, UPDATE_INVOICE, RESOURCE, invoiceCustomFields(tenant));
  const locked = body.names().find((name) => !OPEN_WHEN_POSTED.has(name) && !name.endsWith('__c'));
  if (invoice.status !== 'Draft' && locked !== undefined) {
    throw refuse(RESOURCE, 'rule', `'${locked}' can only be changed on invoices with Draft status.`);
  }
  if (body.has('invoiceDate') && body.has('dueDate')) {
    throw refuse(RESOURCE, 'rule', 'invoiceDate and dueDate cannot be changed in the same request.');
  }
  const invoiceDate = body.text('invoiceDate') ?? invoice.invoiceDate;
  const dueDate =
    body.text('dueDate') ??
    (body.has('invoiceDate') ? latest(invoice.dueDate, invoiceDate) : invoice.dueDate);
  requireOpenPeriod(tenant, invoiceDate, RESOURCE);
  if (dueDate < invoiceDate)
    throw refuse(RESOURCE, 'badValue', 'The due date must not be earlier than the invoice date.');
  const items = changedItems(tenant, invoice, body);
  const totalMinor = items.reduce((sum, item) => sum + itemTotalMinor(item), 0n);
  if (items.length === 0) throw refuse(RESOURCE, 'rule', 'An invoice needs at least one item.');
  if (totalMinor < 0n)
    throw refuse(RESOURCE, 'rule', 'The total amount of the invoice must not be negative.');
  Object.assign(invoice, {
    invoiceDate,
    dueDate,
    items,
    totalMinor,
    balanceMinor: invoice.balanceMinor + totalMinor - invoice.totalMinor,
    autoPay: body.flag('autoPay') ?? invoice.autoPay,
    comments: body.text('comments') ?? invoice.comments,
    transferredToAccounting: body.text('transferredToAccounting') ?? invoice.transferredToAccounting,
    fields: { ...invoice.fields, ...customTexts(body) },
  } satisfies Partial<Invoice>);
  touch(tenant, invoice);
  return updatedInvoiceAnswer(tenant, invoice);
}

function changedItems(tenant: Tenant, invoice: Invoice, body: Body): Invoice['items'] {
  let items = invoice.items.map((item) => ({ ...item }));
  for (const [index, change] of body.list('invoiceItems').entries()) {
    const id = change.text('id');
    if (id === undefined) {
      for (const name of ['amount', 'serviceStartDate']) {
        if (!change.has(name))
          throw refuse(RESOURCE, 'missingField', `'invoiceItems[${index}].${name}' is required.`);
      }
      items.push(...itemsOf(tenant, change, invoice.currency, index));
      continue;
    }
    const item = items.find((known) => known.id === id);
    if (item === undefined)
      throw refuse(RESOURCE, 'badValue', `The invoice has no item with the id '${id}'.`);
    if (change.flag('delete') === true) {
      items = items.filter((known) => known.id !== id && known.parentId !== id);
      continue;
    }
    const amount = change.decimal('amount');
    if (amount !== undefined)
      item.amountMinor = minorOf(amount, invoice.currency, RESOURCE, `invoiceItems[${index}].amount`);
    item.quantity = change.decimal('quantity') ?? item.quantity;
    item.unitPrice = change.decimal('unitPrice') ?? item.unitPrice;
    item.serviceStartDate = change.text('serviceStartDate') ?? item.serviceStartDate;
    item.fields = { ...item.fields, ...itemTexts(change) };
    if (change.has('discountItems')) {
      throw refuse(RESOURCE, 'badValue', 'Changing discountItems of an existing item is not simulated.');
    }
  }
  return items;
}

export function postInvoice(call: Call): JsonRecord {
  readBody(call.body, EMPTY, RESOURCE);
  const invoice = invoiceByKey(call.tenant, paramOf(call, 'key'));
  postDraft(call.tenant, invoice, invoice.invoiceDate);
  return invoiceAnswer(call.tenant, invoice);
}

export function postInvoices(call: Call): JsonRecord {
  const { tenant } = call;
  const body = readBody(call.body, BULK_POST, RESOURCE);
  const invoices = body.list('invoices').map((member): JsonRecord => {
    const id = member.mustText('id');
    try {
      const invoice = tenant.books.findInvoice(id);
      if (invoice === undefined)
        throw refuse('unknown', 'notFound', `Cannot find a Invoice instance with id ${id}.`);
      postDraft(tenant, invoice, member.text('invoiceDate') ?? invoice.invoiceDate);
      return { id: invoice.id, success: true };
    } catch (error) {
      return { id, ...memberFailure(tenant, error) };
    }
  });
  return { success: true, invoices };
}

function postDraft(tenant: Tenant, invoice: Invoice, invoiceDate: string): void {
  if (invoice.status !== 'Draft')
    throw refuse(RESOURCE, 'badValue', 'Only invoices with Draft status can be posted.');
  requireOpenPeriod(tenant, invoiceDate, RESOURCE);
  invoice.status = 'Posted';
  invoice.invoiceDate = invoiceDate;
  invoice.dueDate = latest(invoice.dueDate, invoiceDate);
  invoice.postedOn = tenant.today();
  touch(tenant, invoice);
}

export function unpostInvoice(call: Call): JsonRecord {
  const { tenant } = call;
  if (call.body !== undefined) readBody(call.body, EMPTY, RESOURCE);
  const invoice = invoiceByKey(tenant, paramOf(call, 'key'));
  requireUnposting(tenant, invoice);
  requirePosted(invoice, 'unposted');
  if (invoice.reversed) throw refuse(RESOURCE, 'rule', 'A reversed invoice cannot be unposted.');
  requireUnsettled(tenant, invoice, 'unposted');
  requireOpenPeriod(tenant, invoice.invoiceDate, RESOURCE);
  invoice.status = 'Draft';
  invoice.postedOn = undefined;
  touch(tenant, invoice);
  return invoiceAnswer(tenant, invoice);
}

export function reverseInvoice(call: Call): JsonRecord {
  const { tenant } = call;
  requireInvoiceSettlement(tenant, RESOURCE);
  const invoice = invoiceByKey(tenant, paramOf(call, 'key'));
  const body = readBody(call.body, REVERSE, RESOURCE);
  if (!tenant.features.reversal)
    throw refuse(RESOURCE, 'permission', 'The user lacks the permission to reverse invoices.');
  requirePosted(invoice, 'reversed');
  if (invoice.reversed) throw refuse(RESOURCE, 'rule', 'The invoice is already reversed.');
  requireUnsettled(tenant, invoice, 'reversed');
  if (invoice.totalMinor === 0n)
    throw refuse(RESOURCE, 'rule', 'An invoice with zero amount cannot be reversed.');
  const memoDate = body.text('memoDate') ?? latest(tenant.today(), invoice.invoiceDate);
  if (memoDate < invoice.invoiceDate) {
    throw refuse(RESOURCE, 'badValue', 'The memo date must not be earlier than the invoice date.');
  }
  if ((body.text('applyEffectiveDate') ?? memoDate) < memoDate) {
    throw refuse(RESOURCE, 'badValue', 'The apply effective date must not be earlier than the memo date.');
  }
  const comment = body.text('comment') ?? '';
  const reasonCode = body.text('reasonCode') ?? 'Invoice reversal';
  const memo = creditInFull(tenant, invoice, { origin: 'reversal', memoDate, comment, reasonCode });
  invoice.reversed = true;
  invoice.reversedShownFrom = tenant.clock.now() + tenant.features.readLagMs;
  touch(tenant, invoice);
  return { success: true, id: invoice.id, creditMemo: { id: memo.id } };
}

export function writeOffInvoice(call: Call): JsonRecord {
  const { tenant } = call;
  requireInvoiceSettlement(tenant, RESOURCE);
  const invoice = invoiceByKey(tenant, paramOf(call, 'key'));
  const body = readBody(call.body, WRITE_OFF, RESOURCE);
  requirePosted(invoice, 'written off');
  if (invoice.balanceMinor === 0n) throw refuse(RESOURCE, 'rule', 'The invoice has no balance to write off.');
  const memoDate = body.text('memoDate') ?? latest(tenant.today(), invoice.invoiceDate);
  requireOpenPeriod(tenant, memoDate, RESOURCE);
  const comment = body.text('comment') ?? '';
  const reasonCode = body.text('reasonCode') ?? 'Write-off';
  const memo = creditInFull(tenant, invoice, { origin: 'write-off', memoDate, comment, reasonCode });
  touch(tenant, invoice);
  return { success: true, creditMemo: { id: memo.id } };
}

export function changeInvoiceStatus(call: Call): JsonRecord {
  const { tenant } = call;
  const invoice = invoiceByKey(tenant, paramOf(call, 'key'));
  readBody(call.body, INVOICE_STATUS, RESOURCE);
  if (invoice.status !== 'Draft')
    throw refuse(RESOURCE, 'rule', 'Only invoices with Draft status can be cancelled.');
  invoice.status = 'Canceled';
  touch(tenant, invoice);
  return { Success: true, Id: invoice.id };
}

export function deleteInvoice(call: Call): JsonRecord {
  const { tenant } = call;
  const invoice = invoiceByKey(tenant, paramOf(call, 'key'));
  if (invoice.status === 'Posted' || (invoice.status === 'Draft' && !tenant.features.deleteDraftInvoices)) {
    throw refuse(RESOURCE, 'rule', `An invoice with ${invoice.status} status cannot be deleted.`);
  }
  const still = { invoice: { ...invoice }, until: tenant.clock.now() + tenant.features.readLagMs };
  if (tenant.features.readLagMs > 0)
    for (const key of [invoice.id, invoice.number]) tenant.books.shownStill.set(key, still);
  tenant.books.invoiceNumbers.delete(invoice.number);
  invoice.number = `${invoice.number}-${tenant.hex(8)}`;
  invoice.isDeleted = true;
  touch(tenant, invoice);
  return { success: true, id: invoice.id };
}

export function readInvoiceParts(call: Call): JsonRecord {
  const key = paramOf(call, 'key');
  const path = `/v1/invoices/${key}/application-parts`;
  return applicationPartsAnswer(call, path, invoiceByKey(call.tenant, key));
}

function requirePosted(invoice: Invoice, verb: string): void {
  if (invoice.status !== 'Posted')
    throw refuse(RESOURCE, 'rule', `Only invoices with Posted status can be ${verb}.`);
}

function requireUnsettled({ books }: Tenant, invoice: Invoice, verb: string): void {
  if (books.applicationsTo(invoice.id).length > 0)
    throw refuse(
      RESOURCE,
      'rule',
      `An invoice with payments or credit memos applied to it cannot be ${verb}.`,
    );
  const memos = [...books.creditMemos.values(), ...books.debitMemos.values()];
  if (memos.some(({ invoiceId, status }) => invoiceId === invoice.id && status !== 'Canceled'))
    throw refuse(RESOURCE, 'rule', `An invoice that memos were made from cannot be ${verb}.`);
}

function requireUnposting(tenant: Tenant, invoice: Invoice): void {
  const { unposting } = tenant.features;
  if (unposting === 'forbidden')
    throw refuse(RESOURCE, 'permission', 'The user lacks the permission to cancel posted billing documents.');
  const isLatest = [...tenant.books.invoices.values()]
    .filter(
      ({ accountId, status, isDeleted }) =>
        accountId === invoice.accountId && status === 'Posted' && !isDeleted,
    )
    .every((other) => other.invoiceDate <= invoice.invoiceDate);
  if (unposting === 'latest-only' && !isLatest)
    throw refuse(RESOURCE, 'rule', 'Only the latest invoice of the account can be unposted.');
}

function touch(tenant: Tenant, invoice: Invoice): void {
  invoice.updatedAt = tenant.clock.now();
  tenant.books.assertInvoice(invoice);
}
