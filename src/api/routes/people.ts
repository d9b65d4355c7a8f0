/** People, API tokens and the audit. */
import { z } from 'zod';
import * as people from '../contract-people.ts';
import type { ApiParts } from '../parts.ts';
import { PROBLEMS } from '../problems.ts';
import type { ApiApp } from '../server.ts';
import { actorOf } from '../session-guard.ts';
import { aboutVerb, routeOf } from '../verb-route.ts';

const userParams = z.object({ userId: z.uuid() });

export function peopleRoutes(app: ApiApp, parts: Pick<ApiParts, 'operations'>): void {
  const { operations } = parts;
  app.route({
    ...routeOf('listUsers'),
    schema: { ...aboutVerb('listUsers'), response: { 200: z.array(people.user), ...PROBLEMS } },
    handler: (request) => operations.listUsers(actorOf(request)),
  });
  app.route({
    ...routeOf('addUser'),
    schema: {
      ...aboutVerb('addUser'),
      body: people.addUserRequest,
      response: { 200: people.newPassword, ...PROBLEMS },
    },
    handler: (request) => operations.addUser(actorOf(request), request.body),
  });
  app.route({
    ...routeOf('setUserRole'),
    schema: {
      ...aboutVerb('setUserRole'),
      params: userParams,
      body: people.setUserRoleRequest,
      response: { 200: people.changedUser, ...PROBLEMS },
    },
    handler: (request) => operations.setUserRole(actorOf(request), { ...request.params, ...request.body }),
  });
  app.route({
    ...routeOf('removeUser'),
    schema: {
      ...aboutVerb('removeUser'),
      params: userParams,
      querystring: people.removeUserQuery,
      response: { 200: people.removedUser, ...PROBLEMS },
    },
    handler: (request) => operations.removeUser(actorOf(request), { ...request.params, ...request.query }),
  });
  app.route({
    ...routeOf('signOutUser'),
    schema: {
      ...aboutVerb('signOutUser'),
      params: userParams,
      response: { 200: people.person, ...PROBLEMS },
    },
    handler: (request) => operations.signOutUser(actorOf(request), request.params),
  });
  app.route({
    ...routeOf('resetPassword'),
    schema: {
      ...aboutVerb('resetPassword'),
      params: userParams,
      response: { 200: people.newPassword, ...PROBLEMS },
    },
    handler: (request) => operations.resetPassword(actorOf(request), request.params),
  });
  app.route({
    ...routeOf('listAudit'),
    schema: {
      ...aboutVerb('listAudit'),
      querystring: people.auditQuery,
      response: { 200: people.auditPage, ...PROBLEMS },
    },
    handler: (request) => operations.listAudit(actorOf(request), request.query),
  });
  for (const verb of ['verifyAudit', 'showAuditCheck'] as const) {
    app.route({
      ...routeOf(verb),
      schema: { ...aboutVerb(verb), response: { 200: people.newestAuditCheck, ...PROBLEMS } },
      handler: (request) => operations[verb](actorOf(request)),
    });
  }
  tokenRoutes(app, parts);
}

function tokenRoutes(app: ApiApp, { operations }: Pick<ApiParts, 'operations'>): void {
  app.route({
    ...routeOf('listTokens'),
    schema: { ...aboutVerb('listTokens'), response: { 200: z.array(people.apiToken), ...PROBLEMS } },
    handler: (request) => operations.listTokens(actorOf(request)),
  });
  app.route({
    ...routeOf('addToken'),
    schema: {
      ...aboutVerb('addToken'),
      body: people.addTokenRequest,
      response: { 200: people.newToken, ...PROBLEMS },
    },
    handler: (request) => operations.addToken(actorOf(request), request.body),
  });
  app.route({
    ...routeOf('revokeToken'),
    schema: {
      ...aboutVerb('revokeToken'),
      params: z.object({ tokenId: z.uuid() }),
      response: { 200: people.endedToken, ...PROBLEMS },
    },
    handler: (request) => operations.revokeToken(actorOf(request), request.params),
  });
}
