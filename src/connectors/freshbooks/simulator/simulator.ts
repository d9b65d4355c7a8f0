/** The parts of one running simulator, handed to every route. */
import type { Announcer } from './announcer.ts';
import type { Books } from './books.ts';
import type { Callbacks } from './callbacks.ts';
import type { Deliveries } from './deliveries.ts';
import type { Faults } from './faults.ts';
import type { Histories } from './histories.ts';
import type { Identity } from './identity.ts';
import type { LimitState, Limits } from './limits.ts';
import type { Grantor, OAuth } from './oauth.ts';
import type { ShiftedClock } from './shifted-clock.ts';
import type { Workloads } from './workload.ts';

export type Simulator = {
  clock: ShiftedClock;
  seed: number;
  identity: Identity;
  books: Books;
  oauth: OAuth;
  limits: Limits;
  callbacks: Callbacks;
  deliveries: Deliveries;
  announcer: Announcer;
  workloads: Workloads;
  histories: Histories;
  faults: Faults;
  /** API calls by kind. */
  calls: Record<string, number>;
  rateLimited: number;
  /** Known once the server listens. */
  url: () => string;
};

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the call is counted as, and what faults match on. */
    kind?: string;
    /** The scope the bearer token must hold. */
    scope?: string;
    /** No bearer token needed. */
    open?: boolean;
  }
  interface FastifyRequest {
    limitState: LimitState | null;
    scopes: ReadonlySet<string> | null;
    /** Whose token the call carries. */
    grantor: Grantor;
  }
}
