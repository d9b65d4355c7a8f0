/** Made-up connections and records, the same for the same seed: for tests of the API and looks at the dashboard. */
import { type Random, seededRandom } from '../../platform/clock.ts';
import type { ConnectionView, Reason, RecordSummary, TimelineEntry } from '../contract.ts';

const START = Date.UTC(2026, 10, 23, 14, 5, 10);
const CLIENTS = [
  'Abbott & Sons Plumbing',
  'Birch Lane Dental',
  'Corvid Software GmbH',
  'Delphine Oyelaran Interiors',
  'Erie Freight Cooperative',
  'Fernweh Travel Media',
];
const CURRENCIES = ['USD', 'USD', 'CAD', 'EUR', 'JPY'];

const REASONS: Reason[] = [
  {
    code: 'invoice-edited',
    message: 'The invoice was changed in the source after it had been posted in the destination.',
    wayOut:
      'Decide whether the copy is reversed and made again, or the edit is undone in the source; then replay.',
    figures: [
      { name: 'Total', source: '1250.00', destination: '1200.00' },
      { name: 'Balance', source: '50.00', destination: '0.00' },
    ],
  },
  {
    code: 'mapping-problems',
    message: 'Two values cannot be carried over as they are.',
    wayOut: 'Correct them in the source; the record runs again by itself when it changes.',
    problems: [
      { field: 'lines[1].taxName1', value: 'HST 13%', rule: 'no tax code is set for this tax' },
      { field: 'dueOn', value: '', rule: 'a due date is needed' },
    ],
  },
  {
    code: 'client-ambiguous',
    message: 'Three accounts in the destination could be this client.',
    wayOut: 'Set the account on the client, then replay.',
  },
];

/** A valid version 7 id that grows with `index`. */
function fakeId(group: number, index: number): string {
  const tail = index.toString(16).padStart(12, '0');
  return `01938f3a-0000-7000-8000-${group.toString(16)}${tail.slice(1)}`;
}

const iso = (offsetSeconds: number): string => new Date(START + offsetSeconds * 1000).toISOString();

export function fakeConnections(): ConnectionView[] {
  const base = {
    source: 'source-a',
    sourceLabel: 'Source Books',
    destination: 'destination-b',
    destinationLabel: 'Billing Cloud',
    webhooksEnabled: true,
    pollIntervalSeconds: 300,
    pollCron: null,
    createdAt: iso(-3_000_000),
    blocks: [],
    counts: { pending: 0, synced: 0, parked: 0, ignored: 0 },
  };
  return [
    {
      ...base,
      id: fakeId(1, 1),
      name: 'Main company',
      state: 'active',
      pauseReason: null,
      lastEventAt: iso(-40),
    },
    {
      ...base,
      id: fakeId(1, 2),
      name: 'Canadian subsidiary',
      state: 'paused',
      pauseReason: 'The destination no longer accepts our credentials.',
      lastEventAt: iso(-7_200),
    },
  ];
}

function pick<T>(random: Random, from: readonly T[]): T {
  const chosen = from[Math.floor(random.next() * from.length)];
  if (chosen === undefined) throw new Error('nothing to pick from');
  return chosen;
}

const STATES = ['synced', 'synced', 'synced', 'synced', 'pending', 'parked', 'ignored'] as const;
const KINDS = ['invoice', 'invoice', 'payment', 'client', 'credit'] as const;
const NUMBER = { invoice: 'INV', payment: 'PAY', client: 'CLI', credit: 'CR' } as const;

export function fakeRecords(count: number, connections: ConnectionView[]): RecordSummary[] {
  const random = seededRandom(7);
  return Array.from({ length: count }, (_, index): RecordSummary => {
    const connection = pick(random, connections);
    const kind = pick(random, KINDS);
    const state = pick(random, STATES);
    const currency = pick(random, CURRENCIES);
    const units = Math.floor(random.next() * 900_000) + 100;
    const number = `${NUMBER[kind]}-${String(10_000 + count - index)}`;
    const amount =
      currency === 'JPY' ? `${units}` : `${Math.floor(units / 100)}.${String(units % 100).padStart(2, '0')}`;
    return {
      id: fakeId(2, index + 1),
      connectionId: connection.id,
      connectionName: connection.name,
      kind,
      sourceId: String(700_000 + index),
      label: kind === 'client' ? pick(random, CLIENTS) : number,
      state,
      reason: state === 'parked' ? pick(random, REASONS) : null,
      currency: kind === 'client' ? null : currency,
      amount: kind === 'client' ? null : amount,
      counterpartNumber: state === 'synced' ? `A-${number}` : null,
      clientName: kind === 'client' ? null : pick(random, CLIENTS),
      invoiceNumber: kind === 'payment' ? `${NUMBER.invoice}-${String(10_000 + index)}` : null,
      date: kind === 'client' ? null : iso(-index * 950).slice(0, 10),
      readBackAt: state === 'synced' ? iso(-index * 95) : null,
      firstSeenAt: iso(-index * 95 - 60),
      changedAt: iso(-index * 95),
    };
  });
}

const STORY: ReadonlyArray<[entry: string, summary: string, data: unknown]> = [
  [
    'event',
    'The source said by webhook that something changed',
    { topic: 'invoice.create', origin: 'webhook' },
  ],
  [
    'revision',
    'Read from the source',
    { read: 41, invoice: { id: 700001, amount: { amount: '1250.00', code: 'USD' } } },
  ],
  ['transformation', 'Carried over to the common form, mapping 3', { mappingVersion: '3', lines: 2 }],
  ['plan', 'Planned: create the invoice, then post it', { steps: ['create-invoice', 'post-invoice'] }],
  [
    'intent',
    'About to create the invoice',
    { deliveryId: '0193', request: { method: 'POST', path: '/invoices' } },
  ],
  ['call', 'POST /invoices answered 200 in 412 ms', { status: 200, durationMs: 412 }],
  ['outcome', 'The destination made invoice A-INV-10001', { counterpart: { number: 'A-INV-10001' } }],
  [
    'confirmation',
    'Read back: amount, balance and dates are equal',
    { amount: '1250.00', balance: '1250.00' },
  ],
];

export function fakeTimeline(record: RecordSummary): TimelineEntry[] {
  const length = record.state === 'synced' ? STORY.length : 3;
  const told = STORY.slice(0, length).map(([entry, summary, data], index) => ({
    entry,
    summary,
    data,
    index,
  }));
  const last = {
    entry: 'state',
    summary: `Now ${record.state}`,
    data: { reason: record.reason },
    index: length,
  };
  return [...told, last].map(({ index, ...entry }) => ({
    ...entry,
    position: index + 1,
    at: new Date(Date.parse(record.changedAt) - (length - index) * 800).toISOString(),
    actor: 'system',
  }));
}
