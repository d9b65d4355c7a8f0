/** Takes one document through the real mapping, adds the request up as the destination would, and judges. */
import { toRecord } from '../src/connectors/freshbooks/resources.ts';
import { toCanonical } from '../src/connectors/freshbooks/to-canonical.ts';
import { isJsonObject, parseJson } from '../src/connectors/freshbooks/wire.ts';
import { toRequest } from '../src/connectors/zuora/from-canonical.ts';
import * as zuora from '../src/connectors/zuora/simulator/body.ts';
import { CREATE_INVOICE } from '../src/connectors/zuora/simulator/body-specs.ts';
import { itemTotalMinor } from '../src/connectors/zuora/simulator/books.ts';
import { itemsOf } from '../src/connectors/zuora/simulator/invoices.ts';
import { Refusal } from '../src/connectors/zuora/simulator/refusal.ts';
import { createTenant } from '../src/connectors/zuora/simulator/tenant.ts';
import { writeBody } from '../src/connectors/zuora/wire.ts';
import { toBreakdown } from '../src/core/breakdown.ts';
import type { CanonicalInvoice, Problem } from '../src/core/canonical.ts';
import { formatMoney, type Money } from '../src/core/money.ts';
import { systemClock } from '../src/platform/clock.ts';

export type Verdict =
  | { kind: 'equal'; rounding: bigint }
  | { kind: 'parked'; cause: string; problem: Problem }
  | { kind: 'mismatch'; why: string };

const TAXATION = ['on', 'off'] as const;

function tenantWith(taxation: boolean) {
  const tenant = createTenant({
    seed: 1,
    clock: systemClock,
    region: 'us-central-sandbox',
    tenantType: 'production',
    timeZone: 'UTC',
  });
  tenant.features.taxation = taxation;
  // Nobody reads the ids, and drawing them takes time.
  return { ...tenant, newId: () => 'id' };
}
const TENANTS = { on: tenantWith(true), off: tenantWith(false) };

/** `total` is what the source says; the copy must come to it with Taxation on and with Taxation off. */
export function judge(document: string, total: Money): Verdict {
  const raw = parseJson(document);
  if (!isJsonObject(raw)) throw new Error('not an object');
  const mapped = toCanonical(toRecord('invoice', raw));
  if (!mapped.ok) return parked(mapped.problems, total);
  const invoice = mapped.value;
  if (invoice.kind !== 'invoice') throw new Error(`a ${invoice.kind}`);
  const split = toBreakdown(invoice);
  if (!split.ok) return parked(split.problems, total);
  const breakdown = split.value;

  for (const taxation of TAXATION) {
    const request = toRequest(
      {
        kind: 'create-invoice',
        invoice,
        breakdown,
        account: { id: 'account', number: 'FB-BENCH-client-1' },
        number: invoice.number,
        externalKey: `FB-BENCH-invoice-${invoice.sourceId}`,
        generation: 0,
        post: true,
        bookedOn: invoice.issuedOn,
      },
      { taxation, settings: {} },
    );
    if (!request.ok) return parked(request.problems, total);
    const { body, call } = request.value;
    const why = disagreement(writeBody(body, call), total, taxation);
    if (why !== undefined) return { kind: 'mismatch', why: `Taxation ${taxation}: ${why}` };
  }
  const rounding = breakdown.rounding.amountMinor;
  const bound = BigInt(Math.max(1, countTaxes(invoice)));
  if (rounding > bound || -rounding > bound)
    return { kind: 'mismatch', why: `rounding ${rounding}, at most ${bound}` };
  return { kind: 'equal', rounding };
}

function countTaxes({ lines }: CanonicalInvoice): number {
  return lines.reduce((count, line) => count + line.taxes.length, 0);
}

/** By the simulator's own reading: what it refuses, or what it comes to if that is not `total`. */
function disagreement(text: string, total: Money, taxation: (typeof TAXATION)[number]): string | undefined {
  try {
    const body = zuora.readBody(zuora.parseJson(text), CREATE_INVOICE, 'standaloneInvoice');
    const items = body
      .list('invoiceItems')
      .flatMap((item, index) => itemsOf(TENANTS[taxation], item, total.currency, index));
    const amountMinor = items.reduce((sum, item) => sum + itemTotalMinor(item), 0n);
    if (amountMinor === total.amountMinor) return undefined;
    return `${formatMoney({ ...total, amountMinor })} instead of ${formatMoney(total)} ${total.currency}`;
  } catch (error) {
    if (error instanceof Refusal) return `refused: ${error.reasons.map(({ message }) => message).join(' ')}`;
    throw error;
  }
}

/** Parked is only an answer when it shows a person the figure in question. */
function parked([problem]: readonly Problem[], total: Money): Verdict {
  if (problem === undefined) return { kind: 'mismatch', why: 'parked without a problem' };
  const { field, value, rule } = problem;
  if (field === 'total' && !value.startsWith(formatMoney(total))) {
    return { kind: 'mismatch', why: `parked with ${value} instead of ${formatMoney(total)}` };
  }
  const [clause = rule] = rule.split(/[,:;]| by -?\d/);
  return { kind: 'parked', cause: `${field.replaceAll(/\d+/g, 'n')} ${clause}`, problem };
}
