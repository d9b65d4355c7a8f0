/** For tests: adds up a POST /v1/invoices body by the rules of Zuora, without the code that made it. */
import { z } from 'zod';
import { type Money, parseMoney, sumMoney } from '../../core/money.ts';

const tax = z.object({ taxAmount: z.string() });
const amounts = z.object({
  invoiceItems: z.array(
    z.object({
      amount: z.string(),
      taxItems: z.array(tax).default([]),
      discountItems: z.array(z.object({ amount: z.string() })).default([]),
    }),
  ),
});

export function requestTotal(body: unknown, currency: string): Money {
  const { invoiceItems } = amounts.parse(body);
  const texts = invoiceItems.flatMap((item) => [
    item.amount,
    ...item.discountItems.map((discount) => discount.amount),
    ...item.taxItems.map(({ taxAmount }) => taxAmount),
  ]);
  return sumMoney(
    texts.map((text) => parseMoney(text, currency)),
    currency,
  );
}
