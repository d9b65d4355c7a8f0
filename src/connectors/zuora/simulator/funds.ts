/** What settles documents and what else can be settled: payments, refunds, credit and debit memos, and their parts. */
import type { Invoice, Stamps } from './books.ts';

/** Money that can be applied: `amount` = applied + unapplied + refunded. */
export type Funds = Stamps & {
  id: string;
  number: string;
  accountId: string | undefined;
  currency: string;
  amountMinor: bigint;
  appliedMinor: bigint;
  unappliedMinor: bigint;
  refundedMinor: bigint;
  /** The latest of the own date and those of the applications. */
  latestEffectiveDate: string;
  comment: string;
  isDeleted: boolean;
  cancelledAt: number | undefined;
};

export type Payment = Funds & {
  effectiveDate: string;
  methodId: string;
  methodType: string;
  referenceId: string;
  prepayment: boolean;
  transferredToAccounting: string;
  status: 'Processed' | 'Canceled';
  fields: Record<string, string>;
};

export type MemoStatus = 'Draft' | 'Posted' | 'Canceled';
export type MemoItem = {
  id: string;
  name: string;
  amountMinor: bigint;
  /** The invoice item that it goes against. */
  invoiceItemId: string | undefined;
};

type Memo = {
  memoDate: string;
  status: MemoStatus;
  /** The invoice that it was made from. */
  invoiceId: string | undefined;
  items: MemoItem[];
  reasonCode: string;
  postedOn: string | undefined;
};

export type CreditMemo = Funds &
  Memo & {
    /** `reversal` ones belong to their invoice for ever. */
    origin: 'charge' | 'invoice' | 'reversal' | 'write-off';
    accountId: string;
    reversed: boolean;
    autoApply: boolean;
    excludeFromAutoApplyRules: boolean;
  };

export type DebitMemo = Stamps &
  Memo & {
    id: string;
    number: string;
    accountId: string;
    currency: string;
    amountMinor: bigint;
    balanceMinor: bigint;
    dueDate: string;
    comment: string;
    isDeleted: boolean;
    cancelledAt: number | undefined;
    /** The credit memo that it takes back. */
    creditMemoId: string | undefined;
  };

/** What money can be applied to. */
export type Target = Invoice | DebitMemo;

export type Application = Stamps & {
  id: string;
  source: 'payment' | 'creditMemo';
  sourceId: string;
  target: 'invoice' | 'debitMemo';
  targetId: string;
  amountMinor: bigint;
  effectiveDate: string;
};

export type Refund = Stamps & {
  id: string;
  number: string;
  paymentId: string;
  accountId: string | undefined;
  currency: string;
  amountMinor: bigint;
  refundDate: string;
  methodType: string;
  referenceId: string;
  comment: string;
  status: 'Processed' | 'Canceled';
  cancelledAt: number | undefined;
};
