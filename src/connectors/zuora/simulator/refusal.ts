/** Refusals of the simulated API: an 8-digit code (6 digits resource, 2 digits category) and what HTTP makes of it. */

export type Reason = { code: number; message: string };

/** Resource prefixes; only those marked in README.md with a source were seen, the others are assumptions. */
export const RESOURCE = {
  unknown: 500000,
  account: 531000,
  contact: 532000,
  payment: 538100,
  transfer: 538300,
  unapply: 538400,
  refund: 538500,
  creditMemo: 538600,
  debitMemo: 538700,
  standaloneInvoice: 584900,
  invoice: 592100,
  objectQuery: 605000,
  settings: 606000,
  auth: 900000,
} as const;

export type Resource = keyof typeof RESOURCE;

export const CATEGORY = {
  permission: 10,
  authentication: 11,
  badValue: 20,
  unknownField: 21,
  missingField: 22,
  badQuery: 27,
  rule: 30,
  notFound: 40,
  method: 45,
  lock: 50,
  internal: 60,
  temporary: 61,
  limit: 70,
  malformed: 90,
  external: 99,
} as const;

export type Category = keyof typeof CATEGORY;

const STATUS_BY_CATEGORY: ReadonlyMap<number, number> = new Map([
  [10, 403],
  [11, 401],
  [20, 400],
  [21, 400],
  [22, 400],
  [23, 400],
  [27, 400],
  [30, 400],
  [40, 404],
  [45, 415],
  [50, 409],
  [60, 500],
  [61, 500],
  [70, 429],
  [90, 400],
  [99, 500],
]);

export function codeOf(resource: Resource, category: Category): number {
  return RESOURCE[resource] * 100 + CATEGORY[category];
}

/** The HTTP status that versions from 2024-05-20 on give a code. */
export function statusOf(code: number): number {
  return STATUS_BY_CATEGORY.get(code % 100) ?? 500;
}

/** A refused call; the pipeline turns it into the error shape of the endpoint. `status` overrides the category's. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reasons: readonly Reason[];
  readonly status: number | undefined;
  constructor(reasons: readonly Reason[], status?: number) {
    super(reasons.map(({ code, message }) => `${code} ${message}`).join('; '));
    this.reasons = reasons;
    this.status = status;
  }
}

export function refuse(resource: Resource, category: Category, message: string, status?: number): Refusal {
  return new Refusal([{ code: codeOf(resource, category), message }], status);
}

export function assertBooks(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`simulator books do not add up: ${message}`);
}
