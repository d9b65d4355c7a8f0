/** What credit and debit memos have in common: how they are made, numbered, posted, cancelled and deleted. */

import { creditableMinor } from './answers.ts';
import type { Body } from './body.ts';
import type { Account, Invoice } from './books.ts';
import { type Call, paramOf } from './call.ts';
import type { CreditMemo, DebitMemo, MemoItem } from './funds.ts';
import { type Resource, refuse } from './refusal.ts';
import { addDays, minorOf, requireInvoiceSettlement, requireOpenPeriod, type Tenant } from './tenant.ts';

const RESOURCE = { creditMemo: 'creditMemo', debitMemo: 'debitMemo' } as const satisfies Record<
  string,
  Resource
>;

type NewMemo = {
  account: Account;
  currency: string;
  memoDate: string;
  items: MemoItem[];
  comment: string;
  reasonCode: string;
  number?: string | undefined;
  invoiceId?: string | undefined;
};

/** A draft without effect on anything yet. */
export function newCreditMemo(
  tenant: Tenant,
  { origin, ...wanted }: NewMemo & { origin: CreditMemo['origin'] },
  flags: Pick<CreditMemo, 'autoApply' | 'excludeFromAutoApplyRules'> = {
    autoApply: false,
    excludeFromAutoApplyRules: false,
  },
): CreditMemo {
  const common = commonOf(tenant, wanted, 'CM');
  const memo: CreditMemo = {
    ...common,
    appliedMinor: 0n,
    unappliedMinor: common.amountMinor,
    refundedMinor: 0n,
    latestEffectiveDate: wanted.memoDate,
    origin,
    reversed: false,
    ...flags,
  };
  tenant.books.creditMemos.set(memo.id, memo);
  return memo;
}

export function newDebitMemo(
  tenant: Tenant,
  { creditMemoId, ...wanted }: NewMemo & { creditMemoId?: string },
): DebitMemo {
  const common = commonOf(tenant, wanted, 'DM');
  const days = tenant.terms.find(({ name }) => name === wanted.account.paymentTerm)?.days ?? 0;
  const memo: DebitMemo = {
    ...common,
    balanceMinor: common.amountMinor,
    dueDate: addDays(wanted.memoDate, days),
    creditMemoId,
  };
  tenant.books.debitMemos.set(memo.id, memo);
  return memo;
}

function commonOf(tenant: Tenant, wanted: NewMemo, prefix: string) {
  const { account, currency, memoDate, items, comment, reasonCode, invoiceId } = wanted;
  const { memoNumbers } = tenant.books;
  const id = tenant.newId();
  const number = wanted.number ?? tenant.nextNumber(prefix, (taken) => memoNumbers.has(taken));
  memoNumbers.set(number, id);
  return {
    id,
    number,
    accountId: account.id,
    currency,
    amountMinor: items.reduce((sum, { amountMinor }) => sum + amountMinor, 0n),
    memoDate,
    items,
    comment,
    reasonCode,
    invoiceId,
    status: 'Draft' as const,
    postedOn: undefined,
    isDeleted: false,
    cancelledAt: undefined,
    ...tenant.stamps(),
  };
}

/** Account, date and items of a memo that goes against an invoice. */
export function fromInvoice(call: Call, body: Body, kind: keyof typeof RESOURCE): NewMemo {
  const { tenant } = call;
  const resource = RESOURCE[kind];
  requireInvoiceSettlement(tenant, resource);
  const invoice = tenant.books.findInvoice(paramOf(call, 'key'));
  const account = tenant.books.accounts.get(invoice?.accountId ?? '');
  if (invoice === undefined || account === undefined)
    throw refuse('unknown', 'notFound', `Cannot find entity by key: '${paramOf(call, 'key')}'.`);
  if (body.text('invoiceId') !== invoice.id)
    throw refuse(resource, 'badValue', "'invoiceId' is not the invoice of the path.");
  if (invoice.status !== 'Posted')
    throw refuse(resource, 'rule', 'A memo needs an invoice with Posted status.');
  if (invoice.reversed) throw refuse(resource, 'rule', 'A reversed invoice takes no more memos.');
  const memoDate = body.text('effectiveDate') ?? tenant.today();
  if (memoDate < invoice.invoiceDate)
    throw refuse(resource, 'badValue', 'The memo date must not be earlier than the invoice date.');
  requireOpenPeriod(tenant, memoDate, resource);
  const items = body.list('items').map((item) => memoItem(tenant, invoice, item, kind));
  return {
    account,
    invoiceId: invoice.id,
    currency: invoice.currency,
    memoDate,
    items,
    comment: body.text('comment') ?? '',
    reasonCode: body.text('reasonCode') ?? '',
  };
}

function memoItem(tenant: Tenant, invoice: Invoice, body: Body, kind: keyof typeof RESOURCE): MemoItem {
  const resource = RESOURCE[kind];
  const id = body.text('invoiceItemId');
  const item = invoice.items.find((one) => one.id === id && one.kind === 'Charge');
  if (id !== undefined && item === undefined)
    throw refuse(resource, 'badValue', `The invoice has no item '${id}'.`);
  if (item === undefined && kind === 'creditMemo')
    throw refuse(resource, 'missingField', "'items.invoiceItemId' is required.");
  const name = body.mustText('skuName');
  if (item !== undefined && item.fields['chargeName'] !== name)
    throw refuse(resource, 'badValue', `'skuName' is not the charge of the invoice item: '${name}'.`);
  const amountMinor = minorOf(body.mustDecimal('amount'), invoice.currency, resource, 'items.amount');
  if (amountMinor <= 0n) throw refuse(resource, 'badValue', "'items.amount' must be greater than zero.");
  if (item !== undefined && kind === 'creditMemo' && amountMinor > creditableMinor(tenant, invoice, item))
    throw refuse(
      resource,
      'rule',
      'The credit is greater than the amount of the invoice item available to credit.',
    );
  return { id: tenant.newId(), name, amountMinor, invoiceItemId: item?.id };
}

export function requireMemoStatus(
  memo: CreditMemo | DebitMemo,
  status: CreditMemo['status'],
  resource: Resource,
  verb: string,
): void {
  if (memo.status === status) return;
  throw refuse(
    resource,
    'rule',
    `Only memos with ${status} status can be ${verb}; ${memo.number} is ${memo.status}.`,
  );
}

export function postMemo(tenant: Tenant, memo: CreditMemo | DebitMemo, resource: Resource): void {
  requireMemoStatus(memo, 'Draft', resource, 'posted');
  requireOpenPeriod(tenant, memo.memoDate, resource);
  memo.status = 'Posted';
  memo.postedOn = tenant.localTime(tenant.clock.now());
}

export function deleteMemo(tenant: Tenant, memo: CreditMemo | DebitMemo, resource: Resource): void {
  requireMemoStatus(memo, 'Canceled', resource, 'deleted');
  memo.isDeleted = true;
  memo.updatedAt = tenant.clock.now();
}
