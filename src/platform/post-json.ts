/** A small message to an address that a person has given: no vendor, no budget, nothing recorded. */
import { fetch } from 'undici';

const TIMEOUT_MS = 10_000;

/** Why it did not arrive, without the address (there may be a secret in it); undefined when it did. */
export async function postJson(url: string, message: object): Promise<string | undefined> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(message),
      // Whoever is redirected to was not chosen by anybody.
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await answer.body?.cancel();
    return answer.ok ? undefined : `it answers HTTP ${answer.status}`;
  } catch (error) {
    return failureOf(error);
  }
}

function failureOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it cannot be reached';
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return `it cannot be reached${code}`;
}
