/** A small message to an address that a person has given: no vendor, no budget, nothing recorded. */
import { Agent, request } from 'undici';
import { type Addresses, AddressRefused } from './addresses.ts';

const TIMEOUT_MS = 10_000;

/** Why it did not arrive, without the address (there may be a secret in it); undefined when it did. */
export async function postJson(
  url: string,
  message: object,
  addresses: Addresses,
): Promise<string | undefined> {
  const problem = addresses.problemOf(url);
  if (problem !== undefined) return `it is not called: ${problem}`;
  const agent = new Agent({ connect: addresses.connect });
  try {
    // Redirects are not followed: whoever is redirected to was not chosen by anybody.
    const { statusCode, body } = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(message),
      dispatcher: agent,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    // What it says does not matter, and is not read.
    body.on('error', () => {}).destroy();
    return statusCode >= 200 && statusCode < 300 ? undefined : `it answers HTTP ${statusCode}`;
  } catch (error) {
    return failureOf(error);
  } finally {
    await agent.destroy();
  }
}

function failureOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it cannot be reached';
  if (error instanceof AddressRefused) return `it is not called: ${error.message}`;
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  return `it cannot be reached${'code' in error ? ` (${String(error.code)})` : ''}`;
}
