/** Both ports of a connection as far as they may be used: what is refused for want of a permission becomes a block. */
import type { DocumentKind } from '../core/canonical.ts';
import type { Destination, Source } from '../core/ports.ts';
import type { BlockWord } from '../store/blocks.ts';
import type { Side } from '../store/connections.ts';
import { readBlockOf, unlessBlocked } from './blocks.ts';
import type { EngineParts } from './parts.ts';

export function permittedSource(parts: EngineParts, connectionId: string, source: Source): Source {
  const wayOut = (kind: DocumentKind) =>
    source.permissionFor?.(kind) ??
    `Let the app read ${kind}s in the source (its scopes, the plan, the person’s role), give consent anew if scopes were added, then ping.`;
  return overlay(source, {
    read: (kind, sourceId) =>
      unlessBlocked(parts, readBlockOf(connectionId, kind), wayOut(kind), () => source.read(kind, sourceId)),
    list: (request) =>
      unlessBlocked(parts, readBlockOf(connectionId, request.kind), wayOut(request.kind), () =>
        source.list(request),
      ),
  });
}

/** What is read back; steps are seen to where their intent is stored (deliver.ts). */
export function permittedDestination(
  parts: EngineParts,
  connectionId: string,
  destination: Destination,
): Destination {
  const side: Side = 'destination';
  const look = <T>(about: string, act: () => Promise<T>): Promise<T> => {
    const what = `${'look' satisfies BlockWord} ${about}` as const;
    const wayOut = `Let the API user of the destination see ${about}s, then ping.`;
    return unlessBlocked(parts, { connectionId, side, what }, wayOut, act);
  };
  return overlay(destination, {
    findAccounts: (...of) => look('account', () => destination.findAccounts(...of)),
    findAccount: (key) => look('account', () => destination.findAccount(key)),
    findInvoice: (number) => look('invoice', () => destination.findInvoice(number)),
    readBack: (kind, copy) => look(kind, () => destination.readBack(kind, copy)),
    readInvoiceParts: (invoice) => look('invoice', () => destination.readInvoiceParts(invoice)),
    listRefunds: (payment) => look('payment', () => destination.listRefunds(payment)),
  });
}

function overlay<P extends object>(port: P, over: Partial<P>): P {
  return new Proxy(port, {
    get: (target, name) => Reflect.get(name in over ? over : target, name),
  });
}
