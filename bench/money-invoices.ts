/** Draws invoices as people write them, hard ones among them, with the totals that the source would give them. */
import {
  computeTotals,
  type Habits,
  type PricedLine,
  type Tax,
  type Totals,
  USUAL,
} from '../src/connectors/freshbooks/simulator/arithmetic.ts';
import { drawInteger, pick } from '../src/connectors/freshbooks/simulator/workload-draw.ts';
import { formatMoney, type Money, minorDigits, zeroMoney } from '../src/core/money.ts';
import { type Random, seededRandom } from '../src/platform/clock.ts';

export type DrawnInvoice = {
  currency: string;
  lines: PricedLine[];
  discountPercent: string;
  habits: Habits;
  totals: Totals;
};

/** What circulates today. Units of account (CLF, XDR) and metals are nobody's invoice. */
const CURRENCIES = `
  AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
  CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR
  ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT
  MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD
  SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND
  VUV WST XAF XCD XOF XPF YER ZAR ZMW`
  .trim()
  .split(/\s+/);
const ofDigits = (digits: number) => CURRENCIES.filter((currency) => minorDigits(currency) === digits);

type Weighted<Item> = readonly (readonly [percent: number, item: Item])[];

const SHARES_OF_CURRENCIES: Weighted<readonly string[]> = [
  [34, ['USD']],
  [18, ['CAD']],
  [12, ['EUR']],
  [10, ['GBP']],
  [6, ['AUD']],
  [10, CURRENCIES],
  [6, ofDigits(0)],
  [4, ofDigits(3)],
];

const tax = (name: string, percent: string): Tax => ({ name, percent });
const GST = tax('GST', '5');

/** What the lines of one invoice may bear; the first is the usual one. */
type Regime = { options: readonly (readonly Tax[])[]; compound?: true };

const one = (name: string, ...percents: string[]): Regime[] =>
  percents.map((percent) => ({ options: [[tax(name, percent)]] }));
const several = (name: string, ...percents: string[]): Regime => ({
  options: percents.map((percent) => [tax(name, percent)]),
});

const REGIMES: Weighted<readonly Regime[]> = [
  [22, [{ options: [[]] }]],
  [
    38,
    [
      ...one('HST', '13', '15'),
      ...one('Sales Tax', '6', '6.25', '7.25', '8.25', '8.875', '9.5', '10.1', '6.625'),
      ...one('VAT', '20', '19', '21', '25', '7.7', '8.1', '17.5', '5', '10', '100'),
    ],
  ],
  [
    20,
    [
      { options: [[GST, tax('QST', '9.975')], [GST]] },
      { options: [[GST, tax('PST', '7')], [GST], [tax('PST', '7')]] },
      { options: [[GST, tax('PST', '6')], [GST]] },
      {
        options: [
          [tax('CGST', '9'), tax('SGST', '9')],
          [tax('CGST', '2.5'), tax('SGST', '2.5')],
        ],
      },
    ],
  ],
  [
    14,
    [
      several('VAT', '20', '5', '0'),
      several('MwSt', '19', '7'),
      several('TVA', '20', '10', '5.5', '2.1'),
      several('IVA', '21', '10', '4'),
    ],
  ],
  [
    4,
    [
      { options: [[GST, tax('QST', '9.5')]], compound: true },
      { options: [[GST, tax('PST', '10')], [GST]], compound: true },
      { options: [[tax('Service charge', '12.5'), tax('VAT', '20')]], compound: true },
    ],
  ],
  [2, [...one('Local', '0.125', '3.8765', '12.3333'), { options: [[tax('A', '1.075'), tax('B', '0.333')]] }]],
];

const LINE_COUNTS: Weighted<readonly [number, number]> = [
  [30, [1, 1]],
  [45, [2, 5]],
  [18, [6, 15]],
  [5.5, [16, 60]],
  [1.5, [61, 200]],
];

const DISCOUNTS: Weighted<readonly string[]> = [
  [84, ['0']],
  [12, ['5', '10', '15', '20', '25', '50', '2.5', '7.5']],
  [3.5, ['33.33', '12.345', '3.141', '66.667', '99.99', '0.01']],
  [0.5, ['100']],
];

const HABITS: readonly Habits[] = (['each', 'by-rate', 'by-name'] as const).flatMap((taxes) =>
  (['exact', 'rounded'] as const).flatMap((base) =>
    (['exact', 'rounded'] as const).flatMap((compound) =>
      (['half-up', 'half-even'] as const).map((halves) => ({ ...USUAL, taxes, base, compound, halves })),
    ),
  ),
);

/** The same for the same seed and place. */
export function drawInvoice(seed: number, place: number): DrawnInvoice {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(place + 1, 0x85ebca6b));
  const currency = pick(random, weigh(random, SHARES_OF_CURRENCIES));
  const regime = pick(random, weigh(random, REGIMES));
  const [fewest, most] = weigh(random, LINE_COUNTS);
  const drawn = Array.from({ length: drawInteger(random, fewest, most) }, () =>
    drawLine(random, currency, regime),
  );
  const lines = [...drawn, ...drawNegatives(random, drawn, regime, currency)].slice(0, 200);
  const discountPercent = pick(random, weigh(random, DISCOUNTS));
  const decimals = minorDigits(currency) > 2 && random.next() < 0.25 ? 'two' : 'all';
  const habits: Habits = { ...pick(random, HABITS), decimals };
  return {
    currency,
    lines,
    discountPercent,
    habits,
    totals: computeTotals(lines, discountPercent, currency, habits),
  };
}

/** As the source writes it: an amount is a text, a percentage now and then a number, no tax is null, "" or "0". */
export function writeDocument(invoice: DrawnInvoice, place: number): string {
  const { currency, lines, totals, discountPercent, habits } = invoice;
  const random = seededRandom(place);
  const padded = random.next() < 0.5;
  const amount = (money: Money) => ({ amount: amountText(money, habits, padded), code: currency });
  const [noName, noPercent] = pick(random, [
    [null, '0'],
    ['', ''],
    [null, null],
  ]);
  return JSON.stringify({
    id: place + 1,
    invoiceid: place + 1,
    customerid: 1 + (place % 1000),
    invoice_number: String(place + 1).padStart(7, '0'),
    currency_code: currency,
    create_date: '2026-06-01',
    due_date: '2026-07-01',
    v3_status: pick(random, ['sent', 'viewed', 'overdue', 'draft']),
    vis_state: 0,
    amount: amount(totals.total),
    outstanding: amount(totals.total),
    discount_value: random.next() < 0.05 ? Number(discountPercent) : discountPercent,
    discount_total: amount(totals.discount),
    lines: lines.map(({ qty, unitCost, taxes: [first, second], compoundedTax }, index) => ({
      lineid: index + 1,
      type: 0,
      name: `Item ${index + 1}`,
      description: '',
      qty,
      unit_cost: { amount: unitCost, code: currency },
      amount: amount(totals.lineAmounts[index] ?? zeroMoney(currency)),
      taxName1: first?.name ?? noName,
      taxAmount1: first?.percent ?? noPercent,
      taxName2: second?.name ?? noName,
      taxAmount2: second?.percent ?? noPercent,
      compounded_tax: compoundedTax,
    })),
  });
}

/** Yen may come with two needless decimals; dinars in hundredths come without the third. */
function amountText(money: Money, { decimals }: Habits, padded: boolean): string {
  const text = formatMoney(money);
  const digits = minorDigits(money.currency);
  if (digits === 0 && padded) return `${text}.00`;
  return digits > 2 && decimals === 'two' ? text.slice(0, 2 - digits) : text;
}

function drawLine(random: Random, currency: string, { options, compound }: Regime): PricedLine {
  const roll = random.next();
  const taxes = roll < 0.08 ? [] : roll < 0.8 ? (options[0] ?? []) : pick(random, options);
  const priced = random.next() < 0.05 ? drawUsage(random, currency) : drawPriced(random, currency);
  return { ...priced, taxes, compoundedTax: compound === true && taxes.length > 1 };
}

type Priced = Pick<PricedLine, 'qty' | 'unitCost'>;

/** Thousands of something that costs parts of a cent. */
function drawUsage(random: Random, currency: string): Priced {
  const decimals = minorDigits(currency) + drawInteger(random, 1, 4);
  return {
    qty: String(drawInteger(random, 100, 500_000)),
    unitCost: decimalText(drawInteger(random, 1, 5000), decimals),
  };
}

const PRICES: Weighted<readonly [number, number]> = [
  [72, [10, 500]],
  [10, [0, 10]],
  [15, [500, 20_000]],
  [3, [20_000, 5_000_000]],
];

function drawPriced(random: Random, currency: string): Priced {
  const digits = minorDigits(currency);
  const [lowest, highest] = weigh(random, PRICES);
  const whole = drawInteger(random, lowest, highest) * (digits === 0 ? 100 : 1);
  const kind = random.next();
  const decimals = kind < 0.4 ? 0 : kind < 0.93 ? digits : digits + drawInteger(random, 1, 2);
  const units = whole * 10 ** decimals + drawInteger(random, 0, 10 ** decimals - 1);
  return { qty: drawQuantity(random), unitCost: decimalText(units, decimals) };
}

function drawQuantity(random: Random): string {
  const roll = random.next();
  if (roll < 0.45) return '1';
  if (roll < 0.65) return String(drawInteger(random, 2, 20));
  if (roll < 0.85) return decimalText(drawInteger(random, 1, 160) * 25, 2);
  if (roll < 0.9) return decimalText(drawInteger(random, 1, 400), 1);
  // Minutes as parts of an hour, as time trackers write them.
  const decimals = drawInteger(random, 2, 4);
  return decimalText(Math.round((drawInteger(random, 1, 1200) / 60) * 10 ** decimals), decimals);
}

/** Flat discounts, returns, everything taken back, and, seldom, nothing but a credit. */
function drawNegatives(
  random: Random,
  lines: readonly PricedLine[],
  { options }: Regime,
  currency: string,
): PricedLine[] {
  const roll = random.next();
  const returned = (line: PricedLine): PricedLine => ({ ...line, qty: `-${line.qty}` });
  if (roll < 0.001) return [...lines, pick(random, lines)].map(returned);
  if (roll < 0.004) return lines.map(returned);
  if (roll < 0.024) return [returned(pick(random, lines))];
  if (roll > 0.085) return [];
  const sizeOf = ({ qty, unitCost }: PricedLine) => Number(qty) * Number(unitCost);
  const part =
    random.next() < 0.1
      ? (lines.reduce((sum, line) => sum + sizeOf(line), 0) * drawInteger(random, 900, 999)) / 1000
      : (sizeOf(pick(random, lines)) * drawInteger(random, 5, 60)) / 100;
  const digits = minorDigits(currency);
  const off = decimalText(Math.floor(part * 10 ** digits), digits);
  return [
    {
      qty: '1',
      unitCost: `-${off}`,
      taxes: random.next() < 0.5 ? [] : (options[0] ?? []),
      compoundedTax: false,
    },
  ];
}

/** 12345 with 3 decimals is "12.345". */
function decimalText(units: number, decimals: number): string {
  const text = String(units).padStart(decimals + 1, '0');
  return decimals === 0 ? text : `${text.slice(0, -decimals)}.${text.slice(-decimals)}`;
}

function weigh<Item>(random: Random, items: Weighted<Item>): Item {
  let left = random.next() * items.reduce((sum, [percent]) => sum + percent, 0);
  for (const [percent, item] of items) {
    left -= percent;
    if (left < 0) return item;
  }
  throw new Error('Nothing to pick from.');
}
