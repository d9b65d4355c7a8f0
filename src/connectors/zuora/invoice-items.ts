/** The items of an invoice: net lines, discounts, taxes and rounding that add up to the total. */
import type { Breakdown, LinePart, TaxPart } from '../../core/breakdown.ts';
import type { CanonicalInvoice, CanonicalLine, PlainDate, Problem } from '../../core/canonical.ts';
import type { JsonObject } from '../../core/json.ts';
import { addMoney, Exact, formatMoney, type Money, parseExact } from '../../core/money.ts';
import { readTable, type Settings } from './tables.ts';
import { cut, plainText } from './text.ts';

export type Taxation = 'on' | 'off';

/** What items are made of; all of them begin on the day the invoice is booked on. */
export type ItemSource = {
  invoice: CanonicalInvoice;
  breakdown: Breakdown;
  bookedOn: PlainDate;
  taxation: Taxation;
  settings: Settings;
};

const MAX_TAX_ITEMS = 5;
/** One page says 255; older ones cut charge names earlier. The full name then opens the description. */
const CHARGE_NAME_MAXIMUM = 100;
const DESCRIPTION_MAXIMUM = 500;
const TAX_CODE_MAXIMUM = 64;
/** Samples show up to nine decimals. */
const PRICE_DECIMALS = 9;

export function itemsOf(source: ItemSource, problems: Problem[]): JsonObject[] {
  const { breakdown, taxation, settings, bookedOn: date } = source;
  const codes = readTable('taxCodes', settings, problems);
  const items = breakdown.lines.flatMap((part) => lineItems(part, source, codes, problems));
  if (taxation === 'off') items.push(...taxLines(breakdown.lines, date));
  if (breakdown.rounding.amountMinor !== 0n) items.push(plainItem('Rounding', breakdown.rounding, date));
  return items;
}

/** A line's item, and behind it one for a discount that raises a negative line. */
export const itemCountOf = ({ discount }: LinePart): number => (discount.amountMinor > 0n ? 2 : 1);

function lineItems(
  { line, discount, taxes }: LinePart,
  { invoice, taxation, bookedOn: date }: ItemSource,
  codes: ReadonlyMap<string, string>,
  problems: Problem[],
): JsonObject[] {
  const item: JsonObject = {
    ...namesOf(line),
    amount: formatMoney(line.amount),
    ...pricingOf(line),
    serviceStartDate: date,
  };
  const discountName = `Discount ${plainRate(invoice.discountPercent)}%`;
  const own: JsonObject[] = [item];
  if (discount.amountMinor < 0n) {
    item.discountItems = [{ chargeName: discountName, amount: formatMoney(discount) }];
  } else if (discount.amountMinor > 0n) {
    // A negative line gets a positive share, and discount items must be negative.
    own.push(plainItem(discountName, discount, date));
  }
  if (taxation === 'on' && taxes.length > 0) {
    if (taxes.length > MAX_TAX_ITEMS) {
      const rule = `a line may have ${MAX_TAX_ITEMS} taxes in Zuora`;
      problems.push({ field: 'lines.taxes', value: String(taxes.length), rule });
    }
    item.taxItems = taxes.map((tax) => taxItem(tax, codes, date));
  }
  return own;
}

function namesOf(line: CanonicalLine): { chargeName: string; description?: string } {
  const name = plainText(line.name);
  const chargeName = cut(name, CHARGE_NAME_MAXIMUM) || 'Item';
  const parts = [
    chargeName === name || name === '' ? '' : name,
    plainText(line.description),
    isExact(line) ? '' : `(${line.quantity} x ${line.unitPrice})`,
  ];
  const description = cut(parts.filter((part) => part !== '').join(' '), DESCRIPTION_MAXIMUM);
  return description === '' ? { chargeName } : { chargeName, description };
}

/** Quantity and price only where they multiply to the amount exactly: then no rule of Zuora can make another amount. */
function pricingOf(line: CanonicalLine): { quantity: string; unitPrice: string } {
  return isExact(line)
    ? { quantity: plainRate(line.quantity), unitPrice: plainRate(line.unitPrice) }
    : { quantity: '1', unitPrice: formatMoney(line.amount) };
}

function isExact(line: CanonicalLine): boolean {
  const quantity = parseExact(line.quantity);
  const unitPrice = parseExact(line.unitPrice);
  return (
    quantity.greaterThan(0) &&
    quantity.decimalPlaces() <= PRICE_DECIMALS &&
    unitPrice.decimalPlaces() <= PRICE_DECIMALS &&
    quantity.times(unitPrice).equals(parseExact(formatMoney(line.amount)))
  );
}

/** Already computed: Zuora takes these amounts as they are (facts, section 6). */
function taxItem(tax: TaxPart, codes: ReadonlyMap<string, string>, date: string): JsonObject {
  const name = plainText(tax.name) || 'Tax';
  return {
    name: cut(name, 100),
    taxCode: codes.get(name) ?? cut(name, TAX_CODE_MAXIMUM),
    ...(tax.number ? { taxCodeDescription: cut(plainText(tax.number), 255) } : {}),
    taxRate: parseExact(tax.ratePercent).dividedBy(new Exact(100)).toString(),
    taxRateType: 'Percentage',
    taxAmount: formatMoney(tax.amount),
    taxDate: date,
    taxMode: 'TaxExclusive',
  };
}

/** M8: without Taxation one ordinary item for each tax and rate, summed over the lines. */
function taxLines(lines: readonly LinePart[], date: string): JsonObject[] {
  const sums = new Map<string, { amount: Money; number: string | undefined }>();
  for (const tax of lines.flatMap((part) => part.taxes)) {
    const name = cut(`Tax: ${plainText(tax.name) || 'Tax'}`, CHARGE_NAME_MAXIMUM - 20);
    const chargeName = `${name} ${plainRate(tax.ratePercent)}%`;
    const sum = sums.get(chargeName);
    sums.set(chargeName, {
      amount: sum === undefined ? tax.amount : addMoney(sum.amount, tax.amount),
      number: sum?.number ?? tax.number,
    });
  }
  return [...sums].map(([chargeName, { amount, number }]) => ({
    ...plainItem(chargeName, amount, date),
    ...(number ? { description: cut(plainText(number), DESCRIPTION_MAXIMUM) } : {}),
  }));
}

function plainItem(chargeName: string, amount: Money, date: string): JsonObject {
  const text = formatMoney(amount);
  return { chargeName, amount: text, quantity: '1', unitPrice: text, serviceStartDate: date };
}

/** "5.000" -> "5". */
function plainRate(text: string): string {
  return parseExact(text).toString();
}
