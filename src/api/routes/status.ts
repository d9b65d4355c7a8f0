/** The whole installation in figures. */
import { status } from '../contract.ts';
import type { ApiParts } from '../parts.ts';
import { PROBLEMS } from '../problems.ts';
import type { ApiApp } from '../server.ts';
import { actorOf } from '../session-guard.ts';

export function statusRoutes(app: ApiApp, { operations }: Pick<ApiParts, 'operations'>): void {
  app.get(
    '/status',
    { schema: { tags: ['status'], summary: 'Counts and sums', response: { 200: status, ...PROBLEMS } } },
    (request) => operations.status(actorOf(request)),
  );
}
