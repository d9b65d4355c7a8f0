/** Tells open dashboards which records have changed, as server-sent events. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { VERBS } from '../contract-verbs.ts';
import type { ApiParts } from '../parts.ts';
import { sendProblem } from '../problems.ts';
import type { ApiApp } from '../server.ts';
import { actorOf } from '../session-guard.ts';
import { aboutVerb } from '../verb-route.ts';

/** Changes of one record within this time become one event, so a backfill does not drown the browser. */
const GATHER_MS = 200;
const MAX_STREAMS = 200;
/** Of one person or one token: some windows on some machines. */
const MAX_STREAMS_OF_ONE = 10;
const MAX_WAITING = 5_000;
/** A session or a token that ended meanwhile, with its person or by itself, listens for no longer than this. */
export const RECHECK_MS = 15_000;

/** What the plugin would refuse in words of its own. */
const TAKES_EVENTS = /text\/event-stream|text\/\*|\*\/\*/;

async function refuseOthers(
  { headers }: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  if (TAKES_EVENTS.test(headers.accept ?? '*/*')) return undefined;
  return sendProblem(reply, 406, { detail: 'Live changes come as text/event-stream and in no other form.' });
}

export function liveRoutes(app: ApiApp, parts: Pick<ApiParts, 'live' | 'signIn' | 'findToken'>): void {
  const open = new Map<string, number>();
  app.get(
    VERBS.watchLive.path,
    {
      sse: 'only',
      preHandler: refuseOthers,
      schema: aboutVerb('watchLive'),
      config: { verb: 'watchLive' },
    },
    async (request: FastifyRequest, reply: FastifyReply) => {
      const { name } = actorOf(request);
      // Who has hung up meanwhile never says so again, and would keep the place for good.
      if (reply.raw.destroyed || !reply.sse.isConnected) return sendProblem(reply, 408);
      const own = open.get(name) ?? 0;
      if (own >= MAX_STREAMS_OF_ONE)
        return sendProblem(reply, 429, { detail: `${name} has ${own} live views open already.` });
      if (sumOf(open) >= MAX_STREAMS)
        return sendProblem(reply, 503, { detail: 'Too many live views are open.' });
      open.set(name, own + 1);
      reply.sse.onClose(() => {
        const left = (open.get(name) ?? 1) - 1;
        if (left > 0) open.set(name, left);
        else open.delete(name);
      });
      await stream(parts, request, reply);
    },
  );
}

const sumOf = (open: ReadonlyMap<string, number>) => [...open.values()].reduce((sum, own) => sum + own, 0);

function stillKnown(
  parts: Pick<ApiParts, 'signIn' | 'findToken'>,
  request: FastifyRequest,
): Promise<unknown> {
  const { authorization } = request.headers;
  return authorization === undefined ? parts.signIn.actorOf(request.headers) : parts.findToken(authorization);
}

async function stream(
  parts: Pick<ApiParts, 'live' | 'signIn' | 'findToken'>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { sse } = reply;
  const waiting = new Map<string, string>();
  let wake = () => {};
  const unsubscribe = parts.live.subscribe(({ id, state }) => {
    // A browser that cannot keep up polls anyway; the newest states are dropped, never the process.
    if (waiting.size < MAX_WAITING) waiting.set(id, state);
    wake();
  });
  const recheck = setInterval(() => {
    stillKnown(parts, request).then(
      (who) => who ?? sse.close(),
      (error: unknown) => {
        // The browser comes back by itself, and is looked at then.
        request.log.warn({ err: error }, 'session could not be checked');
        sse.close();
      },
    );
  }, RECHECK_MS).unref();
  sse.onClose(() => {
    unsubscribe();
    clearInterval(recheck);
    wake();
  });

  await sse.send({ event: 'ready', data: {}, retry: 3_000 });
  while (sse.isConnected) {
    if (waiting.size === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const batch = [...waiting];
    waiting.clear();
    for (const [id, state] of batch) {
      if (sse.isConnected) await sse.send({ event: 'record', data: { id, state } });
    }
    await sleep(GATHER_MS, undefined, { ref: false });
  }
}
