/** Refuses text that nobody means and no database holds: the NUL character, and half of a surrogate pair. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { sendProblem } from './problems.ts';

type Place = { field: string; value: unknown };

function isBad(text: string): boolean {
  return text.includes('\0') || !text.isWellFormed();
}

/** Where such text stands, by the way to it; undefined when nowhere. Without recursion: a body may be nested deeply. */
function findBadText(value: unknown): string | undefined {
  const places: Place[] = [{ field: '', value }];
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    const { field, value: here } = place;
    if (typeof here === 'string' && isBad(here)) return field;
    if (typeof here !== 'object' || here === null) continue;
    for (const [name, inner] of Object.entries(here)) {
      const inside = field === '' ? name : `${field}.${name}`;
      if (isBad(name)) return field;
      places.push({ field: inside, value: inner });
    }
  }
  return undefined;
}

/** After the guards, before validation and everything else. */
export function refuseBadText(app: FastifyInstance): void {
  app.addHook('preValidation', async ({ params, query, body }: FastifyRequest, reply) => {
    const field = findBadText({ params, query, body });
    if (field === undefined) return;
    const message = 'has a character that no text can hold: NUL, or half of a character';
    return sendProblem(reply, 400, {
      errors: [{ field: field.replace(/^(params|query|body)\./, ''), message }],
    });
  });
}
