/** Debit memos: made from an invoice, owed beside it. */
import type { JsonRecord } from './answers.ts';
import { readBody } from './body.ts';
import { EMPTY } from './body-specs.ts';
import { MEMO_FROM_INVOICE } from './body-specs-settlement.ts';
import { type Call, paramOf } from './call.ts';
import type { DebitMemo } from './funds.ts';
import { applicationPartsAnswer, debitMemoAnswer } from './funds-answers.ts';
import { deleteMemo, fromInvoice, newDebitMemo, postMemo, requireMemoStatus } from './memos.ts';
import { refuse } from './refusal.ts';
import { requireInvoiceSettlement, type Tenant } from './tenant.ts';

const RESOURCE = 'debitMemo';

export function debitInvoice(call: Call): JsonRecord {
  const { tenant } = call;
  const body = readBody(call.body, MEMO_FROM_INVOICE, RESOURCE);
  const memo = newDebitMemo(tenant, fromInvoice(call, body, 'debitMemo'));
  if (body.flag('autoPost') === true) postMemo(tenant, memo, RESOURCE);
  return kept(tenant, memo);
}

export function readDebitMemo(call: Call): JsonRecord {
  return debitMemoAnswer(call.tenant, memoByKey(call));
}

export function readDebitMemoParts(call: Call): JsonRecord {
  const path = `/v1/debit-memos/${paramOf(call, 'key')}/application-parts`;
  return applicationPartsAnswer(call, path, memoByKey(call));
}

export function postDebitMemo(call: Call): JsonRecord {
  readBody(call.body, EMPTY, RESOURCE);
  const memo = memoByKey(call);
  postMemo(call.tenant, memo, RESOURCE);
  return kept(call.tenant, memo);
}

export function unpostDebitMemo(call: Call): JsonRecord {
  readBody(call.body, EMPTY, RESOURCE);
  const memo = memoByKey(call);
  requireMemoStatus(memo, 'Posted', RESOURCE, 'unposted');
  if (memo.balanceMinor !== memo.amountMinor)
    throw refuse(RESOURCE, 'rule', `Something is applied to debit memo ${memo.number}.`);
  memo.status = 'Draft';
  memo.postedOn = undefined;
  return kept(call.tenant, memo);
}

export function cancelDebitMemo(call: Call): JsonRecord {
  readBody(call.body, EMPTY, RESOURCE);
  const memo = memoByKey(call);
  requireMemoStatus(memo, 'Draft', RESOURCE, 'canceled');
  Object.assign(memo, { status: 'Canceled', balanceMinor: 0n, cancelledAt: call.tenant.clock.now() });
  return kept(call.tenant, memo);
}

export function deleteDebitMemo(call: Call): JsonRecord {
  deleteMemo(call.tenant, memoByKey(call), RESOURCE);
  return { success: true };
}

function memoByKey(call: Call): DebitMemo {
  requireInvoiceSettlement(call.tenant, RESOURCE);
  const key = paramOf(call, 'key');
  const memo = call.tenant.books.findDebitMemo(key);
  if (memo === undefined) throw refuse('unknown', 'notFound', `Cannot find entity by key: '${key}'.`);
  return memo;
}

function kept(tenant: Tenant, memo: DebitMemo): JsonRecord {
  memo.updatedAt = tenant.clock.now();
  tenant.books.assertDebitMemo(memo);
  return debitMemoAnswer(tenant, memo);
}
