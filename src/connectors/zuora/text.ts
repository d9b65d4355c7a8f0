/** Texts as Zuora takes them, and a note of what had to be cut or left out. */

/** Zuora refuses 4-byte UTF-8 in text fields (API intro, August 2026); control characters are of no use to anybody. */
export function plainText(text: string | undefined): string {
  return (text ?? '')
    .replaceAll(/[\u{10000}-\u{10FFFF}]|\p{Surrogate}|\uFE0F|\u200D/gu, '')
    .replaceAll(/\p{Cc}+/gu, ' ')
    .replaceAll(/ {2,}/g, ' ')
    .trim();
}

export function cut(text: string, maximum: number): string {
  return text.length <= maximum ? text : text.slice(0, maximum).trimEnd();
}

/** Collects in words what a copy could not carry. */
export type Losses = { changed: string[] };

export function toldLosses({ changed }: Losses): string[] {
  return changed.length > 0 ? [`Not copied as it is: ${changed.join(', ')}.`] : [];
}

/** The text within the limit; undefined when nothing is left. Each loss is noted under `label`. */
export function fit(
  label: string,
  text: string | undefined,
  maximum: number,
  losses: Losses,
): string | undefined {
  const plain = plainText(text);
  const fitted = cut(plain, maximum);
  if (fitted !== plain) losses.changed.push(`${label} cut to ${maximum} characters`);
  else if (/[\u{10000}-\u{10FFFF}]/u.test(text ?? '')) losses.changed.push(`${label} without emoji`);
  return fitted === '' ? undefined : fitted;
}
