/** Texts that others wrote (clients, notes, vendors' errors) as a terminal may print them: no command reaches it, no line is forged. */

/** Controls and their sequences, line breaks, and marks that turn the direction of what follows. */
const COMMANDS = /[\p{Cc}\u2028\u2029\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;
const COLOUR = String.fromCodePoint(0x1b);

/** Line breaks and tabs become blanks, other controls the sign for what cannot be shown. */
export function printable(text: string): string {
  return text.replace(COMMANDS, (control) => (/\s/u.test(control) ? ' ' : '\uFFFD'));
}

/** The same for every text in a value, names of members too. */
export function printableValue<T>(value: T): T;
export function printableValue(value: unknown): unknown {
  if (typeof value === 'string') return printable(value);
  if (Array.isArray(value)) return value.map((member) => printableValue<unknown>(member));
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [printable(name), printableValue<unknown>(member)]),
  );
}

/** Lines of our own making: only line breaks and the colours that this program uses get through. */
export function printableLines(text: string): string {
  const colours = new RegExp(`(${COLOUR}\\[(?:[0-79]|2[0-9]|3[1-9]|9[0-7])m|\\n)`);
  return text
    .split(colours)
    .map((part, index) => (index % 2 === 1 ? part : printable(part)))
    .join('');
}

/** JSON with every control escaped that JSON itself lets through; `indent` 0 keeps it on one line. */
export function printableJson(value: unknown, indent = 2): string {
  return escapeControls(JSON.stringify(value, null, indent));
}

/** The same in JSON that is written already. */
export function escapeControls(json: string): string {
  const escaped = (control: string) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return json.replace(COMMANDS, (control) => (control === '\n' ? control : escaped(control)));
}
