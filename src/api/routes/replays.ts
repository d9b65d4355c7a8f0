/** Replays: let records run through again from the source's present state. */
import { replayRequest, replayResult } from '../contract.ts';
import type { ApiParts } from '../parts.ts';
import { PROBLEMS } from '../problems.ts';
import type { ApiApp } from '../server.ts';
import { actorOf } from '../session-guard.ts';

export function replayRoutes(app: ApiApp, { operations }: Pick<ApiParts, 'operations'>): void {
  app.post(
    '/replays',
    {
      schema: {
        tags: ['replays'],
        summary: 'Replay the named records, or all that match a filter',
        body: replayRequest,
        response: { 202: replayResult, ...PROBLEMS },
      },
    },
    async (request, reply) => reply.code(202).send(await operations.replay(actorOf(request), request.body)),
  );
}
