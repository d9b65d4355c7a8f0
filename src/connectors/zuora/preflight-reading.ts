/** How a check reads what it needs: a refusal is a finding, and what is optional is known or not known. */
import { NOT_SERVED, OperatingError } from '../../core/errors.ts';

export type Findings = { ok: boolean; detail: string; fix?: string };

/** `why`: who or what keeps it from being known. */
export type Known<T> = { known: true; value: T } | { known: false; why: string };

/** The words of a refusal for want of a feature or permission; undefined when the read works. */
export async function refusal(read: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await read();
    return undefined;
  } catch (error) {
    if (error instanceof OperatingError && error.kind === 'rejected') return error.message;
    throw error;
  }
}

/**
 * What copying works without: refused, not served, or in a form that is not on record, it is not known, and nothing is
 * wrong. Only an outage passes through.
 */
export async function knownOf<T>(read: () => Promise<T>): Promise<Known<T>> {
  try {
    return { known: true, value: await read() };
  } catch (error) {
    if (!(error instanceof OperatingError) || !isDenied(error)) throw error;
    return { known: false, why: error.message };
  }
}

/** A read that comes with a code of HTTP was answered by what stands before the API. */
function isDenied({ kind, code }: OperatingError): boolean {
  if (kind === 'rejected' || kind === 'conflict' || code === NOT_SERVED) return true;
  return kind === 'transient' && /^4\d\d$/.test(code ?? '') && code !== '408';
}

export async function orNotThere<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof OperatingError && error.kind === 'conflict') return undefined;
    throw error;
  }
}

export function notKnown(what: string, why: string): Findings {
  return { ok: true, detail: `${what} not known: ${why}; copying works without` };
}
