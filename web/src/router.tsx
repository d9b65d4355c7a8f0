/** Addresses of all pages; filters live in the query, so that a view can be sent to a colleague. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import type { RecordFilter } from './api.ts';
import { NotFoundPage } from './pages/not-found-page.tsx';
import { OverviewPage } from './pages/overview-page.tsx';
import { RecordsPage } from './pages/records-page.tsx';
import { RootPage } from './pages/root-page.tsx';

const STATES = ['pending', 'synced', 'parked', 'ignored'] as const;
const KINDS = ['client', 'invoice', 'payment', 'credit'] as const;

function oneOf<T extends string>(allowed: readonly T[], value: unknown): T | undefined {
  return allowed.find((candidate) => candidate === value);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** An address typed by hand can hold anything: what is not understood is left out. */
function toFilter(input: Record<string, unknown>): RecordFilter {
  const filter = {
    state: oneOf(STATES, input['state']),
    kind: oneOf(KINDS, input['kind']),
    search: text(input['search']),
    currency: text(input['currency']),
    reason: text(input['reason']),
    connectionId: text(input['connectionId']),
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

const root = createRootRoute({ component: RootPage, notFoundComponent: NotFoundPage });
const getParentRoute = () => root;

const routes = [
  createRoute({ getParentRoute, path: '/', component: OverviewPage }),
  createRoute({ getParentRoute, path: '/records', validateSearch: toFilter, component: RecordsPage }),
  createRoute({
    getParentRoute,
    path: '/records/$recordId',
    component: lazyRouteComponent(() => import('./pages/record-page.tsx'), 'RecordPage'),
  }),
  createRoute({
    getParentRoute,
    path: '/parked',
    component: lazyRouteComponent(() => import('./pages/parked-page.tsx'), 'ParkedPage'),
  }),
  createRoute({
    getParentRoute,
    path: '/replays',
    component: lazyRouteComponent(() => import('./pages/replays-page.tsx'), 'ReplaysPage'),
  }),
  createRoute({
    getParentRoute,
    path: '/connections',
    component: lazyRouteComponent(() => import('./pages/connections-page.tsx'), 'ConnectionsPage'),
  }),
  createRoute({
    getParentRoute,
    path: '/connections/$connectionId',
    component: lazyRouteComponent(() => import('./pages/connection-page.tsx'), 'ConnectionPage'),
  }),
  createRoute({
    getParentRoute,
    path: '/connect',
    validateSearch: (input: Record<string, unknown>): { connection?: string } => {
      const connection = text(input['connection']);
      return connection === undefined ? {} : { connection };
    },
    component: lazyRouteComponent(() => import('./pages/connect-page.tsx'), 'ConnectPage'),
  }),
  createRoute({
    getParentRoute,
    path: '/people',
    component: lazyRouteComponent(() => import('./pages/people-page.tsx'), 'PeoplePage'),
  }),
  createRoute({
    getParentRoute,
    path: '/history',
    component: lazyRouteComponent(() => import('./pages/history-page.tsx'), 'HistoryPage'),
  }),
  createRoute({
    getParentRoute,
    path: '/account',
    component: lazyRouteComponent(() => import('./pages/account-page.tsx'), 'AccountPage'),
  }),
] as const;

export const router = createRouter({
  routeTree: root.addChildren([...routes]),
  defaultPreload: 'intent',
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
