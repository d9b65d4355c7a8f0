/** The whole installation in figures, and what it turned away. */
import { z } from 'zod';
import { finishedNotice, notice, status } from '../contract.ts';
import { overview, overviewQuery, rejectionQuery, rejections } from '../contract-connections.ts';
import type { ApiParts } from '../parts.ts';
import { PROBLEMS } from '../problems.ts';
import type { ApiApp } from '../server.ts';
import { actorOf } from '../session-guard.ts';
import { aboutVerb, routeOf } from '../verb-route.ts';

export function statusRoutes(app: ApiApp, { operations }: Pick<ApiParts, 'operations'>): void {
  app.route({
    ...routeOf('showStatus'),
    schema: { ...aboutVerb('showStatus'), response: { 200: status, ...PROBLEMS } },
    handler: (request) => operations.status(actorOf(request)),
  });
  app.route({
    ...routeOf('showOverview'),
    schema: {
      ...aboutVerb('showOverview'),
      querystring: overviewQuery,
      response: { 200: overview, ...PROBLEMS },
    },
    handler: (request) => operations.showOverview(actorOf(request), request.query),
  });
  app.route({
    ...routeOf('listNotices'),
    schema: { ...aboutVerb('listNotices'), response: { 200: z.array(notice), ...PROBLEMS } },
    handler: (request) => operations.listNotices(actorOf(request)),
  });
  app.route({
    ...routeOf('finishNotice'),
    schema: {
      ...aboutVerb('finishNotice'),
      params: z.object({ noticeId: z.uuid() }),
      response: { 200: finishedNotice, ...PROBLEMS },
    },
    handler: (request) => operations.finishNotice(actorOf(request), request.params),
  });
  app.route({
    ...routeOf('listRejections'),
    schema: {
      ...aboutVerb('listRejections'),
      querystring: rejectionQuery,
      response: { 200: rejections, ...PROBLEMS },
    },
    handler: (request) => operations.listRejections(actorOf(request), request.query),
  });
}
