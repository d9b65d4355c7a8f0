/** The control API under /_control: acting as a FreshBooks user, faults, books and deliveries. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { defined } from './bodies.ts';
import * as schema from './control-bodies.ts';
import { registerDocuments } from './control-documents.ts';
import { addDays } from './eastern.ts';
import { FaultsPatch, noFaults } from './faults.ts';
import { HISTORY_DAYS, type History } from './histories.ts';
import { toLedger } from './ledger-view.ts';
import { grantorNow } from './oauth-routes.ts';
import type { Simulator } from './simulator.ts';

export function registerControl(app: FastifyInstance, sim: Simulator): void {
  app.get('/_control', () => describe(sim));
  app.post('/_control/grant', (request) => {
    const { redirectUri, scope } = schema.Grant.parse(request.body);
    const scopes = sim.oauth.resolveScopes(scope);
    if (scopes === undefined)
      throw new schema.ControlError('The scope names something the app does not have.');
    const { clientId, clientSecret, accountId } = sim.identity;
    return {
      code: sim.oauth.grantCode(redirectUri, scopes, grantorNow(sim)),
      clientId,
      clientSecret,
      accountId,
    };
  });
  app.post('/_control/tokens/expire', () => {
    sim.oauth.expireAccessTokens();
    return {};
  });
  app.post('/_control/clock', (request) => {
    sim.clock.advance(schema.Advance.parse(request.body).advanceMs);
    return { now: new Date(sim.clock.now()).toISOString() };
  });
  registerDocuments(app, sim);
  registerWorkload(app, sim);
  registerHistories(app, sim);
  registerFaults(app, sim);
  app.get('/_control/ledger', () => toLedger(sim));
  app.get('/_control/deliveries', () => ({
    counts: sim.deliveries.counts,
    pending: sim.deliveries.pending(),
    callbacks: sim.callbacks.all().map(({ verifier: _secret, ...callback }) => callback),
    deliveries: sim.deliveries.recent(),
  }));
}

function describe(sim: Simulator) {
  const { accountId, businessId, clientId, clientSecret } = sim.identity;
  const url = sim.url();
  return {
    accountId,
    businessId,
    clientId,
    clientSecret,
    url,
    seed: sim.seed,
    authorizeUrl: `${url}/oauth/authorize`,
    tokenUrl: `${url}/auth/oauth/token`,
    apiUrl: url,
    redirectHint:
      'https anywhere, or http on this machine, without a query string; add auto=1 to the authorize URL to consent without a click',
  };
}

function registerWorkload(app: FastifyInstance, sim: Simulator): void {
  app.post('/_control/workload', (request, reply) => {
    const asked = schema.Workload.parse(request.body);
    const state = sim.workloads.start({ ...asked, seed: asked.seed ?? sim.seed });
    if (state === undefined)
      return reply.code(409).send({ error: 'A workload is already running; stop it first.' });
    const plan = { invoices: state.invoicesPlanned, payments: state.paymentsPlanned };
    return reply.code(202).send({ workloadId: state.id, plan });
  });
  app.get('/_control/workload', (_request, reply) =>
    reply.send(
      sim.workloads.current() ?? {
        id: null,
        done: true,
        invoicesMade: 0,
        paymentsMade: 0,
        invoicesPlanned: 0,
        paymentsPlanned: 0,
      },
    ),
  );
  app.delete('/_control/workload', () => {
    sim.workloads.stop();
    return sim.workloads.current() ?? {};
  });
}

function registerHistories(app: FastifyInstance, sim: Simulator): void {
  const none = { done: true, made: 0, refused: 0, rows: {} };
  const summary = ({ acts: _acts, ...history }: History) => history;
  app.post('/_control/histories', (request, reply) => {
    const { pace, ...asked } = schema.History.parse(request.body);
    const history = sim.histories.start(
      {
        ...asked,
        seed: asked.seed ?? sim.seed,
        startOn: asked.startOn ?? addDays(sim.books.today(), -HISTORY_DAYS),
      },
      pace,
    );
    if (history === undefined)
      return reply.code(409).send({ error: 'A history is already running; stop it first.' });
    return reply.code(history.done ? 200 : 202).send(summary(history));
  });
  app.get('/_control/histories', () => {
    const history = sim.histories.current();
    return history === undefined ? none : summary(history);
  });
  app.get('/_control/histories/acts', () => ({ acts: sim.histories.current()?.acts ?? [] }));
  app.delete('/_control/histories', () => {
    sim.histories.stop();
    return {};
  });
}

function registerFaults(app: FastifyInstance, sim: Simulator): void {
  const carryIntoBooks = () => {
    sim.books.paymentTouchesInvoice = sim.faults.paymentTouchesInvoice;
    sim.books.allowDuplicateNumbers = sim.faults.allowDuplicateNumbers;
    sim.books.allowBelowPaid = sim.faults.allowBelowPaid;
  };
  app.get('/_control/faults', () => sim.faults);
  app.put('/_control/faults', (request) => {
    const patch: z.output<typeof FaultsPatch> = FaultsPatch.parse(request.body);
    Object.assign(sim.faults, defined(patch));
    carryIntoBooks();
    if (patch.disableCallbacks === true) {
      const verified = sim.callbacks.all().filter((callback) => callback.verified);
      for (const callback of verified) sim.callbacks.disable(callback);
      sim.deliveries.countDisabled(verified.length);
      sim.faults.disableCallbacks = false;
    }
    return sim.faults;
  });
  app.delete('/_control/faults', () => {
    sim.faults = noFaults();
    carryIntoBooks();
    return sim.faults;
  });
}
