/** The source system in memory: documents as they are on its wire, when they changed, and who wants to be told. */
import type { DocumentKind } from '../../core/canonical.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Callback } from '../../core/ports.ts';
import { Faults } from './faults.ts';
import { SIGNATURE_HEADER, sign } from './webhook.ts';

export type BookLine = {
  name: string;
  quantity: string;
  price: string;
  tax?: { name: string; rate: string };
};

export type BookClient = { id: string; name: string; email?: string };
export type BookInvoice = {
  id: string;
  client: string;
  number: string;
  currency: string;
  issued: string;
  due: string;
  status: 'draft' | 'sent';
  lines: BookLine[];
  total: string;
};
export type BookPayment = {
  id: string;
  client: string;
  invoice: string;
  currency: string;
  amount: string;
  paid: string;
  note?: string;
  fromCredit?: boolean;
};
export type BookCredit = {
  id: string;
  client: string;
  number: string;
  currency: string;
  amount: string;
  issued: string;
};
type Shapes = { client: BookClient; invoice: BookInvoice; payment: BookPayment; credit: BookCredit };

/** What the books send to a callback's address. */
export type Delivery = { url: string; body: Buffer; headers: Record<string, string> };

type Stored = { raw: JsonObject; changedAt: number; deleted: boolean };
type Registration = Callback & { verifier: string };

export class Books {
  readonly account: string;
  readonly faults = new Faults();
  /** Deliveries that wait to be sent; a test sends, drops, repeats or reorders them. */
  outbox: Delivery[] = [];
  readonly #now: () => number;
  readonly #documents = new Map<DocumentKind, Map<string, Stored>>();
  readonly #callbacks = new Map<string, Registration>();
  #registered = 0;

  constructor(account: string, now: () => number) {
    this.account = account;
    this.#now = now;
  }

  put<Kind extends DocumentKind>(kind: Kind, document: Shapes[Kind]): void {
    const raw = JSON.parse(JSON.stringify(document)) as JsonObject;
    this.#of(kind).set(document.id, { raw, changedAt: this.#now(), deleted: false });
    this.#tell(kind, document.id);
  }

  /** Changes members of what is there. */
  change<Kind extends DocumentKind>(kind: Kind, id: string, changes: Partial<Shapes[Kind]>): void {
    const stored = this.#of(kind).get(id);
    if (!stored) throw new Error(`no ${kind} ${id}`);
    stored.raw = { ...stored.raw, ...(JSON.parse(JSON.stringify(changes)) as JsonObject) };
    stored.changedAt = this.#now();
    this.#tell(kind, id);
  }

  delete(kind: DocumentKind, id: string): void {
    const stored = this.#of(kind).get(id);
    if (!stored) throw new Error(`no ${kind} ${id}`);
    Object.assign(stored, { deleted: true, changedAt: this.#now() });
    this.#tell(kind, id);
  }

  /** As if it had never been there. */
  forget(kind: DocumentKind, id: string): void {
    this.#of(kind).delete(id);
  }

  read(kind: DocumentKind, id: string): JsonObject | undefined {
    const stored = this.#of(kind).get(id);
    return stored && { ...stored.raw, ...(stored.deleted ? { deleted: true } : {}) };
  }

  list(kind: DocumentKind, filter: { changedSince: number; deleted: boolean }): JsonObject[] {
    return [...this.#of(kind)]
      .filter(([, stored]) => stored.deleted === filter.deleted && stored.changedAt >= filter.changedSince)
      .map(([id]) => this.read(kind, id))
      .filter((raw) => raw !== undefined);
  }

  register(topic: string, url: string): Callback {
    this.#registered += 1;
    const remoteId = `callback-${this.#registered}`;
    const callback = { remoteId, topic, url, verified: false, verifier: `verifier-of-${remoteId}-${url}` };
    this.#callbacks.set(remoteId, callback);
    this.shakeHands(remoteId);
    return callback;
  }

  callbacks(): Registration[] {
    return [...this.#callbacks.values()];
  }

  shakeHands(remoteId: string): void {
    const callback = this.#callbacks.get(remoteId);
    if (callback) this.#send(callback, { callback: remoteId, verifier: callback.verifier });
  }

  confirm(remoteId: string, verifier: string): boolean {
    const callback = this.#callbacks.get(remoteId);
    if (callback?.verifier !== verifier) return false;
    callback.verified = true;
    return true;
  }

  remove(remoteId: string): void {
    this.#callbacks.delete(remoteId);
  }

  #of(kind: DocumentKind): Map<string, Stored> {
    const known = this.#documents.get(kind) ?? new Map<string, Stored>();
    this.#documents.set(kind, known);
    return known;
  }

  #tell(kind: DocumentKind, id: string): void {
    for (const callback of this.#callbacks.values()) {
      if (callback.verified && callback.topic === kind)
        this.#send(callback, { topic: `${kind}.changed`, id, account: this.account });
    }
  }

  #send({ url, verifier }: Registration, message: Record<string, string>): void {
    const body = Buffer.from(JSON.stringify(message));
    const headers = { 'content-type': 'application/json', [SIGNATURE_HEADER]: sign(body, verifier) };
    this.outbox.push({ url, body, headers });
  }
}
