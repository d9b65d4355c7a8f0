/** A request FreshBooks would refuse, with the accounting error it answers. */

import { isPlainDate } from './eastern.ts';

/** The accounting error numbers the simulator uses. */
export const ERRNO = {
  required: 1001,
  accessDenied: 1003,
  invalidValue: 1004,
  parse: 1005,
  deletedResource: 1011,
  unknownResource: 1012,
  badPerPage: 1013,
  badPage: 1014,
  notANumber: 1015,
  badDate: 1033,
  writeDenied: 1038,
} as const;

export type RefusalDetail = { errno: number; field: string; object: string; value?: string; message: string };

export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly detail: RefusalDetail;

  constructor(status: number, detail: RefusalDetail) {
    super(detail.message);
    this.status = status;
    this.detail = detail;
  }
}

export function notFound(object: string, field: string, value: string): Refusal {
  const label = object.charAt(0).toUpperCase() + object.slice(1).replaceAll('_', ' ');
  return new Refusal(404, {
    errno: ERRNO.unknownResource,
    field,
    object,
    value,
    message: `${label} not found.`,
  });
}

export function invalid(object: string, field: string, value: string, message: string): Refusal {
  return new Refusal(422, { errno: ERRNO.invalidValue, field, object, value, message });
}

export function checkDate(object: string, field: string, date: string): string {
  if (isPlainDate(date)) return date;
  throw new Refusal(422, { errno: ERRNO.badDate, field, object, value: date, message: 'Not a date.' });
}

/** Restore it first. */
export function deleted(object: string, field: string, id: number): Refusal {
  const message = 'This has been deleted.';
  return new Refusal(422, { errno: ERRNO.deletedResource, field, object, value: String(id), message });
}

export function accountingErrors(detail: RefusalDetail): object {
  const { errno, field, message, object, value } = detail;
  return { response: { errors: [{ errno, field, message, object, value: value ?? '' }] } };
}
