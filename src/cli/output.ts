/** How commands speak: tables and sentences for people, one JSON value for programs, errors with a way out. */
import { userInfo } from 'node:os';
import Table from 'cli-table3';
import pc from 'picocolors';
import { OperatingError, UsageError } from '../core/errors.ts';
import { printable, printableJson, printableLines, printableValue } from '../core/printable.ts';
import type { Actor } from '../operations/context.ts';

let redact = (text: string): string => text;

/** From now on everything that is said goes through it; an installation knows its secrets once it is open. */
export function redactOutput(by: (text: string) => string): void {
  redact = by;
}

export function say(line: string): void {
  process.stdout.write(`${printableLines(redact(line))}\n`);
}

/** For what is there to show a secret, this once. */
export function answerOnce(json: boolean | undefined, value: unknown, line: string): void {
  process.stdout.write(`${json === true ? printableJson(value) : printableLines(line)}\n`);
}

/** For progress and failures: standard output is for the answer. */
export function sayAside(line: string): void {
  process.stderr.write(`${printableLines(redact(line))}\n`);
}

/** One JSON value on standard output, or what `people` says of the value, whose texts can be printed. */
export function answer<T>(json: boolean | undefined, value: T, people: (value: T) => void): void {
  if (json === true) process.stdout.write(`${redact(printableJson(value))}\n`);
  else people(printableValue(value));
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const plain = {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
    left: '',
    'left-mid': '',
    mid: '',
    'mid-mid': '',
    right: '',
    'right-mid': '',
    middle: '  ',
  };
  const drawn = new Table({
    head: head.map((text) => pc.bold(text)),
    chars: plain,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  drawn.push(...rows.map((row) => [...row]));
  return drawn.toString();
}

/** A payment goes by its invoice: its own id says nothing to anybody. */
export function nameOf(record: {
  kind: string;
  label: string;
  sourceId: string;
  invoiceNumber: string | null;
}): string {
  if (record.kind === 'payment' && record.invoiceNumber !== null) return `for ${record.invoiceNumber}`;
  return record.label || record.sourceId;
}

export function stateText(state: string): string {
  if (state === 'synced' || state === 'active') return pc.green(state);
  if (state === 'parked' || state === 'paused') return pc.yellow(state);
  return pc.dim(state);
}

/** Prints it; gives the exit code: 1 = something failed, 2 = the call or the configuration was wrong. */
export function tellFailure(error: unknown, json: boolean): number {
  const wrongUse = error instanceof UsageError;
  const message = redact(error instanceof Error ? error.message : String(error));
  const hint = wrongUse && error.hint !== undefined ? redact(error.hint) : undefined;
  const kind = error instanceof OperatingError ? { kind: error.kind } : {};
  // One line: whoever started the program reads lines until one says that it is ready.
  if (json) process.stdout.write(`${printableJson({ error: { message, hint, ...kind } }, 0)}\n`);
  const lines = wrongUse && error.hasLines ? message.split('\n') : [message];
  sayAside(`${pc.red('error')}: ${lines.map(printable).join('\n')}`);
  if (hint !== undefined) sayAside(hint);
  if (!wrongUse && !(error instanceof OperatingError) && error instanceof Error && error.stack) {
    // Without the message, which may have lines of somebody else's.
    const frames = error.stack.split('\n').filter((line) => /^ {4}at \S/.test(line));
    sayAside(frames.map((line) => pc.dim(printable(line))).join('\n'));
  }
  return wrongUse ? 2 : 1;
}

/** Whoever may run this command on this machine may do everything; the audit names them. */
export function localActor(): Actor {
  return { name: `cli:${userInfo().username}`, role: 'admin' };
}
