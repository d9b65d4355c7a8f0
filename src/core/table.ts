/** Settings that are tables: "from=to" pairs in one text, with commas or new lines between them. */
import type { Mapped, Problem } from './canonical.ts';

export type TableSpec = {
  /** What stands on either side, for people. */
  from: string;
  to: string;
  /** Where a side is a closed set. */
  fromChoices?: readonly string[];
  toChoices?: readonly string[];
  /** Where the right side is not: what it has to look like, and the same in words. */
  toForm?: { pattern: RegExp; rule: string };
  /** Nothing may stand on the right twice. */
  toOnce?: true;
};

export type Pair = { from: string; to: string };

/** As they stand there, right or wrong; the last "=" divides. */
export function pairsOf(text: string): Pair[] {
  const parts = text.split(/[,\n]/).map((part) => part.trim());
  return parts
    .filter((part) => part !== '')
    .map((part) => {
      const at = part.lastIndexOf('=');
      const [from, to] = at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
      return { from: from.trim(), to: to.trim() };
    });
}

/** By its left side; every wrong pair is named. `field` is the setting's name. */
export function parseTable(
  field: string,
  spec: TableSpec,
  text: string,
): Mapped<ReadonlyMap<string, string>> {
  const table = new Map<string, string>();
  const problems: Problem[] = [];
  for (const pair of pairsOf(text)) {
    const rule = ruleBroken(spec, pair, table);
    if (rule === undefined) table.set(pair.from, pair.to);
    else problems.push({ field, value: `${pair.from}=${pair.to}`, rule });
  }
  return problems.length === 0 ? { ok: true, value: table } : { ok: false, problems };
}

function ruleBroken(
  { fromChoices, toChoices, toForm, toOnce }: TableSpec,
  { from, to }: Pair,
  before: ReadonlyMap<string, string>,
): string | undefined {
  if (from === '' || to === '') return 'is not of the form from=to';
  if (fromChoices && !fromChoices.includes(from)) return `${from} is none of ${fromChoices.join(', ')}`;
  if (toChoices && !toChoices.includes(to)) return `${to} is none of ${toChoices.join(', ')}`;
  if (toForm && !toForm.pattern.test(to)) return `${to} ${toForm.rule}`;
  if (before.has(from)) return `${from} stands there twice`;
  if (toOnce && [...before.values()].includes(to)) return `${to} stands there twice`;
  return undefined;
}
