/** Callers who hang up before they are answered: what they held is free again at once. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openPeopleDoors, type PeopleDoors } from './people-doors.ts';

let doors: PeopleDoors;
let port: number;
let viewer: { cookie: string };

beforeAll(async () => {
  doors = await openPeopleDoors();
  await doors.app.listen({ host: '127.0.0.1', port: 0 });
  port = (doors.app.server.address() as { port: number }).port;
  viewer = await doors.addPerson('vic@example.com', 'admin');
});
afterAll(() => doors.close());

/** Sends a whole request and hangs up after so many milliseconds. */
async function hangUp(lines: readonly string[], body = '', afterMs = 0): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    `${[...lines, 'host: 127.0.0.1', `content-length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`,
  );
  await sleep(afterMs);
  socket.destroy();
}

test('live views whose browsers have gone before the first word take no place', async () => {
  for (let count = 0; count < 40; count += 1)
    await hangUp(['GET /api/v1/live HTTP/1.1', `cookie: ${viewer.cookie}`], '', count % 8);
  await sleep(500);
  const stop = new AbortController();
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/live`, {
    headers: { ...viewer, accept: 'text/event-stream' },
    signal: stop.signal,
  });
  expect(answer.status).toBe(200);
  stop.abort();
});

test('a sign-in that waits for its turn learns that its browser has gone', async () => {
  const asked = Promise.withResolvers<AbortSignal | undefined>();
  const wait = vi
    .spyOn(doors.signIn, 'signIn')
    .mockImplementation(async (_given, _headers, _from, options) => {
      asked.resolve(options?.gone);
      await new Promise((resolve) => options?.gone?.addEventListener('abort', resolve));
      return { outcome: 'refused' };
    });
  const body = JSON.stringify({ email: 'vic@example.com', password: 'a guess of a password' });
  const head = ['POST /api/v1/session HTTP/1.1', 'content-type: application/json'];
  const calling = hangUp(head, body, 300);
  const gone = await asked.promise;
  expect(gone?.aborted).toBe(false);
  await calling;
  await vi.waitFor(() => expect(gone?.aborted).toBe(true));
  wait.mockRestore();
});
