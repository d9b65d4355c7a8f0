/** Where the source's webhooks arrive: handed to a living process, or refused when there is none. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Replica } from './replica.ts';

export type Delivery = { path: string; body: Buffer; headers: Record<string, string> };

export type ProofDoor = {
  url: string;
  /** What was accepted so far, to be sent once more by somebody who has listened. */
  accepted: readonly Delivery[];
  /** Hands a delivery over as the HTTP server would; the status, 500 when it fails, 503 when nobody is there. */
  hand(delivery: Delivery): Promise<number>;
  close(): Promise<void>;
};

export async function openDoor(pick: () => Replica | undefined): Promise<ProofDoor> {
  const accepted: Delivery[] = [];
  async function hand(delivery: Delivery): Promise<number> {
    const replica = pick();
    if (!replica) return 503;
    const received = replica.receiver.receive(delivery.path, delivery.body, delivery.headers);
    const status = await received.then(
      (receipt) => receipt.status,
      () => 500,
    );
    // Nobody hears what a killed process would have said.
    if (!replica.isAlive()) return 503;
    if (status === 200) accepted.push(delivery);
    return status;
  }
  const server = createServer((request, response) => void serve(request, response, hand));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    accepted,
    hand,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  hand: (delivery: Delivery) => Promise<number>,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  const path = (request.url ?? '').replace(/^\/hooks\//, '');
  const status = await hand({ path, body: Buffer.concat(chunks), headers });
  response.writeHead(status).end();
}
