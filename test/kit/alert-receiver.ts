/** An address for alerts on the loopback, which keeps what it was told. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type AlertReceiver = Awaited<ReturnType<typeof startAlertReceiver>>;

export async function startAlertReceiver() {
  const messages: Record<string, unknown>[] = [];
  const answer = { status: 204 };
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => (text += part.toString()));
    request.on('end', () => {
      messages.push(JSON.parse(text) as Record<string, unknown>);
      response.writeHead(answer.status, { location: '/elsewhere' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=s3cret`,
    messages,
    /** What it answers from now on. */
    answer,
    close: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}
