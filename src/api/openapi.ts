/** The OpenAPI 3.1 document of the admin API, made from the contract's schemas. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import * as contract from './contract.ts';
import * as connections from './contract-connections.ts';
import * as people from './contract-people.ts';
import type { ApiParts } from './parts.ts';
import { sendProblem } from './problems.ts';
import type { ApiApp } from './server.ts';
import { guardToken } from './session-guard.ts';

const NAMED = {
  ApiToken: people.apiToken,
  AuditPage: people.auditPage,
  Connection: contract.connection,
  Notice: contract.notice,
  Overview: connections.overview,
  ParkedGroup: contract.parkedGroup,
  PingReport: connections.pingReport,
  Preview: connections.preview,
  Problem: contract.problem,
  Reason: contract.reason,
  RecordDetail: contract.recordDetail,
  RecordPage: contract.recordPage,
  RecordSummary: contract.recordSummary,
  ReplayRequest: contract.replayRequest,
  ReplayRun: contract.replayRun,
  Session: people.session,
  Status: contract.status,
  TimelineEntry: contract.timelineEntry,
  User: people.user,
};

type Transformed = ReturnType<typeof jsonSchemaTransformObject>;

/** The library also emits an input variant of each schema; those that nothing refers to are only noise. */
function pruneUnused(document: Transformed): Transformed {
  const schemas = 'components' in document ? document.components?.schemas : undefined;
  if (!schemas) return document;
  for (let removed = true; removed; ) {
    const text = JSON.stringify(document);
    const unused = Object.keys(schemas).filter((name) => !text.includes(`"#/components/schemas/${name}"`));
    for (const name of unused) delete schemas[name];
    removed = unused.length > 0;
  }
  return document;
}

type Readers = Pick<ApiParts, 'version' | 'openApiDocs' | 'signIn' | 'findToken'>;

/** For people who are signed in, unless a setting opens it: it tells what there is to attack. */
export async function registerOpenApi(app: ApiApp, parts: Readers): Promise<void> {
  const { version, openApiDocs, signIn, findToken } = parts;
  const mayRead = async (request: FastifyRequest, reply: FastifyReply) => {
    if (openApiDocs === true) return undefined;
    const { authorization } = request.headers;
    if (authorization !== undefined) return guardToken(request, reply, await findToken(authorization));
    return (await signIn.actorOf(request.headers)) ? undefined : sendProblem(reply, 401);
  };
  for (const [id, schema] of Object.entries(NAMED)) {
    if (!z.globalRegistry.has(schema)) z.globalRegistry.add(schema, { id });
  }
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'ml-connector admin API',
        version,
        description:
          'What the dashboard uses. Amounts are decimal text, times are ISO 8601 in UTC. Programs show an API token; its scopes are read, operate, connections and people.',
      },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          session: { type: 'apiKey', in: 'cookie', name: 'ml-connector.session_token' },
          token: { type: 'http', scheme: 'bearer', description: 'An API token: mlc_…' },
        },
      },
      security: [{ session: [] }, { token: [] }],
    },
    hideUntagged: true,
    transform: jsonSchemaTransform,
    transformObject: (input) => pruneUnused(jsonSchemaTransformObject(input)),
  });
  await app.register(async (scope) => {
    scope.addHook('onRequest', mayRead);
    await scope.register(swaggerUi, { routePrefix: '/api/docs', staticCSP: false });
    scope.get('/api/v1/openapi.json', { schema: { hide: true } }, () => app.swagger());
  });
}
