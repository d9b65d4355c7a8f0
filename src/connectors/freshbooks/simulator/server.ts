/** Starts a simulated FreshBooks on a local port: OAuth, API, webhooks, control API and a page. */
import fastify, { type FastifyInstance } from 'fastify';
import { ZodError } from 'zod';
import { MoneyError } from '../../../core/money.ts';
import { type Clock, seededRandom, systemClock } from '../../../platform/clock.ts';
import { registerAccounting } from './accounting-routes.ts';
import { createAnnouncer } from './announcer.ts';
import { createBooks } from './books.ts';
import { registerCallbacks } from './callback-routes.ts';
import { createCallbacks } from './callbacks.ts';
import { ControlError } from './control-bodies.ts';
import { registerControl } from './control-routes.ts';
import { createDeliveries } from './deliveries.ts';
import { noFaults } from './faults.ts';
import { installGuards } from './guards.ts';
import { createHistories } from './histories.ts';
import { createIdentity } from './identity.ts';
import { createLimits } from './limits.ts';
import { registerMe } from './me-route.ts';
import { createOAuth } from './oauth.ts';
import { registerOAuthEndpoints, registerOAuthPages } from './oauth-routes.ts';
import { registerPage } from './page.ts';
import { accountingErrors, ERRNO, Refusal } from './refusal.ts';
import { createShiftedClock } from './shifted-clock.ts';
import type { Simulator } from './simulator.ts';
import { createWorkloads } from './workload.ts';

export type SimulatorOptions = {
  /** 0 or absent: any free port. */
  port?: number;
  host?: string;
  seed?: number;
  clock?: Clock;
  /** Calls per minute except accounting creates. */
  rateLimitPerMinute?: number;
  /** Accounting creates per minute; in proportion to the other limit when absent. */
  createLimitPerMinute?: number;
};

export type RunningSimulator = { url: string; simulator: Simulator; close(): Promise<void> };

export async function startFreshBooksSimulator(options: SimulatorOptions = {}): Promise<RunningSimulator> {
  const host = options.host ?? '127.0.0.1';
  const port = options.port ?? 0;
  let url = '';
  const sim = createSimulator(options, () => url);
  const app = createApp(sim);
  try {
    url = await app.listen({ host, port });
  } catch (error) {
    await sim.deliveries.close();
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      throw new Error(`Port ${port} on ${host} is already taken; choose another one with --port.`, {
        cause: error,
      });
    }
    throw error;
  }
  return {
    url,
    simulator: sim,
    async close() {
      sim.workloads.stop();
      sim.histories.stop();
      await sim.deliveries.close();
      app.server.closeAllConnections();
      await app.close();
    },
  };
}

function createSimulator(options: SimulatorOptions, url: () => string): Simulator {
  const clock = createShiftedClock(options.clock ?? systemClock);
  const seed = options.seed ?? 1;
  // Separate streams, so that the order of API calls does not change what a workload draws.
  const stream = (salt: number) => seededRandom(seed * 1009 + salt);
  const general = options.rateLimitPerMinute ?? 600;
  const create = options.createLimitPerMinute ?? Math.max(1, Math.round((general * 250) / 600));
  const identity = createIdentity(seed);
  const books = createBooks({ clock, random: stream(1) });
  const callbacks = createCallbacks({ clock, random: stream(2) });
  const deliveries = createDeliveries({
    clock,
    random: stream(3),
    isShuffled: () => sim.faults.webhookShuffle,
    isAlive: (callback) => callbacks.find(callback.id) !== undefined,
    onDisabled: (callback) => callbacks.disable(callback),
  });
  const announcer = createAnnouncer({
    identity,
    random: stream(4),
    faults: () => sim.faults,
    callbacks,
    deliveries,
  });
  const oauth = createOAuth({
    clock,
    random: stream(5),
    identity,
    tokenLifetimeSeconds: () => sim.faults.tokenLifetimeSeconds,
  });
  const sim: Simulator = {
    clock,
    seed,
    identity,
    books,
    oauth,
    limits: createLimits(clock, { general, create }),
    callbacks,
    deliveries,
    announcer,
    workloads: createWorkloads({ clock, books }),
    histories: createHistories({ clock, books }),
    faults: noFaults(),
    calls: {},
    rateLimited: 0,
    url,
  };
  books.onChange((change) => announcer.announce(change));
  return sim;
}

function createApp(sim: Simulator): FastifyInstance {
  const app = fastify({ logger: false, routerOptions: { ignoreTrailingSlash: true } });
  readBodies(app);
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof Refusal) return reply.code(error.status).send(accountingErrors(error.detail));
    if (error instanceof MoneyError) {
      const detail = { errno: ERRNO.invalidValue, field: 'amount', object: 'amount', message: error.message };
      return reply.code(422).send(accountingErrors(detail));
    }
    if (error instanceof ZodError) {
      return reply
        .code(422)
        .send({ error: error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; ') });
    }
    if (error instanceof ControlError) return reply.code(422).send({ error: error.message });
    if (error instanceof SyntaxError) {
      const detail = {
        errno: ERRNO.parse,
        field: '',
        object: '',
        message: 'The request body cannot be parsed.',
      };
      return reply.code(400).send(accountingErrors(detail));
    }
    const message = error instanceof Error ? error.message : String(error);
    const status = error instanceof Error && 'statusCode' in error ? error.statusCode : 500;
    return reply.code(typeof status === 'number' ? status : 500).send({ message });
  });
  registerOAuthPages(app, sim);
  registerControl(app, sim);
  registerPage(app, sim);
  void app.register(async (api) => {
    installGuards(api, sim);
    registerOAuthEndpoints(api, sim);
    registerMe(api, sim);
    registerAccounting(api, sim);
    registerCallbacks(api, sim);
  });
  return app;
}

/** Any content type with "json" in it, forms, and bodies that are empty. */
function readBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    /^application\/([\w.-]+\+)?json/,
    { parseAs: 'string' },
    async (_request: unknown, body: string | Buffer) => {
      const text = body.toString();
      return text === '' ? {} : (JSON.parse(text) as unknown);
    },
  );
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_request: unknown, body: string | Buffer) =>
      Object.fromEntries(new URLSearchParams(body.toString())),
  );
  app.addContentTypeParser('*', { parseAs: 'string' }, async () => ({}));
}
