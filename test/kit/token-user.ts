/** A process that uses an expired token and stands still at one point of its renewal, for a test that kills it there. */
import { freshbooks } from '../../src/connectors/freshbooks/index.ts';
import type { ConnectorContext, SourceManifest } from '../../src/core/ports.ts';
import { openFreshBooksProcess } from './freshbooks.ts';

const [databaseUrl = '', connectionId = '', point = ''] = process.argv.slice(2);

async function standAt(here: string): Promise<void> {
  if (here !== point) return;
  process.stdout.write(`${JSON.stringify({ at: here })}\n`);
  await new Promise(() => setInterval(() => {}, 1000));
}

function standing(context: ConnectorContext): ConnectorContext {
  return {
    ...context,
    http: async (request) => {
      const isRenewal = request.call === 'POST token';
      if (isRenewal) await standAt('before-call');
      if (isRenewal && point === 'in-call') process.stdout.write(`${JSON.stringify({ at: point })}\n`);
      const answer = await context.http(request);
      if (isRenewal) await standAt('after-answer');
      return answer;
    },
    credentials: {
      load: () => context.credentials.load(),
      async renew(renew) {
        const renewed = await context.credentials.renew(async (current) => {
          const next = await renew(current);
          await standAt('before-store');
          return next;
        });
        await standAt('after-store');
        return renewed;
      },
    },
  };
}

const source: SourceManifest = {
  ...freshbooks,
  create: (context) => freshbooks.create(standing(context)),
};
const { parts } = await openFreshBooksProcess(databaseUrl, { source });
const open = await parts.runtime.open(connectionId);
await open.source.read('client', '1');
