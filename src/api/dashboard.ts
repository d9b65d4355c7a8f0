/** Serves the built dashboard, and its one page for every address that is not a file. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import { sendProblem } from './problems.ts';
import type { ApiApp } from './server.ts';

const PAGE = 'index.html';
const NOT_OURS = ['/api/', '/hooks/', '/oauth/'];

export async function registerDashboard(app: ApiApp, webRoot: string): Promise<void> {
  const built = existsSync(join(webRoot, PAGE));
  if (built) {
    await app.register(fastifyStatic, {
      root: webRoot,
      preCompressed: true,
      cacheControl: false,
      setHeaders: (reply, path) => {
        // Names under assets/ contain a hash of the content.
        const hashed = path.includes('/assets/');
        reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  }
  app.setNotFoundHandler(async (request, reply) => {
    const { method, url, headers } = request;
    const wantsPage = method === 'GET' && (headers.accept ?? '').includes('text/html');
    if (!wantsPage || NOT_OURS.some((prefix) => url.startsWith(prefix))) return sendProblem(reply, 404);
    if (built) return reply.sendFile(PAGE);
    return reply.code(404).type('text/plain').send('The dashboard is not built. Run: npm run build\n');
  });
}
