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
    created_at: note.createdAt,
    credit_number: note.number,
    credit_type: note.type,
    creditid: note.id,
    currency_code: currency,
    display_status: 'created',
    id: note.id,
    notes: note.notes,
    paid: wireAmount(note.paid),
    payment_status: creditStatusOf(note),
    status: 'created',
    terms: null,
    updated: note.updated,
    uuid: note.uuid,
    vis_state: note.visState,
    ...(includes.has('lines') ? { lines: note.lines.map(wireCreditLine) } : {}),
  };
}

function creditStatusOf({ amount, paid }: CreditNote): 'unpaid' | 'partial' | 'paid' {
  if (paid.amountMinor === 0n) return 'unpaid';
  return paid.amountMinor < amount.amountMinor ? 'partial' : 'paid';
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
