/** How a check reads what it needs: a refusal is a finding, and settings need rights that nobody must have. */
import { OperatingError, type OperatingErrorKind } from '../../core/errors.ts';

export type Findings = { ok: boolean; detail: string; fix?: string };

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

/** The settings API needs an administrator: without the right nothing is known, and nothing is wrong. */
export async function readable<T>(read: () => Promise<T>): Promise<T | undefined> {
  return orUndefined(read, ['rejected', 'conflict']);
}

export async function orUndefined<T>(
  read: () => Promise<T>,
  kinds: readonly OperatingErrorKind[],
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof OperatingError && kinds.includes(error.kind)) return undefined;
    throw error;
  }
}

export function unknown(what: string): Findings {
  return { ok: true, detail: `${what} unknown: the API user may not read settings; copying works without` };
}
