/** Replays: let records run through again from the source's present state, and watch how far they have come. */
import { z } from 'zod';
import { replayRequest, replayRun } from '../contract.ts';
import type { ApiParts } from '../parts.ts';
import { PROBLEMS } from '../problems.ts';
import type { ApiApp } from '../server.ts';
import { actorOf } from '../session-guard.ts';
import { aboutVerb, routeOf } from '../verb-route.ts';

export function replayRoutes(app: ApiApp, { operations }: Pick<ApiParts, 'operations'>): void {
  app.route({
    ...routeOf('startReplay'),
    schema: { ...aboutVerb('startReplay'), body: replayRequest, response: { 202: replayRun, ...PROBLEMS } },
    handler: async (request, reply) =>
      reply.code(202).send(await operations.startReplay(actorOf(request), request.body)),
  });
  app.route({
    ...routeOf('listReplays'),
    schema: { ...aboutVerb('listReplays'), response: { 200: z.array(replayRun), ...PROBLEMS } },
    handler: (request) => operations.listReplays(actorOf(request)),
  });
  app.route({
    ...routeOf('showReplay'),
    schema: {
      ...aboutVerb('showReplay'),
      params: z.object({ replayId: z.uuid() }),
      response: { 200: replayRun, ...PROBLEMS },
    },
    handler: (request) => operations.showReplay(actorOf(request), request.params),
  });
}
