/** Books and billing in memory, each with its manifest; every call makes a world of its own. */
import type { DestinationManifest, SourceManifest } from '../../core/ports.ts';
import { Billing } from './billing.ts';
import { Books } from './books.ts';
import { billingManifest } from './destination.ts';
import { booksManifest } from './source.ts';

export type ExampleWorld = {
  books: Books;
  billing: Billing;
  source: SourceManifest;
  destination: DestinationManifest;
};

/** `beside`: the other world whose billing is used, too. */
export function createExampleWorld(
  account: string,
  now: () => number,
  beside?: Pick<ExampleWorld, 'billing'>,
): ExampleWorld {
  const books = new Books(account, now);
  const billing = beside?.billing ?? new Billing(`tenant of ${account}`, now);
  return { books, billing, source: booksManifest(books), destination: billingManifest(billing) };
}
