/** The destination system in memory: what it holds, and the keys and failures it remembers. */
import { OperatingError } from '../../core/errors.ts';
import type { Money } from '../../core/money.ts';
import type { CopyState } from '../../core/ports.ts';
import type { Counterpart } from '../../core/steps.ts';
import { Faults } from './faults.ts';

export type BillingAccount = Counterpart & { name: string; email: string; currency: string };
export type BillingItem = { id: string; name: string; amount: Money };
export type BillingInvoice = Counterpart & {
  account: string;
  stage: CopyState['stage'];
  issued: string;
  due: string;
  total: Money;
  balance: Money;
  comment: string;
  items: BillingItem[];
};
export type BillingRefund = Counterpart & { mark: string; amount: Money; stage: 'posted' | 'cancelled' };
/** A payment, or a credit that settles invoices as one. */
export type BillingPayment = Counterpart & {
  account: string;
  reference: string;
  stage: 'draft' | 'posted' | 'cancelled';
  amount: Money;
  date: string;
  comment: string;
  applied: { invoiceId: string; amount: Money }[];
  refunds: BillingRefund[];
};
/** What was added to or taken from a posted invoice afterwards. */
export type BillingMemo = Counterpart & { invoice: string; mark: string; amount: Money };

type Remembered = { at: number; result?: Counterpart; error?: Error; commit?: () => Counterpart };

export const KEY_HOURS = 24;

export class Billing {
  readonly tenant: string;
  readonly faults = new Faults();
  readonly accounts: BillingAccount[] = [];
  readonly invoices: BillingInvoice[] = [];
  readonly payments: BillingPayment[] = [];
  readonly credits: BillingPayment[] = [];
  readonly memos: BillingMemo[] = [];
  /** What a test may change. */
  readonly facts = {
    closedPeriods: [] as { from: string; to: string }[],
    unposting: true,
    credits: true,
    taxedLinesReplaceable: true,
    paymentTerms: [] as { name: string; days: number }[],
  };
  /** Every idempotency key seen, in order. */
  readonly keys: string[] = [];
  readonly #remembered = new Map<string, Remembered>();
  readonly #late: (() => void)[] = [];
  readonly #now: () => number;
  #made = 0;

  constructor(tenant: string, now: () => number) {
    this.tenant = tenant;
    this.#now = now;
  }

  /** Runs a writing call: once per key, and as badly as the test has asked for. */
  async write(call: string, key: string, effect: () => Counterpart): Promise<Counterpart> {
    this.keys.push(key);
    const fault = await this.faults.take(call);
    const known = this.#remembered.get(key);
    if (known && this.#now() - known.at < KEY_HOURS * 3_600_000) return this.#repeat(known);
    const at = this.#now();
    const lost = new OperatingError('ambiguous', 'no answer came');
    switch (fault?.what) {
      case 'fail':
        this.#remembered.set(key, { at, error: fault.error });
        throw fault.error;
      case 'fail-inside': {
        if (fault.done) effect();
        const error = new OperatingError('ambiguous', 'it failed inside', { code: '500' });
        this.#remembered.set(key, { at, error });
        throw error;
      }
      case 'commit-late': {
        const remembered: Remembered = { at };
        remembered.commit = () => (remembered.result ??= effect());
        this.#remembered.set(key, remembered);
        this.#late.push(() => remembered.commit?.());
        throw lost;
      }
      case 'lose-answer':
      case undefined: {
        const result = this.#attempt(key, at, effect);
        if (fault) throw lost;
        return result;
      }
    }
  }

  /** What was under way becomes visible. */
  commitLate(): void {
    for (const commit of this.#late.splice(0)) commit();
  }

  today(): string {
    return new Date(this.#now()).toISOString().slice(0, 10);
  }

  nextId(prefix: string): string {
    this.#made += 1;
    return `${prefix}-${this.#made}`;
  }

  #repeat({ result, error, commit }: Remembered): Counterpart {
    if (error) throw error;
    const first = result ?? commit?.();
    if (!first) throw new Error('a key without a result');
    return first;
  }

  #attempt(key: string, at: number, effect: () => Counterpart): Counterpart {
    try {
      const result = effect();
      this.#remembered.set(key, { at, result });
      return result;
    } catch (error) {
      if (error instanceof Error) this.#remembered.set(key, { at, error });
      throw error;
    }
  }
}
