/** Marks by which copies are known in Zuora, and the texts that follow them in the same field. */
import type { CanonicalCredit, CanonicalInvoice, CanonicalPayment } from '../../core/canonical.ts';
import { cut, plainText } from './text.ts';

export const MARK_MAXIMUM = 255;
const COMMENT_MAXIMUM = 255;
const SEPARATOR = ' | ';

/** The mark first: by it a copy is told from an invoice that somebody made by hand under the same number (D6). */
export function invoiceComments(mark: string, { poNumber, notes, terms }: CanonicalInvoice): string {
  const po = plainText(poNumber);
  return joined([mark, po && `PO ${po}`, plainText(notes), plainText(terms)]);
}

export function creditComment(mark: string, { notes }: CanonicalCredit): string {
  return joined([mark, plainText(notes)]);
}

/** Payments carry their mark as reference. */
export function paymentComment({ methodLabel, note }: CanonicalPayment): string {
  const words = [methodLabel, note].map(plainText).filter((text) => text !== '');
  return cut(words.join(': '), COMMENT_MAXIMUM);
}

/** What a comment begins with; the mark of a copy, if it is one. */
export function markOf(comment: string | null | undefined): string {
  return comment?.split(' | ')[0] ?? '';
}

export function isMarked(comment: string | null | undefined, mark: string): boolean {
  return comment === mark || comment?.startsWith(`${mark} |`) === true;
}

function joined(parts: readonly string[]): string {
  return cut(parts.filter((part) => part !== '').join(SEPARATOR), COMMENT_MAXIMUM);
}
