/** The lifecycle of money, row by row: what happens in the source, and what must hold in the destination for it. */

export type Row = {
  id: string;
  /** What a user does, or what the world does. */
  case: string;
  /** What must hold in the destination; record, note and policy are those of the connector. */
  holds: string;
  /** When asking a person is a right answer, too. Absent: never. */
  mayPark?: string;
};

export const SECTIONS: readonly { title: string; rows: readonly Row[] }[] = [
  {
    title: 'Clients and accounts',
    rows: [
      row(
        'K1',
        'First invoice of a client',
        'One account under our own number, with a bill-to contact; e-mail delivery and automatic payment are off',
      ),
      row('K2', 'One account has the client’s e-mail already', 'The client is linked to it; none is made'),
      row(
        'K3',
        'Several accounts have the client’s e-mail',
        'The candidates are shown; after a person’s choice all records of the client go on',
        'until a person has chosen',
      ),
      row(
        'K4',
        'A client without e-mail',
        'The account is known by our own number, also when our database has forgotten it',
      ),
      row(
        'K5',
        'Two clients share an e-mail, under one connection or several',
        'The second gets an account of its own, with a note; it never takes the first one’s, unless a person says that both share it: name and e-mail then stay the first one’s',
      ),
      row(
        'K6',
        'One client is billed in two currencies',
        'One account for each currency; nothing is booked across currencies',
      ),
      row(
        'K7',
        'Name, e-mail, address or terms of a client change',
        'Account and contact follow as the policy says; delivery by e-mail stays off',
      ),
      row(
        'K8',
        'A country or province that the destination would refuse',
        'Written as ISO codes; a province that is none is left out with a note',
        'where nobody knows the country',
      ),
      row('K9', 'A client is archived or deleted', 'The account stays as it is, with a note on the record'),
      row(
        'K10',
        'A person links a client to another account',
        'What comes from now on goes there; what is booked stays where it is',
      ),
      row('K11', 'Two workers meet a new client at once', 'One account'),
      row(
        'K12',
        'Odd names: emoji, 300 characters, only an organisation, only a last name',
        'A valid account; what was cut is noted',
      ),
    ],
  },
  {
    title: 'Drafts and first copies',
    rows: [
      row('D1', 'A draft is created', 'A draft, or nothing until it is sent (policy drafts)'),
      row(
        'D2',
        'Lines of a draft are added, changed, removed, put in another order',
        'The same draft has the same lines',
      ),
      row('D3', 'A draft is sent', 'The same invoice is posted'),
      row('D4', 'An invoice is created and sent at once', 'A posted invoice'),
      row(
        'D5',
        'Marked as sent, viewed, overdue, disputed',
        'No effect on money; the source’s word stays on the record',
      ),
      row(
        'D6',
        'An invoice with the same number was made by hand in the destination',
        'Never a second one: a person adopts it, or gives the copy a number of its own',
        'until a person has decided',
      ),
      row(
        'D7',
        'A number that is too long, has odd characters, a reserved prefix, or is another company’s',
        'A valid number that is always the same for the same invoice; the original stays on the record',
      ),
      row(
        'D8',
        'Due dates and payment terms',
        'The due date is the source’s to the day; a new account gets the tenant’s term of as many days',
      ),
      row(
        'D9',
        'An invoice dated in a closed accounting period',
        'A person is asked, or it is booked on the next open day with a note (policy closedPeriods)',
        'with the policy “ask a person”',
      ),
      row(
        'D10',
        'An invoice of more than 1,000 lines',
        'Nothing is booked, and the record says why',
        'always',
      ),
      row('D11', 'A recurring profile issues an invoice', 'One posted invoice'),
    ],
  },
  {
    title: 'Money',
    rows: [
      row('M1', 'Two taxes on a line', 'Tax items with name, rate and amount; the totals are equal'),
      row('M2', 'A tax on a tax', 'The totals are equal'),
      row('M3', 'A discount in percent', 'The totals are equal'),
      row('M4', 'A negative line', 'The totals are equal', 'where the tenant refuses it'),
      row('M5', 'Fractions of a quantity, prices finer than the currency', 'The totals are equal'),
      row(
        'M6',
        'The parts do not sum to the total by a cent',
        'One rounding line, at most one minor unit for each tax component',
        'beyond that bound',
      ),
      row('M7', 'Currencies without decimals and with three', 'The totals are equal'),
      row('M8', 'A tenant without taxation', 'Taxes are ordinary items; the totals are equal'),
      row(
        'M9',
        'A total of zero',
        'Copied or left out with a note (policy zeroTotals), never lost',
        'where the tenant refuses it',
      ),
      row('M10', 'A negative total', 'Nothing is booked; the record says why and what to do', 'always'),
      row(
        'M11',
        'The total that was written is not the source’s',
        'The record is never synced: both figures are shown',
        'always',
      ),
      row('M12', 'Any amount', 'No amount passes through a floating-point number that changes it'),
    ],
  },
  {
    title: 'Edits after the first copy',
    rows: [
      row(
        'E1',
        'Notes, terms text or purchase order of an unpaid posted invoice',
        'Changed in place where the destination lets it',
      ),
      row('E2', 'The due date of an unpaid posted invoice', 'Changed'),
      row(
        'E3',
        'Lines or amounts of an unpaid posted invoice',
        'Taken back to draft, changed, posted under the same number; reversed and issued anew with a suffix where that is forbidden',
      ),
      row(
        'E4',
        'A paid or part-paid invoice is raised',
        'Changed as E3; its payments are applied again, none is cancelled',
      ),
      row(
        'E5',
        'A paid or part-paid invoice is lowered below what was paid',
        'As E4; the surplus stays unapplied on the payment',
      ),
      row('E6', 'An invoice moves to another client', 'Reversed on the old account, issued on the new one'),
      row('E7', 'The currency changes', 'As E6'),
      row('E8', 'The number changes', 'The copy keeps its number; the record shows the new one'),
      row(
        'E9',
        'A second edit while the first is on its way',
        'The last state wins; nothing is owed to the middle one',
      ),
      row('E10', 'Saved without a change', 'No call that writes'),
      row('E11', 'Policy edits = memo', 'A credit or debit memo for the difference'),
      row(
        'E12',
        'Somebody changes the copy in the destination',
        'Both sides are shown, or it is made equal again (policy drift)',
        'with the policy “ask a person”',
      ),
    ],
  },
  {
    title: 'Deletions',
    rows: [
      row('X1', 'A draft is deleted', 'The draft is gone'),
      row('X2', 'An unpaid posted invoice is deleted', 'Reversed'),
      row(
        'X3',
        'A paid invoice is deleted, its payment is not',
        'The payment stays as unapplied cash; the invoice is reversed',
      ),
      row(
        'X4',
        'A paid invoice and its payment are deleted',
        'The payment is unapplied and cancelled; the invoice is reversed',
      ),
      row('X5', 'Undeleted', 'Issued anew with a suffix; its payments are applied again'),
      row('X6', 'Archived and unarchived', 'Nothing changes; a note on the record'),
      row('X7', 'Deleted before it was ever copied', 'Nothing is booked; a note on the record'),
      row(
        'X8',
        'A deletion without webhook, and without a trace in any list of changes',
        'Found by reading what has not been seen for a day',
      ),
    ],
  },
  {
    title: 'Payments',
    rows: [
      row('P1', 'A payment in full', 'One external payment, applied; nothing is left to pay'),
      row(
        'P2',
        'Several partial payments',
        'Each is applied; the balance is the source’s outstanding amount',
      ),
      row('P3', 'A payment arrives before its invoice', 'The invoice first, then the payment'),
      row('P4', 'A payment on a draft', 'The invoice is posted first'),
      row('P5', 'More cash than the invoice', 'One payment of the cash received; the surplus is unapplied'),
      row(
        'P6',
        'A payment from credit',
        'No new cash: the rest of the earlier payment or the credit memo is applied',
      ),
      row('P7', 'One sum over several invoices', 'The sums are equal, invoice by invoice'),
      row('P8', 'Amount, date or method of a payment change', 'Unapplied, cancelled, made anew'),
      row('P9', 'The note of a payment changes', 'Its comment changes'),
      row('P10', 'A payment is deleted', 'Unapplied and cancelled; the balance is open again'),
      row(
        'P11',
        'A payment becomes smaller (a refund)',
        'A refund of the difference, or made anew (policy reducedPayments)',
      ),
      row('P12', 'A payment moves to another invoice', 'Unapplied there, applied here'),
      row(
        'P13',
        'A payment type that is unknown, or whose method the tenant does not take',
        'Booked as Other',
        'where the tenant’s setting is missing, which is named',
      ),
      row(
        'P14',
        'A payment dated before its invoice, in the future, in a closed period',
        'As the policies paymentDates and closedPeriods say, with a note',
        'with the policy “ask a person”',
      ),
      row(
        'P15',
        'A payment on an invoice in another currency',
        'Nothing is booked; both currencies are shown',
        'always',
      ),
      row(
        'P16',
        'The answer was lost after the payment was booked',
        'One payment, however late the retry comes, also after a restore from an old backup',
      ),
      row('P17', 'Webhook, poll and backfill bring the same payment at once', 'One payment'),
      row('P18', 'A payment of nothing', 'A note on the record, no call'),
    ],
  },
  {
    title: 'Credits',
    rows: [
      row('C1', 'A credit note, and a credit charge is configured', 'A credit memo'),
      row(
        'C2',
        'A credit note, and none is configured',
        'Nothing is booked; the record names the setting',
        'always',
      ),
      row('C3', 'A credit is applied to an invoice', 'The memo is applied'),
      row('C4', 'A credit note is edited or deleted', 'The memo is unapplied, then cancelled or reversed'),
      row('C5', 'A prepayment', 'An unapplied payment'),
    ],
  },
  {
    title: 'The way there',
    rows: [
      row(
        'R1',
        'From webhooks to polling and back, or both at once',
        'One switch is all; nothing doubled, nothing missed',
      ),
      row(
        'R2',
        'One or ten thousand records are replayed',
        'Nothing doubled; each has a result with a reason',
      ),
      row(
        'R3',
        'A replay with the mapping of that time',
        'The same request to the byte, ids and times aside',
      ),
      row(
        'R4',
        'Consent revoked in the source, secret rotated in the destination',
        'Paused with one alert; goes on where it stopped once connected again',
      ),
      row('R5', 'The connector was stopped for a week', 'Catches up by itself from its cursors'),
      row('R6', 'A backfill of history while live events arrive', 'Nothing doubled; live events come first'),
    ],
  },
];

export const ROWS: readonly Row[] = SECTIONS.flatMap(({ rows }) => rows);

function row(id: string, what: string, holds: string, mayPark?: string): Row {
  return { id, case: what, holds, ...(mayPark === undefined ? {} : { mayPark }) };
}
