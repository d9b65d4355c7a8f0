/** The closed set of steps a plan is made of, in words every destination understands. */
import type { Breakdown } from './breakdown.ts';
import type { CanonicalClient, CanonicalInvoice, CanonicalPayment } from './canonical.ts';

/** A document's counterpart in the destination. */
export type Counterpart = { id: string; number: string };

export type Step =
  | {
      kind: 'create-account';
      client: CanonicalClient;
      currency: string;
      /** Deterministic own number; the external id by which the account is found again. */
      accountNumber: string;
    }
  | {
      kind: 'create-invoice';
      invoice: CanonicalInvoice;
      breakdown: Breakdown;
      account: Counterpart;
      /** The number wanted in the destination; `externalKey` goes along as its recognisable mark. */
      number: string;
      externalKey: string;
      post: boolean;
    }
  | { kind: 'post-invoice'; invoice: Counterpart; externalKey: string }
  | {
      kind: 'create-payment';
      payment: CanonicalPayment;
      account: Counterpart;
      invoice: Counterpart;
      externalKey: string;
    };

export type StepKind = Step['kind'];
