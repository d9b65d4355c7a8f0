/** Connections: list, pause, resume. */
import { z } from 'zod';
import { connection, pauseRequest } from '../contract.ts';
import type { ApiParts } from '../parts.ts';
import { PROBLEMS } from '../problems.ts';
import type { ApiApp } from '../server.ts';
import { actorOf } from '../session-guard.ts';

const params = z.object({ connectionId: z.uuid() });
const tags = ['connections'];

export function connectionRoutes(app: ApiApp, { operations }: Pick<ApiParts, 'operations'>): void {
  app.get(
    '/connections',
    { schema: { tags, summary: 'All connections', response: { 200: z.array(connection), ...PROBLEMS } } },
    (request) => operations.listConnections(actorOf(request)),
  );

  app.post(
    '/connections/:connectionId/pause',
    {
      schema: {
        tags,
        summary: 'Stop delivering; events are still taken in',
        params,
        body: pauseRequest,
        response: { 200: connection, ...PROBLEMS },
      },
    },
    (request) => operations.pauseConnection(actorOf(request), { ...request.params, ...request.body }),
  );

  app.post(
    '/connections/:connectionId/resume',
    {
      schema: { tags, summary: 'Deliver again', params, response: { 200: connection, ...PROBLEMS } },
    },
    (request) => operations.resumeConnection(actorOf(request), request.params),
  );
}
