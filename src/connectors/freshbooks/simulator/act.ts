/** One thing a FreshBooks user does, as data: written down, it can be done again on other books. */
import type { Books } from './books.ts';
import { addClient, type ClientInput, editClient, setClientVisState } from './client-acts.ts';
import {
  addCreditNote,
  type CreditNoteEdit,
  type CreditNoteInput,
  editCreditNote,
  setCreditNoteVisState,
} from './credit-acts.ts';
import {
  addInvoice,
  disputeInvoice,
  editInvoice,
  type InvoiceInput,
  sendInvoice,
  setInvoiceVisState,
  viewInvoice,
} from './invoice-acts.ts';
import type { InvoiceEdit } from './invoice-form.ts';
import type { VisState } from './model.ts';
import {
  addBulkPayment,
  addPayment,
  type BulkInput,
  editPayment,
  type PaymentEdit,
  type PaymentInput,
  setPaymentVisState,
} from './payment-acts.ts';

export type Act =
  | { verb: 'add-client'; input: ClientInput }
  | { verb: 'edit-client'; id: number; edit: ClientInput }
  | { verb: 'show-client'; id: number; visState: VisState }
  | { verb: 'add-invoice'; input: InvoiceInput }
  | { verb: 'edit-invoice'; id: number; edit: InvoiceEdit }
  | { verb: 'send-invoice'; id: number; by: 'email' | 'hand' }
  | { verb: 'view-invoice'; id: number }
  | { verb: 'dispute-invoice'; id: number; dispute: 'disputed' | 'resolved' }
  | { verb: 'show-invoice'; id: number; visState: VisState }
  | { verb: 'add-payment'; input: PaymentInput }
  | { verb: 'add-bulk-payment'; input: BulkInput }
  | { verb: 'edit-payment'; id: number; edit: PaymentEdit }
  | { verb: 'show-payment'; id: number; visState: VisState }
  | { verb: 'add-credit-note'; input: CreditNoteInput }
  | { verb: 'edit-credit-note'; id: number; edit: CreditNoteEdit }
  | { verb: 'show-credit-note'; id: number; visState: VisState };

/** Throws Refusal, and leaves no trace, where the books refuse it. */
export function perform(books: Books, act: Act): object {
  switch (act.verb) {
    case 'add-client':
      return addClient(books, act.input);
    case 'edit-client':
      return editClient(books, act.id, act.edit);
    case 'show-client':
      return setClientVisState(books, act.id, act.visState);
    case 'add-invoice':
      return addInvoice(books, act.input);
    case 'edit-invoice':
      return editInvoice(books, act.id, act.edit);
    case 'send-invoice':
      return sendInvoice(books, act.id, act.by);
    case 'view-invoice':
      return viewInvoice(books, act.id);
    case 'dispute-invoice':
      return disputeInvoice(books, act.id, act.dispute);
    case 'show-invoice':
      return setInvoiceVisState(books, act.id, act.visState);
    case 'add-payment':
      return addPayment(books, act.input);
    case 'add-bulk-payment':
      return addBulkPayment(books, act.input);
    case 'edit-payment':
      return editPayment(books, act.id, act.edit);
    case 'show-payment':
      return setPaymentVisState(books, act.id, act.visState);
    case 'add-credit-note':
      return addCreditNote(books, act.input);
    case 'edit-credit-note':
      return editCreditNote(books, act.id, act.edit);
    case 'show-credit-note':
      return setCreditNoteVisState(books, act.id, act.visState);
  }
}
