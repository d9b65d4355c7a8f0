/** The faults a test or an operator can switch on, and the book-keeping of those that wear off. */
import { z } from 'zod';

const FailNext = z.object({
  /** A call kind such as "GET invoice", a prefix such as "GET *", or "*". */
  match: z.string().default('*'),
  /** 0 closes the connection before anything happens. */
  status: z.number().int(),
  times: z.number().int().positive().default(1),
  /** `gateway`: JSON of a gateway before the API, which knows no document. */
  body: z.enum(['html', 'json', 'gateway']).optional(),
  retryAfter: z.number().int().optional(),
});

const Matched = z.object({ match: z.string().default('*'), times: z.number().int().nonnegative() });
/** A bare number means: the next n calls of any kind. */
const Times = z.union([
  z
    .number()
    .int()
    .nonnegative()
    .transform((times) => ({ match: '*', times })),
  Matched,
]);

const KIND = z.enum(['client', 'invoice', 'payment', 'credit_note']);

const shape = {
  /** Kinds that this app may not read: 403 with errno 1003, lists and single reads alike. */
  refusedKinds: z.array(KIND),
  /** Filters that are ignored without a word, by kind: everything comes. */
  ignoredFilters: z.array(z.strictObject({ kind: KIND, filter: z.enum(['vis_state', 'updated_min']) })),
  /** Clients that neither a list nor a read knows, while their old invoices are listed. */
  unknownClients: z.array(z.number().int()),
  /** How a client's currency is written: "usd". */
  lowerCaseCurrencies: z.boolean(),
  webhooks: z.enum(['on', 'off']),
  webhookDuplicate: z.number().int().nonnegative(),
  webhookShuffle: z.boolean(),
  webhookDropRate: z.number().min(0).max(1),
  webhookDelayMs: z.number().nonnegative(),
  webhookKeyOrder: z.enum(['recorded', 'documented', 'system', 'rotate']),
  handshakeFirst: z.boolean(),
  disableCallbacks: z.boolean(),
  /** What a wrong verifier is told: that it is refused, or only how the callback stands: verified, if it was. */
  wrongVerifier: z.enum(['refused', 'unsaid']),
  /** What a resend to one that is not verified carries. */
  resendVerifier: z.enum(['same', 'new']),
  paymentTouchesInvoice: z.boolean(),
  allowDuplicateNumbers: z.boolean(),
  allowBelowPaid: z.enum(['no', 'negative', 'zero']),
  latencyMs: z.number().nonnegative(),
  failNext: z.array(FailNext),
  loseAnswer: Times,
  truncateBody: Times,
  errorsWith200: Times,
  /** Taken in, and never answered: the connection stays open. */
  neverAnswer: Times,
  tokenLifetimeSeconds: z.number().int().positive(),
  /**
   * Who consented, as users/me tells: an owner, a mere client, an owner without `account_id`, an owner of two. With
   * `stranger` whoever consents from now on can reach another account only.
   */
  person: z.enum(['owner', 'client', 'no-account-id', 'two-accounts', 'stranger']),
};

export const FaultsPatch = z.strictObject(shape).partial();
export type FaultsPatch = z.infer<typeof FaultsPatch>;
export type Faults = z.infer<z.ZodObject<typeof shape>>;

export function noFaults(): Faults {
  return {
    refusedKinds: [],
    ignoredFilters: [],
    unknownClients: [],
    lowerCaseCurrencies: false,
    webhooks: 'on',
    webhookDuplicate: 0,
    webhookShuffle: false,
    webhookDropRate: 0,
    webhookDelayMs: 0,
    webhookKeyOrder: 'recorded',
    handshakeFirst: false,
    disableCallbacks: false,
    wrongVerifier: 'refused',
    resendVerifier: 'same',
    paymentTouchesInvoice: true,
    allowDuplicateNumbers: false,
    allowBelowPaid: 'no',
    latencyMs: 0,
    failNext: [],
    loseAnswer: { match: '*', times: 0 },
    truncateBody: { match: '*', times: 0 },
    errorsWith200: { match: '*', times: 0 },
    neverAnswer: { match: '*', times: 0 },
    tokenLifetimeSeconds: 43_200,
    person: 'owner',
  };
}

export function takeFailure(faults: Faults, kind: string): Faults['failNext'][number] | undefined {
  const failure = faults.failNext.find((candidate) => candidate.times > 0 && matches(candidate.match, kind));
  if (failure === undefined) return undefined;
  failure.times -= 1;
  faults.failNext = faults.failNext.filter((candidate) => candidate.times > 0);
  return failure;
}

export function takeOnce(
  faults: Faults,
  name: 'loseAnswer' | 'truncateBody' | 'errorsWith200' | 'neverAnswer',
  kind: string,
) {
  const fault = faults[name];
  if (fault.times === 0 || !matches(fault.match, kind)) return false;
  fault.times -= 1;
  return true;
}

function matches(pattern: string, kind: string): boolean {
  return pattern.endsWith('*') ? kind.startsWith(pattern.slice(0, -1)) : pattern === kind;
}
