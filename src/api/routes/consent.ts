/** Where a person's browser lands after saying yes or no to the source's consent page. */
import type { FastifyInstance } from 'fastify';
import type { ApiParts, ConsentAnswer } from '../parts.ts';
import { sendTooMany } from './session.ts';

type Callback = {
  Params: { connector: string };
  Querystring: Record<string, string | string[] | undefined>;
};

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

function toPage({ title, message }: ConsentAnswer): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1rem }</style>
<main>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(message)}</p>
<p><a href="/">Open the dashboard</a></p>
</main>
</html>
`;
}

/** A parameter given twice is as good as none: no guess which one was meant. */
function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' && value.length <= 4096 ? value : undefined;
}

type Parts = Pick<ApiParts, 'completeConsent' | 'signIn'>;

export function consentRoutes(app: FastifyInstance, parts: Parts): void {
  app.get<Callback>('/oauth/:connector/callback', async (request, reply) => {
    const { params, query } = request;
    const answer = await parts.completeConsent({
      connector: params.connector,
      state: single(query['state']),
      code: single(query['code']),
      error: single(query['error']),
    });
    if (answer.unasked) {
      // Only these are counted: nobody keeps a person's consent out by sending others.
      const tooMany = await parts.signIn.tooMany('consent', request.ip);
      if (tooMany) return sendTooMany(reply, tooMany);
      request.log.warn({ address: request.ip }, 'the return of a consent that nobody asked for');
    }
    return reply
      .code(answer.ok ? 200 : 400)
      .header('cache-control', 'no-store')
      .header('referrer-policy', 'no-referrer')
      .type('text/html; charset=utf-8')
      .send(toPage(answer));
  });
}
