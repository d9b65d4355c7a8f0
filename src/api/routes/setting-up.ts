/** The way to a new connection: systems, sandbox, consent, checks, a look at what would be written, history. */
import { z } from 'zod';
import * as shapes from '../contract-connections.ts';
import type { ApiParts } from '../parts.ts';
import { PROBLEMS } from '../problems.ts';
import type { ApiApp } from '../server.ts';
import { actorOf } from '../session-guard.ts';
import { aboutVerb, routeOf } from '../verb-route.ts';

const params = z.object({ connectionId: z.uuid() });

export function settingUpRoutes(app: ApiApp, parts: Pick<ApiParts, 'operations'>): void {
  const { operations } = parts;
  app.route({
    ...routeOf('listConnectors'),
    schema: { ...aboutVerb('listConnectors'), response: { 200: shapes.connectors, ...PROBLEMS } },
    handler: (request) => operations.listConnectors(actorOf(request)),
  });
  app.route({
    ...routeOf('addConnection'),
    schema: {
      ...aboutVerb('addConnection'),
      body: shapes.addConnectionRequest,
      response: { 200: shapes.addedConnection, ...PROBLEMS },
    },
    handler: (request) => operations.addConnection(actorOf(request), request.body),
  });
  app.route({
    ...routeOf('addSandboxConnection'),
    schema: {
      ...aboutVerb('addSandboxConnection'),
      body: shapes.addSandboxRequest,
      response: { 200: shapes.addedSandbox, ...PROBLEMS },
    },
    handler: (request) => operations.addSandboxConnection(actorOf(request), request.body),
  });
  app.route({
    ...routeOf('startConsent'),
    schema: { ...aboutVerb('startConsent'), params, response: { 200: shapes.consentStart, ...PROBLEMS } },
    handler: (request) => operations.startConsent(actorOf(request), request.params),
  });
  app.route({
    ...routeOf('finishConsent'),
    schema: {
      ...aboutVerb('finishConsent'),
      params,
      body: shapes.consentAnswer,
      response: { 200: shapes.consentEnd, ...PROBLEMS },
    },
    handler: (request) => operations.finishConsent(actorOf(request), { ...request.params, ...request.body }),
  });
  trialRoutes(app, parts);
}

function trialRoutes(app: ApiApp, { operations }: Pick<ApiParts, 'operations'>): void {
  app.route({
    ...routeOf('pingConnection'),
    schema: { ...aboutVerb('pingConnection'), params, response: { 200: shapes.pingReport, ...PROBLEMS } },
    handler: (request) => operations.pingConnection(actorOf(request), request.params),
  });
  app.route({
    ...routeOf('testAlert'),
    schema: { ...aboutVerb('testAlert'), params, response: { 200: shapes.testedAlert, ...PROBLEMS } },
    handler: (request) => operations.testAlert(actorOf(request), request.params),
  });
  app.route({
    ...routeOf('previewConnection'),
    schema: {
      ...aboutVerb('previewConnection'),
      params,
      body: shapes.previewRequest,
      response: { 200: shapes.preview, ...PROBLEMS },
    },
    handler: (request) =>
      operations.previewConnection(actorOf(request), { ...request.params, ...request.body }),
  });
  app.route({
    ...routeOf('startBackfill'),
    schema: {
      ...aboutVerb('startBackfill'),
      params,
      body: shapes.backfillRequest,
      response: { 200: shapes.startedBackfill, ...PROBLEMS },
    },
    handler: (request) => operations.startBackfill(actorOf(request), { ...request.params, ...request.body }),
  });
  app.route({
    ...routeOf('showBackfill'),
    schema: {
      ...aboutVerb('showBackfill'),
      params: z.object({ backfillId: z.uuid() }),
      response: { 200: shapes.backfillState, ...PROBLEMS },
    },
    handler: (request) => operations.showBackfill(actorOf(request), request.params),
  });
}
