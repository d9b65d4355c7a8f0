/** What a test can make go wrong: faults wait by the name of a call and are used up one by one. */
import { OperatingError } from '../../core/errors.ts';

export type Fault =
  /** The effect happens, the answer is lost. */
  | { what: 'lose-answer' }
  /** No answer; the effect happens only at `Billing.commitLate`. */
  | { what: 'commit-late' }
  /** A whole answer that says it failed inside; `done` says whether the effect happened all the same. */
  | { what: 'fail-inside'; done: boolean }
  /** Refused before any effect with this error; under a key the failure is remembered. */
  | { what: 'fail'; error: Error };

export const unreachable = (): Fault => ({
  what: 'fail',
  error: new OperatingError('transient', 'cannot be reached'),
});
export const limitedUntil = (until: number): Fault => ({
  what: 'fail',
  error: new OperatingError('rate_limited', 'too many calls', { until }),
});
export const refusal = (message: string, code = 'refused'): Fault => ({
  what: 'fail',
  error: new OperatingError('rejected', message, { code }),
});
export class Faults {
  readonly #waiting = new Map<string, Fault[]>();
  /** Every call made so far, in order. */
  readonly calls: string[] = [];
  #before: ((call: string) => Promise<void> | void) | undefined;

  /** The next `times` calls of that name go wrong. */
  next(call: string, fault: Fault, times = 1): void {
    const waiting = this.#waiting.get(call) ?? [];
    this.#waiting.set(call, [...waiting, ...Array.from({ length: times }, () => fault)]);
  }

  /** Runs before every call: for a test that has to act in between. */
  onCall(before: ((call: string) => Promise<void> | void) | undefined): void {
    this.#before = before;
  }

  /** Counts the call and gives its fault, if one waits. */
  async take(call: string): Promise<Fault | undefined> {
    this.calls.push(call);
    await this.#before?.(call);
    return this.#waiting.get(call)?.shift();
  }

  /** For calls that change nothing. */
  async pass(call: string): Promise<void> {
    const fault = await this.take(call);
    if (fault?.what === 'fail') throw fault.error;
    if (fault) throw new OperatingError('transient', 'no answer');
  }

  count(call: string): number {
    return this.calls.filter((made) => made === call).length;
  }
}
