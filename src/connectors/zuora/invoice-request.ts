/** An invoice as the bodies of POST and PUT /v1/invoices. */
import type { Problem } from '../../core/canonical.ts';
import type { JsonObject } from '../../core/json.ts';
import { formatMoney } from '../../core/money.ts';
import type { StepOf } from '../../core/steps.ts';
import { type ItemSource, itemsOf, type Taxation } from './invoice-items.ts';
import { invoiceComments, MARK_MAXIMUM } from './marks.ts';
import { INVOICE_NUMBER } from './numbers.ts';
import { customTexts, type Settings } from './tables.ts';
import type { Losses } from './text.ts';

/** The documented call, or the undocumented one of a single invoice. */
export type Posting = 'bulk-post' | 'post';
export type TenantSettings = { taxation: Taxation; settings: Settings; posting?: Posting };

/** Of one invoice, and of one change. */
const MAX_ITEMS = 1000;

export function invoiceBody(
  step: StepOf<'create-invoice'>,
  tenant: TenantSettings,
  problems: Problem[],
  losses: Losses,
): JsonObject {
  const { invoice, account, number, externalKey, bookedOn } = step;
  if (!INVOICE_NUMBER.test(number)) {
    problems.push({ field: 'number', value: number, rule: 'must have 1 to 32 of A-Z a-z 0-9 - _' });
  }
  checkMark(externalKey, problems);
  return {
    ...(account.number ? { accountNumber: account.number } : { accountId: account.id }),
    invoiceNumber: number,
    invoiceDate: bookedOn,
    // A policy may move the day of booking behind the due date, which Zuora would refuse.
    dueDate: invoice.dueOn < bookedOn ? bookedOn : invoice.dueOn,
    status: step.post ? 'Posted' : 'Draft',
    autoPay: false,
    comments: invoiceComments(externalKey, invoice),
    ...Object.fromEntries(
      customTexts(invoice, tenant.settings, problems, losses).filter(([, text]) => text !== ''),
    ),
    invoiceItems: checkedItems({ ...step, ...tenant }, 0, problems),
  };
}

/**
 * All old items go and the new ones come in one call. Only a POST takes tax items: a taxed draft has to be deleted and
 * made anew (`taxedLinesReplaceable`).
 */
export function linesBody(
  { from, breakdown, bookedOn, itemIds }: StepOf<'replace-lines'>,
  tenant: TenantSettings,
  problems: Problem[],
): JsonObject {
  const source: ItemSource = { invoice: from, breakdown, bookedOn, ...tenant };
  const items = checkedItems(source, itemIds.length, problems);
  if (items.some((item) => 'taxItems' in item)) {
    const rule = 'tax items cannot be changed on a Zuora draft: it has to be deleted and made anew';
    problems.push({ field: 'lines.taxes', value: 'replace-lines', rule });
  }
  return { invoiceItems: [...itemIds.map((id) => ({ id, delete: true })), ...items] };
}

/** An empty text empties a custom field. */
export function textsBody(
  { externalKey, from }: StepOf<'change-texts'>,
  settings: Settings,
  problems: Problem[],
  losses: Losses,
): JsonObject {
  checkMark(externalKey, problems);
  const custom = Object.fromEntries(
    customTexts(from, settings, problems, losses).map(([field, text]) => [field, text]),
  );
  return { comments: invoiceComments(externalKey, from), ...custom };
}

function checkedItems(source: ItemSource, deleted: number, problems: Problem[]): JsonObject[] {
  const { total } = source.breakdown;
  const items = itemsOf(source, problems);
  const problem = (field: string, value: string, rule: string) => problems.push({ field, value, rule });
  if (total.amountMinor < 0n) {
    const rule = 'is negative, and Zuora has no negative invoices: issue a credit note in the source instead';
    problem('total', `${formatMoney(total)} ${total.currency}`, rule);
  }
  if (items.length + deleted > MAX_ITEMS) {
    const rule =
      deleted === 0
        ? `an invoice may have ${MAX_ITEMS} items in Zuora: split it in the source`
        : `a change may name ${MAX_ITEMS} items in Zuora, the ${deleted} old ones included`;
    problem('lines', String(items.length + deleted), rule);
  }
  if (items.length === 0) problem('lines', '0', 'Zuora needs at least one line');
  return items;
}

function checkMark(externalKey: string, problems: Problem[]): void {
  if (externalKey.length <= MARK_MAXIMUM) return;
  problems.push({
    field: 'externalKey',
    value: externalKey,
    rule: `does not fit in ${MARK_MAXIMUM} characters`,
  });
}
