/** Own natural numbers of copies: valid in Zuora, and the same for the same document for ever. */
import { createHash } from 'node:crypto';

const INVOICE_NUMBER_MAXIMUM = 32;
/** Documented as 50; the correction to 70 is too new to rely on. */
const ACCOUNT_NUMBER_MAXIMUM = 50;
const HASH_DIGITS = 12;

/** Zuora's own prefixes unless the tenant changed them; numbers of others that begin so can break its bill runs. */
export const DEFAULT_INVOICE_PREFIX = 'INV';
const CREDIT_PREFIX = 'CM';
export const ACCOUNT_PREFIX = 'A';

export const INVOICE_NUMBER = /^[A-Za-z0-9_-]{1,32}$/;

type Numbered = { number: string; externalKey: string; generation: number; own?: boolean };

/**
 * The source's number where Zuora takes it, otherwise its readable part with a hash over number and key. A reversed
 * copy keeps its number for ever, so the next generations carry a suffix.
 */
export function toInvoiceNumber(
  { number, externalKey, generation, own = false }: Numbered,
  prefixes: readonly string[],
): string {
  const suffix = generation === 0 ? '' : `-R${generation}`;
  const maximum = INVOICE_NUMBER_MAXIMUM - suffix.length;
  const taken = (text: string) =>
    prefixes.some((prefix) => text.toUpperCase().startsWith(prefix.toUpperCase()));
  const fits = !own && INVOICE_NUMBER.test(number) && number.length <= maximum && !taken(number);
  return (fits ? number : marked(number, `${number}\n${externalKey}`, maximum, taken)) + suffix;
}

export function toCreditNumber(credit: Numbered): string {
  return toInvoiceNumber(credit, [CREDIT_PREFIX]);
}

/** One account for each client and currency (K6). */
export function toAccountNumber(externalKey: string, currency: string): string {
  const number = `${externalKey}-${currency}`;
  const taken = (text: string) => text.toUpperCase().startsWith(ACCOUNT_PREFIX);
  const fits = /^[A-Za-z0-9_-]+$/.test(number) && number.length <= ACCOUNT_NUMBER_MAXIMUM && !taken(number);
  return fits ? number : marked(number, number, ACCOUNT_NUMBER_MAXIMUM, taken);
}

export function toInvoicePrefixes(settings: Record<string, string>): string[] {
  const list = settings.invoicePrefixes || DEFAULT_INVOICE_PREFIX;
  return list
    .split(',')
    .map((prefix) => prefix.trim())
    .filter((prefix) => prefix !== '');
}

function marked(readable: string, whole: string, maximum: number, taken: (text: string) => boolean): string {
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, HASH_DIGITS);
  const clean = readable
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  const start =
    ['', 'N-', 'X-', 'Z-'].map((lead) => lead + clean).find((text) => text !== '' && !taken(text)) ?? clean;
  return `${start.slice(0, maximum - HASH_DIGITS - 1).replace(/-+$/, '')}-${hash}`;
}
