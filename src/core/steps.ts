/** The closed set of steps a plan is made of, in words every destination understands. */
import type { Breakdown } from './breakdown.ts';
import type {
  CanonicalClient,
  CanonicalCredit,
  CanonicalInvoice,
  CanonicalPayment,
  PaymentMethod,
  PlainDate,
} from './canonical.ts';
import type { Money } from './money.ts';

/** A document's counterpart in the destination. */
export type Counterpart = { id: string; number: string };

/** An invoice, or a debit memo beside one (E11). */
export type Owed = Counterpart & { isDebit?: true };

/** Part of a payment or credit that settles one invoice. */
export type Application = { invoice: Owed; amount: Money };

/** An item of an invoice's copy; `amount` is what a credit may take from it. */
export type InvoiceItem = { id: string; name: string; amount: Money };

type AccountStep =
  | {
      kind: 'create-account';
      client: CanonicalClient;
      currency: string;
      /** Deterministic own number; the external id by which the account is found again. */
      accountNumber: string;
      /** Name of a payment term of the tenant. */
      paymentTerm?: string;
      /** Why it is made, where people might have expected another account. */
      note?: string;
    }
  /** The account and its bill-to contact. */
  | { kind: 'update-account'; account: Counterpart; client: CanonicalClient };

type InvoiceStep =
  | {
      kind: 'create-invoice';
      invoice: CanonicalInvoice;
      breakdown: Breakdown;
      account: Counterpart;
      /** The number wanted in the destination; `externalKey` goes along as its recognisable mark. */
      number: string;
      externalKey: string;
      /** How often it was issued anew: the number carries it. */
      generation: number;
      post: boolean;
      /** The invoice's date in the destination: its own, unless a policy moved it. */
      bookedOn: PlainDate;
    }
  /** Draft only. The items with these ids are replaced by those of the breakdown; for taxes see DestinationFacts. */
  | {
      kind: 'replace-lines';
      invoice: Counterpart;
      from: CanonicalInvoice;
      breakdown: Breakdown;
      externalKey: string;
      itemIds: readonly string[];
      bookedOn: PlainDate;
    }
  /** Draft only. */
  | { kind: 'change-invoice-date'; invoice: Counterpart; externalKey: string; bookedOn: PlainDate }
  /** Draft only. */
  | { kind: 'change-due-date'; invoice: Counterpart; externalKey: string; dueOn: PlainDate }
  /** Notes, terms and purchase order, behind the mark. */
  | { kind: 'change-texts'; invoice: Counterpart; externalKey: string; from: CanonicalInvoice }
  | { kind: 'post-invoice'; invoice: Counterpart; externalKey: string }
  /** Back to a draft; nothing may be applied to it. */
  | { kind: 'unpost-invoice'; invoice: Counterpart; externalKey: string }
  /** Posted, and nothing applied: credited in full for good; the number stays taken. */
  | { kind: 'reverse-invoice'; invoice: Counterpart; externalKey: string; on: PlainDate }
  /** Draft only; the number stays taken until it is deleted. */
  | { kind: 'cancel-invoice'; invoice: Counterpart; externalKey: string }
  /** A draft or a cancelled one. */
  | { kind: 'delete-invoice'; invoice: Counterpart; externalKey: string }
  /** A memo for the difference to a posted invoice; `number` is the memo's mark. A credit is applied to the invoice at once. */
  | {
      kind: 'adjust-invoice';
      invoice: Counterpart;
      externalKey: string;
      direction: 'credit' | 'debit';
      amount: Money;
      mark: string;
      /** Those of the invoice: a memo's items refer to them. */
      items: readonly InvoiceItem[];
      on: PlainDate;
    };

/**
 * `amount` is what is added or taken away. `after` is what is applied to that invoice then; without it `amount` after
 * applying, and nothing after unapplying.
 */
type ApplicationStep<Kind extends string, Of extends string> = { kind: Kind } & Record<Of, Counterpart> & {
    invoice: Owed;
    amount: Money;
    after?: Money;
    on: PlainDate;
  };

type PaymentStep =
  | {
      kind: 'create-payment';
      payment: CanonicalPayment;
      account: Counterpart;
      externalKey: string;
      /** The cash received: what is not applied stays unapplied. */
      amount: Money;
      apply: readonly Application[];
      bookedOn: PlainDate;
    }
  /** The comment. */
  | { kind: 'update-payment'; payment: Counterpart; from: CanonicalPayment; externalKey: string }
  | ApplicationStep<'apply-payment', 'payment'>
  | ApplicationStep<'unapply-payment', 'payment'>
  /** Nothing applied, nothing refunded. */
  | { kind: 'cancel-payment'; payment: Counterpart }
  /** Nothing applied. */
  | { kind: 'transfer-payment'; payment: Counterpart; account: Counterpart; on: PlainDate }
  /** Out of the unapplied part. `mark` is unique for each refund: the reference by which it is found again. */
  | {
      kind: 'refund-payment';
      payment: Counterpart;
      amount: Money;
      method: PaymentMethod;
      mark: string;
      on: PlainDate;
    }
  | { kind: 'cancel-refund'; payment: Counterpart; refund: Counterpart };

type CreditStep =
  /** Posted at once. */
  | {
      kind: 'create-credit';
      credit: CanonicalCredit;
      account: Counterpart;
      number: string;
      externalKey: string;
      generation: number;
      bookedOn: PlainDate;
    }
  | ApplicationStep<'apply-credit', 'credit'>
  | ApplicationStep<'unapply-credit', 'credit'>
  | { kind: 'unpost-credit'; credit: Counterpart }
  /** Unposted only; the number stays taken. */
  | { kind: 'cancel-credit'; credit: Counterpart };

export type Step = AccountStep | InvoiceStep | PaymentStep | CreditStep;

export type StepKind = Step['kind'];

export type StepOf<K extends StepKind> = Extract<Step, { kind: K }>;

/** Every kind, and whether a repeat after an unknown outcome is made safe by the vendor's memory of a key (`key`) or by looking first (`state`). */
export const STEP_KINDS = {
  'create-account': 'key',
  'update-account': 'state',
  'create-invoice': 'key',
  'replace-lines': 'state',
  'change-invoice-date': 'state',
  'change-due-date': 'state',
  'change-texts': 'state',
  'post-invoice': 'state',
  'unpost-invoice': 'state',
  'reverse-invoice': 'state',
  'cancel-invoice': 'state',
  'delete-invoice': 'state',
  'adjust-invoice': 'key',
  'create-payment': 'key',
  'update-payment': 'state',
  'apply-payment': 'state',
  'unapply-payment': 'state',
  'cancel-payment': 'state',
  'transfer-payment': 'state',
  'refund-payment': 'key',
  'cancel-refund': 'state',
  'create-credit': 'key',
  'apply-credit': 'state',
  'unapply-credit': 'state',
  'unpost-credit': 'state',
  'cancel-credit': 'state',
} as const satisfies Record<StepKind, 'key' | 'state'>;

/** Ids of what is there already and is changed by the step. */
export function touchedBy(step: Step): string[] {
  const ids: string[] = [];
  if ('invoice' in step && !('kind' in step.invoice)) ids.push(step.invoice.id);
  if ('payment' in step && !('kind' in step.payment)) ids.push(step.payment.id);
  if ('credit' in step && !('kind' in step.credit)) ids.push(step.credit.id);
  if (step.kind === 'create-payment') ids.push(...step.apply.map(({ invoice }) => invoice.id));
  return ids;
}
