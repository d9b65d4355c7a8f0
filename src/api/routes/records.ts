/** Records: the filtered list, and one record with its whole timeline. */
import { z } from 'zod';
import { recordDetail, recordPage, recordQuery } from '../contract.ts';
import type { ApiParts } from '../parts.ts';
import { PROBLEMS } from '../problems.ts';
import type { ApiApp } from '../server.ts';
import { actorOf } from '../session-guard.ts';

const tags = ['records'];

export function recordRoutes(app: ApiApp, { operations }: Pick<ApiParts, 'operations'>): void {
  app.get(
    '/records',
    {
      schema: {
        tags,
        summary: 'Records that match, the last changed first',
        querystring: recordQuery,
        response: { 200: recordPage, ...PROBLEMS },
      },
    },
    (request) => operations.listRecords(actorOf(request), request.query),
  );

  app.get(
    '/records/:recordId',
    {
      schema: {
        tags,
        summary: 'One record and everything that happened to it',
        params: z.object({ recordId: z.uuid() }),
        response: { 200: recordDetail, ...PROBLEMS },
      },
    },
    (request) => operations.showRecord(actorOf(request), request.params),
  );
}
