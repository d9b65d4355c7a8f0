/** Deciding: what a look would do, taking a choice for parked records, tying a client to an account, and whose a shared one is. */
import { z } from 'zod';
import * as contract from '../contract.ts';
import type { ApiParts } from '../parts.ts';
import { PROBLEMS } from '../problems.ts';
import type { ApiApp } from '../server.ts';
import { actorOf } from '../session-guard.ts';
import { aboutVerb, routeOf } from '../verb-route.ts';

const params = z.object({ recordId: z.uuid() });

export function decisionRoutes(app: ApiApp, { operations }: Pick<ApiParts, 'operations'>): void {
  app.route({
    ...routeOf('dryRunRecord'),
    schema: { ...aboutVerb('dryRunRecord'), params, response: { 200: contract.dryRun, ...PROBLEMS } },
    handler: (request) => operations.dryRunRecord(actorOf(request), request.params),
  });
  app.route({
    ...routeOf('resolveRecord'),
    schema: {
      ...aboutVerb('resolveRecord'),
      params,
      body: contract.resolution,
      response: { 200: contract.resolved, ...PROBLEMS },
    },
    handler: (request) => operations.resolveRecord(actorOf(request), { ...request.params, ...request.body }),
  });
  app.route({
    ...routeOf('resolveRecords'),
    schema: {
      ...aboutVerb('resolveRecords'),
      body: contract.resolutions,
      response: { 200: contract.resolvedRecords, ...PROBLEMS },
    },
    handler: (request) => operations.resolveRecords(actorOf(request), request.body),
  });
  app.route({
    ...routeOf('linkAccount'),
    schema: {
      ...aboutVerb('linkAccount'),
      params: z.object({ connectionId: z.uuid() }),
      body: contract.linkRequest,
      response: { 200: contract.linked, ...PROBLEMS },
    },
    handler: (request) => operations.linkAccount(actorOf(request), { ...request.params, ...request.body }),
  });
  app.route({
    ...routeOf('listSharedAccounts'),
    schema: {
      ...aboutVerb('listSharedAccounts'),
      response: { 200: z.array(contract.sharedAccount), ...PROBLEMS },
    },
    handler: (request) => operations.listSharedAccounts(actorOf(request)),
  });
  app.route({
    ...routeOf('setAccountOwner'),
    schema: {
      ...aboutVerb('setAccountOwner'),
      params: z.object({ connectionId: z.uuid() }),
      body: contract.ownerRequest,
      response: { 200: contract.owned, ...PROBLEMS },
    },
    handler: (request) =>
      operations.setAccountOwner(actorOf(request), { ...request.params, ...request.body }),
  });
}
