/** Connections: list, look, pause, resume, and change. */
import { z } from 'zod';
import { connection, pauseRequest } from '../contract.ts';
import * as shapes from '../contract-connections.ts';
import type { ApiParts } from '../parts.ts';
import { PROBLEMS } from '../problems.ts';
import type { ApiApp } from '../server.ts';
import { actorOf } from '../session-guard.ts';
import { aboutVerb, routeOf } from '../verb-route.ts';

const params = z.object({ connectionId: z.uuid() });

export function connectionRoutes(app: ApiApp, { operations }: Pick<ApiParts, 'operations'>): void {
  app.route({
    ...routeOf('listConnections'),
    schema: { ...aboutVerb('listConnections'), response: { 200: z.array(connection), ...PROBLEMS } },
    handler: (request) => operations.listConnections(actorOf(request)),
  });
  app.route({
    ...routeOf('showConnection'),
    schema: {
      ...aboutVerb('showConnection'),
      params,
      response: { 200: connection.extend(shapes.connectionFields.shape), ...PROBLEMS },
    },
    handler: (request) => operations.showConnection(actorOf(request), request.params),
  });
  app.route({
    ...routeOf('pauseConnection'),
    schema: {
      ...aboutVerb('pauseConnection'),
      params,
      body: pauseRequest,
      response: { 200: connection, ...PROBLEMS },
    },
    handler: (request) =>
      operations.pauseConnection(actorOf(request), { ...request.params, ...request.body }),
  });
  app.route({
    ...routeOf('resumeConnection'),
    schema: { ...aboutVerb('resumeConnection'), params, response: { 200: connection, ...PROBLEMS } },
    handler: (request) => operations.resumeConnection(actorOf(request), request.params),
  });
  app.route({
    ...routeOf('setConnection'),
    schema: {
      ...aboutVerb('setConnection'),
      params,
      body: shapes.setConnectionRequest,
      response: { 200: shapes.changedConnection, ...PROBLEMS },
    },
    handler: (request) => operations.setConnection(actorOf(request), { ...request.params, ...request.body }),
  });
  app.route({
    ...routeOf('rotatePaths'),
    schema: { ...aboutVerb('rotatePaths'), params, response: { 200: shapes.rotatedPaths, ...PROBLEMS } },
    handler: (request) => operations.rotatePaths(actorOf(request), request.params),
  });
  app.route({
    ...routeOf('removeConnection'),
    schema: {
      ...aboutVerb('removeConnection'),
      params,
      body: shapes.removeConnectionRequest,
      response: { 200: shapes.removal, ...PROBLEMS },
    },
    handler: (request) =>
      operations.removeConnection(actorOf(request), { ...request.params, ...request.body }),
  });
}
