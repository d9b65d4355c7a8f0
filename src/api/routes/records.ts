/** Records: the filtered list and its counts, what is parked, and one record with its timeline. */
import { z } from 'zod';
import * as contract from '../contract.ts';
import type { ApiParts } from '../parts.ts';
import { PROBLEMS } from '../problems.ts';
import type { ApiApp } from '../server.ts';
import { actorOf } from '../session-guard.ts';
import { aboutVerb, routeOf } from '../verb-route.ts';

export function recordRoutes(app: ApiApp, { operations }: Pick<ApiParts, 'operations'>): void {
  app.route({
    ...routeOf('listRecords'),
    schema: {
      ...aboutVerb('listRecords'),
      querystring: contract.recordQuery,
      response: { 200: contract.recordPage, ...PROBLEMS },
    },
    handler: (request) => operations.listRecords(actorOf(request), request.query),
  });
  app.route({
    ...routeOf('countRecords'),
    schema: {
      ...aboutVerb('countRecords'),
      querystring: contract.recordFilter,
      response: { 200: contract.recordCounts, ...PROBLEMS },
    },
    handler: (request) => operations.countRecords(actorOf(request), request.query),
  });
  app.route({
    ...routeOf('listParked'),
    schema: {
      ...aboutVerb('listParked'),
      querystring: contract.recordFilter.pick({ connectionId: true }),
      response: { 200: z.array(contract.parkedGroup), ...PROBLEMS },
    },
    handler: (request) => operations.listParked(actorOf(request), request.query),
  });
  app.route({
    ...routeOf('showRecord'),
    schema: {
      ...aboutVerb('showRecord'),
      params: z.object({ recordId: z.uuid() }),
      querystring: contract.recordPlace,
      response: { 200: contract.recordDetail, ...PROBLEMS },
    },
    handler: (request) => operations.showRecord(actorOf(request), { ...request.params, ...request.query }),
  });
}
