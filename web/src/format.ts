/** How times, amounts and the API's words are shown. */
import type { RecordSummary } from '../../src/api/contract.ts';

const two = (value: number): string => String(value).padStart(2, '0');

/** "2026-11-23 14:05:10" in the person's own zone. */
export function formatTime(instant: string): string {
  const at = new Date(instant);
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

export const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Groups the whole part; the text's own decimals stay as they are. */
export function formatAmount(amount: string): string {
  const [whole = '', decimals] = amount.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return decimals === undefined ? grouped : `${grouped}.${decimals}`;
}

export function formatCount(count: number): string {
  return formatAmount(String(count));
}

export const KIND_LABELS: Record<RecordSummary['kind'], string> = {
  client: 'Client',
  invoice: 'Invoice',
  payment: 'Payment',
  credit: 'Credit note',
};

type StateWords = { label: string; colour: string; meaning: string };

export const STATE_WORDS: Record<RecordSummary['state'], StateWords> = {
  synced: {
    label: 'Synced',
    colour: 'teal',
    meaning: 'Copied, and equal to the last cent when it was read back; not compared since.',
  },
  pending: { label: 'Pending', colour: 'blue', meaning: 'On its way: waiting, being sent, or tried again.' },
  parked: {
    label: 'Parked',
    colour: 'orange',
    meaning: 'Stopped until a person decides; the reason is shown.',
  },
  ignored: { label: 'Ignored', colour: 'gray', meaning: 'Deliberately not copied, for the reason shown.' },
};

/** "8 s", "3 min", "2 h", "5 days" */
export function formatDuration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 100) return `${Math.round(seconds * 10) / 10} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** A payment goes by its invoice: its own id says nothing to anybody. */
export function nameOf({ kind, label, sourceId, invoiceNumber }: RecordSummary): string {
  return kind === 'payment' && invoiceNumber !== null ? `for ${invoiceNumber}` : label || sourceId;
}

/** Equal then: whether anybody changed a copy since, nobody has looked. */
export function readBackText({ from, to }: { from: string; to: string }): string {
  const when = from === to ? `at ${formatTime(to)}` : `between ${formatTime(from)} and ${formatTime(to)}`;
  return `as last read back ${when}, not compared since`;
}
