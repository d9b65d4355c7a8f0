/** How commands speak: tables and sentences for people, one JSON value for programs, errors with a way out. */
import { userInfo } from 'node:os';
import Table from 'cli-table3';
import pc from 'picocolors';
import { OperatingError, UsageError } from '../core/errors.ts';
import type { Actor } from '../operations/context.ts';

let redact = (text: string): string => text;

/** From now on everything that is said goes through it; an installation knows its secrets once it is open. */
export function redactOutput(by: (text: string) => string): void {
  redact = by;
}

export function say(line: string): void {
  process.stdout.write(`${redact(line)}\n`);
}

/** For what is there to show a secret, this once. */
export function answerOnce(json: boolean | undefined, value: unknown, line: string): void {
  process.stdout.write(`${json === true ? JSON.stringify(value, null, 2) : line}\n`);
}

/** One JSON value on standard output, or what `people` says. */
export function answer(json: boolean | undefined, value: unknown, people: () => void): void {
  if (json === true) say(JSON.stringify(value, null, 2));
  else people();
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

export function stateText(state: string): string {
  if (state === 'synced' || state === 'active') return pc.green(state);
  if (state === 'parked' || state === 'paused') return pc.yellow(state);
  return pc.dim(state);
}

/** 1 = something failed, 2 = the call or the configuration was wrong. */
export function fail(error: unknown, json: boolean): never {
  const wrongUse = error instanceof UsageError;
  const message = redact(error instanceof Error ? error.message : String(error));
  const hint = wrongUse && error.hint !== undefined ? redact(error.hint) : undefined;
  if (json)
    say(
      JSON.stringify({
        error: { message, hint, ...(error instanceof OperatingError ? { kind: error.kind } : {}) },
      }),
    );
  process.stderr.write(`${pc.red('error')}: ${message}\n`);
  if (hint !== undefined) process.stderr.write(`${hint}\n`);
  if (!wrongUse && !(error instanceof OperatingError) && error instanceof Error && error.stack) {
    process.stderr.write(`${pc.dim(redact(error.stack))}\n`);
  }
  process.exit(wrongUse ? 2 : 1);
}

/** Whoever may run this command on this machine may do everything; the audit names them. */
export function localActor(): Actor {
  return { name: `cli:${userInfo().username}`, role: 'admin' };
}
