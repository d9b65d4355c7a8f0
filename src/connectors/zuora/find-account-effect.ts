/** Whether an account already is as a change would make it. */
import { OperatingError } from '../../core/errors.ts';
import type { JsonValue } from '../../core/json.ts';
import type { StepResult } from '../../core/ports.ts';
import type { StepOf } from '../../core/steps.ts';
import { accountChanges } from './account-request.ts';
import type { ZuoraClient } from './client.ts';
import { toCountryCode } from './countries.ts';
import { readAccount } from './lookups.ts';
import { toState } from './states.ts';

/** A repeat changes nothing, so "not so yet" is always a safe answer here. */
export async function findAccountChange(
  client: ZuoraClient,
  step: StepOf<'update-account'>,
): Promise<StepResult | undefined> {
  const found = await readAccount(client, step.account.id);
  if (found === undefined)
    throw new OperatingError('conflict', `account ${step.account.number} is not in Zuora`);
  const { basicInfo, billingAndPayment, billToContact } = found.account;
  const wanted = accountChanges(step, [], { changed: [] });
  const isSo =
    basicInfo.name === wanted.name &&
    (wanted.notes === undefined || basicInfo.notes === wanted.notes) &&
    billingAndPayment.invoiceDeliveryPrefsEmail !== true &&
    isSameContact(wanted.billToContact, billToContact ?? {});
  return isSo ? { counterpart: step.account, raw: found.raw } : undefined;
}

function isSameContact(wanted: JsonValue | undefined, is: Readonly<Record<string, unknown>>): boolean {
  if (wanted === null || typeof wanted !== 'object') return false;
  return Object.entries(wanted).every(([field, text]) => {
    const shown = typeof is[field] === 'string' ? is[field] : '';
    return text === shown || text === plainPlace(field, shown, is);
  });
}

/** Zuora may show a place by its name where a code was sent. */
function plainPlace(field: string, shown: string, { country }: Readonly<Record<string, unknown>>) {
  const code = typeof country === 'string' ? toCountryCode(country) : undefined;
  if (field === 'country') return code;
  return field === 'state' && code !== undefined ? toState(code, shown) : undefined;
}
