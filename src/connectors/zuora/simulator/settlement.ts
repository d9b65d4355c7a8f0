/** Applying and unapplying: the same rules for payments and credit memos, for invoices and debit memos. */
import type { Body } from './body.ts';
import type { Application, CreditMemo, Funds, Payment, Target } from './funds.ts';
import { type Resource, refuse } from './refusal.ts';
import { minorOf, type Tenant } from './tenant.ts';

type Share = { target: Target; amountMinor: bigint };
type Room = { accountId: string | undefined; currency: string; roomMinor: bigint };

const LISTS = [
  { list: 'invoices', id: 'invoiceId', number: 'invoiceNumber' },
  { list: 'debitMemos', id: 'debitMemoId', number: 'debitMemoNumber' },
] as const;

/** Which documents get how much; nothing is changed before everything is found right. */
export function sharesOf(tenant: Tenant, body: Body, room: Room, resource: Resource): Share[] {
  const byTarget = new Map<Target, bigint>();
  for (const { target, amountMinor } of named(tenant, body, room.currency, resource)) {
    byTarget.set(target, (byTarget.get(target) ?? 0n) + amountMinor);
    if (amountMinor <= 0n)
      throw refuse(resource, 'badValue', 'The amount to apply must be greater than zero.');
    const what = `${'reversed' in target ? 'Invoice' : 'Debit memo'} ${target.number}`;
    if (target.status !== 'Posted') throw refuse(resource, 'rule', `${what} is not posted.`);
    if (target.accountId !== room.accountId)
      throw refuse(resource, 'rule', `${what} does not belong to the account of the payment.`);
    if (target.currency !== room.currency)
      throw refuse(resource, 'rule', `${what} is in ${target.currency}, not in ${room.currency}.`);
  }
  for (const [target, amountMinor] of byTarget) {
    if (amountMinor <= target.balanceMinor) continue;
    throw refuse(resource, 'rule', `The amount to apply is greater than the balance of ${target.number}.`);
  }
  const shares = [...byTarget].map(([target, amountMinor]) => ({ target, amountMinor }));
  if (sumOf(shares) > room.roomMinor)
    throw refuse(resource, 'rule', 'The total amount to apply is greater than the unapplied amount.');
  return shares;
}

export function applyShares(
  tenant: Tenant,
  funds: Payment | CreditMemo,
  shares: readonly Share[],
  effectiveDate: string,
): void {
  for (const { target, amountMinor } of shares) {
    const known = tenant.books.applicationsFrom(funds.id).find(({ targetId }) => targetId === target.id);
    if (known === undefined)
      tenant.books.addApplication(newApplication(tenant, funds, { target, amountMinor }, effectiveDate));
    else {
      known.amountMinor += amountMinor;
      known.updatedAt = tenant.clock.now();
    }
    move(tenant, funds, target, amountMinor);
  }
  if (shares.length > 0) funds.latestEffectiveDate = latest(funds.latestEffectiveDate, effectiveDate);
}

/** Without a list everything is unapplied. */
export function unapplyShares(
  tenant: Tenant,
  funds: Payment | CreditMemo,
  body: Body,
  resource: Resource,
): void {
  const applied = tenant.books.applicationsFrom(funds.id);
  const isNamed = LISTS.some(({ list }) => body.has(list));
  const cuts = isNamed
    ? named(tenant, body, funds.currency, resource).map(({ target, amountMinor }) => {
        const part = applied.find(({ targetId }) => targetId === target.id);
        if (part !== undefined && amountMinor > 0n && amountMinor <= part.amountMinor)
          return { part, amountMinor };
        const message = `The amount to unapply from ${target.number} exceeds what is applied to it.`;
        throw refuse(resource, 'badValue', message);
      })
    : applied.map((part) => ({ part, amountMinor: part.amountMinor }));
  if (new Set(cuts.map(({ part }) => part)).size < cuts.length)
    throw refuse(resource, 'badValue', 'A document may be named only once.');
  for (const { part, amountMinor } of cuts) {
    const target = targetOf(tenant, part);
    part.amountMinor -= amountMinor;
    if (part.amountMinor === 0n) tenant.books.removeApplication(part);
    move(tenant, funds, target, -amountMinor);
  }
}

export function targetOf({ books }: Tenant, { target, targetId }: Application): Target {
  const found = target === 'invoice' ? books.invoices.get(targetId) : books.debitMemos.get(targetId);
  if (found === undefined) throw new Error(`an application to ${target} ${targetId}, which is not there`);
  return found;
}

export function requireNotBefore(funds: Funds, day: string, resource: Resource): void {
  if (day >= funds.latestEffectiveDate) return;
  throw refuse(
    resource,
    'badValue',
    `The effective date must not be earlier than ${funds.latestEffectiveDate}.`,
  );
}

export function latest(a: string, b: string): string {
  return a > b ? a : b;
}

function move(tenant: Tenant, funds: Funds, target: Target, amountMinor: bigint): void {
  target.balanceMinor -= amountMinor;
  target.updatedAt = tenant.clock.now();
  funds.appliedMinor += amountMinor;
  funds.unappliedMinor -= amountMinor;
  if ('reversed' in target) tenant.books.assertInvoice(target);
  else tenant.books.assertDebitMemo(target);
}

function newApplication(
  tenant: Tenant,
  funds: Payment | CreditMemo,
  { target, amountMinor }: Share,
  effectiveDate: string,
): Application {
  return {
    id: tenant.newId(),
    source: 'methodType' in funds ? 'payment' : 'creditMemo',
    sourceId: funds.id,
    target: 'reversed' in target ? 'invoice' : 'debitMemo',
    targetId: target.id,
    amountMinor,
    effectiveDate,
    ...tenant.stamps(),
  };
}

function named({ books }: Tenant, body: Body, currency: string, resource: Resource): Share[] {
  return LISTS.flatMap(({ list, id, number }) =>
    body.list(list).map((share): Share => {
      const key = share.text(id) ?? share.text(number);
      if (key === undefined) throw refuse(resource, 'missingField', `'${list}.${id}' is required.`);
      const target = list === 'invoices' ? books.findInvoice(key) : books.findDebitMemo(key);
      if (target === undefined) throw refuse(resource, 'badValue', `The document '${key}' does not exist.`);
      const amount = share.decimal('amount');
      if (amount === undefined) throw refuse(resource, 'missingField', `'${list}.amount' is required.`);
      return { target, amountMinor: minorOf(amount, currency, resource, `${list}.amount`) };
    }),
  );
}

function sumOf(shares: readonly Share[]): bigint {
  return shares.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
}
