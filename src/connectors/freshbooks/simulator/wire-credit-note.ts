/** How a credit note looks on the wire. */
import type { Identity } from './identity.ts';
import type { CreditLine, CreditNote } from './model.ts';
import { wireAmount } from './wire.ts';

export function wireCreditNote(identity: Identity, note: CreditNote, includes: ReadonlySet<string>) {
  const { currency } = note.amount;
  return {
    accounting_systemid: identity.accountId,
    amount: wireAmount(note.amount),
    clientid: note.clientId,
    create_date: note.createDate,
    credit_number: note.number,
    credit_type: note.type,
    creditid: note.id,
    currency_code: currency,
    display_status: 'created',
    id: note.id,
    notes: note.notes,
    // How far it is funded, not how much of it was used: that no answer tells.
    paid: wireAmount(note.amount),
    payment_status: 'paid',
    status: 'created',
    terms: null,
    vis_state: note.visState,
    ...(includes.has('lines') ? { lines: note.lines.map(wireCreditLine) } : {}),
  };
}

function wireCreditLine({ name, description, amount }: CreditLine, index: number) {
  return {
    amount: wireAmount(amount),
    compounded_tax: false,
    description,
    lineid: index + 1,
    name,
    qty: '1',
    taxAmount1: '0',
    taxAmount2: '0',
    taxName1: null,
    taxName2: null,
    type: 0,
    unit_cost: wireAmount(amount),
  };
}
