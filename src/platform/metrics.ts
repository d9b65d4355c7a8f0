/** What the service counts about itself, in Prometheus' words. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    eventsAccepted: new Counter({
      name: 'mlc_events_accepted_total',
      help: 'Events stored, by origin.',
      labelNames: ['origin'],
      registers,
    }),
    deliveriesRefused: new Counter({
      name: 'mlc_webhooks_refused_total',
      help: 'Webhook deliveries refused at the door, by cause.',
      labelNames: ['cause'],
      registers,
    }),
    deliveriesLimited: new Counter({
      name: 'mlc_webhooks_limited_total',
      help: 'Refused deliveries that were only counted and answered 429: to unknown paths, or refused at a callback of ours.',
      labelNames: ['kind'],
      registers,
    }),
    doorsLimited: new Counter({
      name: 'mlc_doors_limited_total',
      help: 'Tries at sign-in, set-up, the return of a consent or a new password that were answered 429, by door and cause.',
      labelNames: ['door', 'cause'],
      registers,
    }),
    signInsWaiting: new Gauge({
      name: 'mlc_sign_ins_waiting',
      help: 'Sign-ins that wait for their turn, because many guess at the same account.',
      registers,
    }),
    databaseSilent: new Counter({
      name: 'mlc_database_silent_total',
      help: 'Database connections given up because a statement was not answered in time.',
      registers,
    }),
    lanesStalled: new Counter({
      name: 'mlc_lanes_stalled_total',
      help: 'Lanes that were given up because their work made no progress.',
      registers,
    }),
    apiCalls: new Counter({
      name: 'mlc_api_calls_total',
      help: 'API calls by side, kind and HTTP status (0 = no answer).',
      labelNames: ['side', 'call', 'status'],
      registers,
    }),
    apiSeconds: new Histogram({
      name: 'mlc_api_seconds',
      help: 'Duration of API calls.',
      labelNames: ['side'],
      buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 120],
      registers,
    }),
    documentsSettled: new Counter({
      name: 'mlc_documents_settled_total',
      help: 'Documents that reached an end state, by kind and state.',
      labelNames: ['kind', 'state'],
      registers,
    }),
    lagSeconds: new Histogram({
      name: 'mlc_event_to_settled_seconds',
      help: 'From the acceptance of an event to its end state.',
      buckets: [0.1, 0.3, 1, 3, 10, 30, 100, 300, 3600],
      registers,
    }),
    callsGranted: new Counter({
      name: 'mlc_call_turns_total',
      help: 'Calls that a shared budget let through, by budget, connection and priority.',
      labelNames: ['budget', 'connection', 'priority'],
      registers,
    }),
    callWait: new Histogram({
      name: 'mlc_call_wait_seconds',
      help: 'How long calls waited for their turn in a shared budget.',
      labelNames: ['budget'],
      buckets: [0.001, 0.01, 0.1, 0.3, 1, 3, 10, 15],
      registers,
    }),
    callLimit: new Gauge({
      name: 'mlc_call_limit',
      help: 'Calls we allow ourselves in each window of so many seconds.',
      labelNames: ['budget', 'pool', 'seconds'],
      registers,
    }),
    callsBlocked: new Gauge({
      name: 'mlc_calls_blocked_seconds',
      help: 'How long a budget stays closed after a refusal for load.',
      labelNames: ['budget', 'pool'],
      registers,
    }),
    callsAtOnce: new Gauge({
      name: 'mlc_calls_in_flight',
      help: 'Calls on their way in all processes, by kind of limit.',
      labelNames: ['budget', 'pool', 'kind'],
      registers,
    }),
    callsAtOnceAllowed: new Gauge({
      name: 'mlc_calls_in_flight_allowed',
      help: 'Calls that may be on their way at once, as announced or found out.',
      labelNames: ['budget', 'pool', 'kind'],
      registers,
    }),
    paused: new Gauge({ name: 'mlc_connections_paused', help: 'Connections that are paused.', registers }),
    unsettled: new Gauge({
      name: 'mlc_events_unsettled',
      help: 'Events without an end state yet.',
      registers,
    }),
    parked: new Gauge({ name: 'mlc_documents_parked', help: 'Documents that wait for a person.', registers }),
    brokenChains: new Gauge({
      name: 'mlc_audit_chains_broken',
      help: 'Chains of the audit that were broken when they were sealed.',
      registers,
    }),
  };
}
