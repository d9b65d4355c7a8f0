/** Credit memos: made from a catalog charge or from an invoice, applied, taken back. */
import type { JsonRecord } from './answers.ts';
import { readBody } from './body.ts';
import { EMPTY, REVERSE } from './body-specs.ts';
import { APPLY_MEMO, CREATE_CREDIT_MEMO, CREDIT_FROM_INVOICE } from './body-specs-settlement.ts';
import type { Account, Invoice } from './books.ts';
import { type Call, paramOf } from './call.ts';
import type { CreditMemo } from './funds.ts';
import { creditMemoAnswer, partsAnswer } from './funds-answers.ts';
import {
  deleteMemo,
  fromInvoice,
  newCreditMemo,
  newDebitMemo,
  postMemo,
  requireMemoStatus,
} from './memos.ts';
import { refuse } from './refusal.ts';
import { applyShares, latest, requireNotBefore, sharesOf, unapplyShares } from './settlement.ts';
import {
  minorOf,
  requireActiveCurrency,
  requireInvoiceSettlement,
  requireOpenPeriod,
  type Tenant,
} from './tenant.ts';

const RESOURCE = 'creditMemo';

export function createCreditMemo(call: Call): JsonRecord {
  const { tenant } = call;
  requireInvoiceSettlement(tenant, RESOURCE);
  const body = readBody(call.body, CREATE_CREDIT_MEMO, RESOURCE);
  const account = tenant.books.findAccount(body.text('accountId') ?? body.text('accountNumber') ?? '');
  if (account === undefined)
    throw refuse(RESOURCE, 'badValue', 'The account of the credit memo does not exist.');
  const currency = currencyOf(tenant, body.text('currency'), account);
  const memoDate = body.text('effectiveDate') ?? tenant.today();
  requireOpenPeriod(tenant, memoDate, RESOURCE);
  const items = body.list('charges').map((charge) => {
    const chargeId = charge.mustText('productRatePlanChargeId');
    if (!tenant.features.catalogCharges.includes(chargeId))
      throw refuse(RESOURCE, 'badValue', `The product rate plan charge '${chargeId}' does not exist.`);
    const amount = charge.decimal('amount');
    if (amount === undefined) throw refuse(RESOURCE, 'missingField', "'charges.amount' is required.");
    const amountMinor = minorOf(amount, currency, RESOURCE, 'charges.amount');
    if (amountMinor <= 0n) throw refuse(RESOURCE, 'badValue', "'charges.amount' must be greater than zero.");
    return { id: tenant.newId(), name: 'Credit', amountMinor, invoiceItemId: undefined };
  });
  if (items.length === 0) throw refuse(RESOURCE, 'missingField', "'charges' is required.");
  const memo = newCreditMemo(
    tenant,
    {
      origin: 'charge',
      account,
      currency,
      memoDate,
      items,
      comment: body.text('comment') ?? '',
      reasonCode: body.text('reasonCode') ?? '',
      number: freeNumber(tenant, body.text('number')),
    },
    { autoApply: false, excludeFromAutoApplyRules: body.flag('excludeFromAutoApplyRules') ?? false },
  );
  if (body.flag('autoPost') === true) postMemo(tenant, memo, RESOURCE);
  return settled(tenant, memo);
}

export function creditInvoice(call: Call): JsonRecord {
  const { tenant } = call;
  const body = readBody(call.body, CREDIT_FROM_INVOICE, RESOURCE);
  const wanted = fromInvoice(call, body, 'creditMemo');
  const autoApply = body.flag('autoApplyToInvoiceUponPosting') ?? false;
  const excludeFromAutoApplyRules = body.flag('excludeFromAutoApplyRules') ?? false;
  const memo = newCreditMemo(
    tenant,
    { ...wanted, origin: 'invoice' },
    { autoApply, excludeFromAutoApplyRules },
  );
  if (body.flag('autoPost') === true) postAndApply(tenant, memo);
  return settled(tenant, memo);
}

/** A reversal or write-off: a posted memo over all that the invoice still owes. */
export function creditInFull(
  tenant: Tenant,
  invoice: Invoice,
  how: { origin: 'reversal' | 'write-off'; memoDate: string; comment: string; reasonCode: string },
): CreditMemo {
  const account = tenant.books.accounts.get(invoice.accountId);
  if (account === undefined) throw new Error(`invoice ${invoice.number} has no account`);
  const amountMinor = invoice.balanceMinor;
  const item = { id: tenant.newId(), name: 'All', amountMinor, invoiceItemId: undefined };
  const { currency, id: invoiceId } = invoice;
  const memo = newCreditMemo(tenant, { ...how, account, currency, invoiceId, items: [item] });
  memo.status = 'Posted';
  memo.postedOn = tenant.localTime(tenant.clock.now());
  if (amountMinor > 0n) applyShares(tenant, memo, [{ target: invoice, amountMinor }], how.memoDate);
  tenant.books.assertFunds(memo);
  return memo;
}

export function readCreditMemo(call: Call): JsonRecord {
  return creditMemoAnswer(call.tenant, memoByKey(call));
}

export function readCreditMemoParts(call: Call): JsonRecord {
  return partsAnswer(call, `/v1/credit-memos/${paramOf(call, 'key')}/parts`, memoByKey(call));
}

export function postCreditMemo(call: Call): JsonRecord {
  readBody(call.body, EMPTY, RESOURCE);
  const memo = memoByKey(call);
  postAndApply(call.tenant, memo);
  return settled(call.tenant, memo);
}

export function unpostCreditMemo(call: Call): JsonRecord {
  readBody(call.body, EMPTY, RESOURCE);
  const memo = changeable(call);
  requireMemoStatus(memo, 'Posted', RESOURCE, 'unposted');
  requireUnused(memo, 'unposted');
  memo.status = 'Draft';
  memo.postedOn = undefined;
  return settled(call.tenant, memo);
}

export function applyCreditMemo(call: Call): JsonRecord {
  const { tenant } = call;
  const memo = changeable(call);
  const body = readBody(call.body, APPLY_MEMO, RESOURCE);
  requireMemoStatus(memo, 'Posted', RESOURCE, 'applied');
  const effectiveDate = body.text('effectiveDate') ?? latest(tenant.today(), memo.latestEffectiveDate);
  requireNotBefore(memo, effectiveDate, RESOURCE);
  const { accountId, currency, unappliedMinor } = memo;
  const shares = sharesOf(tenant, body, { accountId, currency, roomMinor: unappliedMinor }, RESOURCE);
  if (shares.length === 0) throw refuse(RESOURCE, 'missingField', "'invoices' is required.");
  applyShares(tenant, memo, shares, effectiveDate);
  return settled(tenant, memo);
}

export function unapplyCreditMemo(call: Call): JsonRecord {
  const memo = changeable(call);
  const body = readBody(call.body, APPLY_MEMO, RESOURCE);
  requireMemoStatus(memo, 'Posted', RESOURCE, 'unapplied');
  requireNotBefore(memo, body.text('effectiveDate') ?? memo.latestEffectiveDate, RESOURCE);
  unapplyShares(call.tenant, memo, body, RESOURCE);
  return settled(call.tenant, memo);
}

export function cancelCreditMemo(call: Call): JsonRecord {
  readBody(call.body, EMPTY, RESOURCE);
  const memo = changeable(call);
  requireMemoStatus(memo, 'Draft', RESOURCE, 'canceled');
  Object.assign(memo, { status: 'Canceled', unappliedMinor: 0n, cancelledAt: call.tenant.clock.now() });
  return settled(call.tenant, memo);
}

/** A debit memo takes it back, and the credit is applied to that. */
export function reverseCreditMemo(call: Call): JsonRecord {
  const { tenant } = call;
  const memo = changeable(call);
  const body = readBody(call.body, REVERSE, RESOURCE);
  requireMemoStatus(memo, 'Posted', RESOURCE, 'reversed');
  requireUnused(memo, 'reversed');
  const memoDate = body.text('memoDate') ?? latest(tenant.today(), memo.memoDate);
  if (memoDate < memo.memoDate)
    throw refuse(RESOURCE, 'badValue', 'The memo date must not be earlier than that of the credit memo.');
  const account = tenant.books.accounts.get(memo.accountId);
  if (account === undefined) throw new Error(`credit memo ${memo.number} has no account`);
  const { currency, items, id: creditMemoId, amountMinor } = memo;
  const debit = newDebitMemo(tenant, {
    account,
    currency,
    memoDate,
    items: items.map((item) => ({ ...item, id: tenant.newId(), invoiceItemId: undefined })),
    comment: body.text('comment') ?? '',
    reasonCode: body.text('reasonCode') ?? 'Credit memo reversal',
    creditMemoId,
  });
  debit.status = 'Posted';
  debit.postedOn = tenant.localTime(tenant.clock.now());
  applyShares(tenant, memo, [{ target: debit, amountMinor }], memoDate);
  memo.reversed = true;
  settled(tenant, memo);
  return { success: true, creditMemo: { id: memo.id }, debitMemo: { id: debit.id } };
}

export function deleteCreditMemo(call: Call): JsonRecord {
  deleteMemo(call.tenant, changeable(call), RESOURCE);
  return { success: true };
}

function postAndApply(tenant: Tenant, memo: CreditMemo): void {
  postMemo(tenant, memo, RESOURCE);
  const invoice = tenant.books.invoices.get(memo.invoiceId ?? '');
  if (!memo.autoApply || invoice === undefined) return;
  const room = invoice.balanceMinor < memo.amountMinor ? invoice.balanceMinor : memo.amountMinor;
  if (room > 0n) applyShares(tenant, memo, [{ target: invoice, amountMinor: room }], memo.memoDate);
}

function currencyOf(tenant: Tenant, wanted: string | undefined, account: Account): string {
  if (wanted === undefined || wanted === account.currency) return account.currency;
  if (!tenant.features.multipleCurrencies)
    throw refuse(RESOURCE, 'permission', "'currency' needs the Multiple Currencies feature.");
  requireActiveCurrency(tenant, wanted, RESOURCE);
  return wanted;
}

function freeNumber({ books }: Tenant, number: string | undefined): string | undefined {
  if (number === undefined) return undefined;
  if (books.memoNumbers.has(number))
    throw refuse(RESOURCE, 'badValue', `The credit memo number '${number}' already exists.`);
  if (/^(CM|DM)\d+$/.test(number))
    throw refuse(RESOURCE, 'badValue', `The credit memo number '${number}' collides with a prefix.`);
  return number;
}

function requireUnused({ number, appliedMinor, refundedMinor }: CreditMemo, verb: string): void {
  if (appliedMinor === 0n && refundedMinor === 0n) return;
  throw refuse(RESOURCE, 'rule', `Credit memo ${number} is applied or refunded and cannot be ${verb}.`);
}

function memoByKey(call: Call): CreditMemo {
  requireInvoiceSettlement(call.tenant, RESOURCE);
  const key = paramOf(call, 'key');
  const memo = call.tenant.books.findCreditMemo(key);
  if (memo === undefined) throw refuse('unknown', 'notFound', `Cannot find entity by key: '${key}'.`);
  return memo;
}

/** The memo of a reversal cannot be touched: a reversal cannot be undone. */
function changeable(call: Call): CreditMemo {
  const memo = memoByKey(call);
  if (memo.origin !== 'reversal' && !memo.reversed) return memo;
  throw refuse(RESOURCE, 'rule', `Credit memo ${memo.number} belongs to a reversal and cannot be changed.`);
}

function settled(tenant: Tenant, memo: CreditMemo): JsonRecord {
  memo.updatedAt = tenant.clock.now();
  tenant.books.assertFunds(memo);
  return creditMemoAnswer(tenant, memo);
}
