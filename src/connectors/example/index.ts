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

export function createExampleWorld(account: string, now: () => number): ExampleWorld {
  const books = new Books(account, now);
  const billing = new Billing(now);
  return { books, billing, source: booksManifest(books), destination: billingManifest(billing) };
}
