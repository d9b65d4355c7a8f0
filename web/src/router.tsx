/** Addresses: one page, with its filters and the open record in the query. */
import { createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import type { RecordFilter } from './api.ts';
import { OverviewPage } from './pages/overview-page.tsx';
import { RootPage } from './pages/root-page.tsx';

export type OverviewSearch = RecordFilter & { record?: string };

const STATES = ['pending', 'synced', 'parked', 'ignored'] as const;
const KINDS = ['client', 'invoice', 'payment', 'credit'] as const;

function oneOf<T extends string>(allowed: readonly T[], value: unknown): T | undefined {
  return allowed.find((candidate) => candidate === value);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** An address typed by hand can hold anything: what is not understood is left out. */
function toOverviewSearch(input: Record<string, unknown>): OverviewSearch {
  const search = {
    state: oneOf(STATES, input['state']),
    kind: oneOf(KINDS, input['kind']),
    search: text(input['search']),
    reason: text(input['reason']),
    connectionId: text(input['connectionId']),
    record: text(input['record']),
  };
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined));
}

const rootRoute = createRootRoute({
  component: RootPage,
  notFoundComponent: () => <p>There is no such page.</p>,
});
const overviewRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  validateSearch: toOverviewSearch,
  component: OverviewPage,
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([overviewRoute]),
  // Plain texts: "?search=1001" and not "?search=%221001%22".
  parseSearch: (query) => Object.fromEntries(new URLSearchParams(query)),
  stringifySearch: (search) => {
    const entries = Object.entries(search).filter(([, value]) => value !== undefined && value !== '');
    const query = new URLSearchParams(entries.map(([name, value]) => [name, String(value)])).toString();
    return query === '' ? '' : `?${query}`;
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
