/** What users do to clients and credit notes in a history, by row of the money lifecycle. */
import type { Act } from './act.ts';
import type { ClientInput } from './client-acts.ts';
import { type Desk, find, findClient, findCredit, type Habit } from './history-desk.ts';
import type { CreditNote } from './model.ts';
import { drawClient, drawInteger, pick } from './workload-draw.ts';

const ODD_NAMES: readonly ClientInput[] = [
  { organization: 'Café Zoë 🥐 & Fils' },
  { organization: 'Long & Sons '.repeat(25) },
  { fname: '', lname: '' },
  { organization: '', fname: '' },
];

export const CLIENT_AND_CREDIT_HABITS: readonly Habit[] = [
  { row: 'K1', weight: 1, draw: (desk) => newClient(desk) },
  { row: 'K4', weight: 1, draw: (desk) => newClient(desk, { email: '' }) },
  {
    row: 'K5',
    weight: 1,
    draw: (desk) => {
      const other = findClient(desk, ({ email }) => email !== '');
      return other && newClient(desk, { email: other.email });
    },
  },
  { row: 'K12', weight: 1, draw: (desk) => newClient(desk, pick(desk.random, ODD_NAMES)) },
  { row: 'K7', weight: 4, draw: changedClient },
  { row: 'K9', weight: 1, draw: hiddenClient },
  { row: 'C1', weight: 2, draw: (desk) => newCredit(desk, 'goodwill') },
  { row: 'C4', weight: 2, draw: changedCredit },
  { row: 'C5', weight: 2, draw: (desk) => newCredit(desk, 'prepayment') },
];

export function newClient({ random, books, currencies }: Desk, odd: ClientInput = {}): Act {
  const { input } = drawClient(random, pick(random, currencies), books.clients.rows.length + 1);
  return { verb: 'add-client', input: { ...input, ...odd } };
}

function changedClient(desk: Desk): Act | undefined {
  const client = findClient(desk);
  if (client === undefined) return undefined;
  const { input } = drawClient(desk.random, client.currency, client.id);
  const {
    organization = '',
    email = '',
    fname = '',
    lname = '',
    street = '',
    city = '',
    country = '',
  } = input;
  const edit = pick<ClientInput>(desk.random, [
    { organization },
    { email },
    { fname, lname },
    { street, city, province: input.province ?? '', code: input.code ?? '', country },
  ]);
  return { verb: 'edit-client', id: client.id, edit };
}

/** Those hidden before come back first, so that somebody is left to be billed. */
function hiddenClient({ random, books }: Desk): Act | undefined {
  const hidden = find(random, books.clients.rows, ({ visState }) => visState !== 0);
  const client = hidden ?? find(random, books.clients.rows, () => true);
  const visState = hidden === undefined ? pick(random, [1, 2] as const) : 0;
  return client && { verb: 'show-client', id: client.id, visState };
}

function newCredit(desk: Desk, type: CreditNote['type']): Act | undefined {
  const client = findClient(desk);
  if (client === undefined) return undefined;
  const lines = Array.from({ length: drawInteger(desk.random, 1, 3) }, (_, index) => ({
    name: type === 'goodwill' ? 'Goodwill' : 'Paid in advance',
    description: `Part ${index + 1}`,
    amount: String(drawInteger(desk.random, 5, 500)),
  }));
  const { id: clientId, currency } = client;
  return { verb: 'add-credit-note', input: { clientId, currency, type, lines, createDate: desk.day } };
}

function changedCredit(desk: Desk): Act | undefined {
  const credit = findCredit(desk, ({ type }) => type !== 'overpayment');
  if (credit === undefined) return undefined;
  const { id } = credit;
  const amount = String(drawInteger(desk.random, 5, 500));
  return pick<Act>(desk.random, [
    { verb: 'edit-credit-note', id, edit: { lines: [{ name: 'As agreed', amount }] } },
    { verb: 'edit-credit-note', id, edit: { notes: `Agreed by telephone, ${desk.day}` } },
    { verb: 'show-credit-note', id, visState: 1 },
  ]);
}
