/** A TCP address in front of a test's PostgreSQL, on which packets may vanish without anybody being told. */
import { connect as connectTo, createServer, type Socket } from 'node:net';
import type { LocalConnection } from '../../src/platform/postgres/connection.ts';

export type Bridge = {
  port: number;
  url: string;
  /** Connections of now carry nothing any more, and stay open; later ones do unless `all`. */
  freeze(options?: { all?: boolean }): number;
  /** New connections are carried again; those that were frozen stay so. */
  thaw(): void;
  close(): Promise<void>;
};

export async function startBridge(connection: LocalConnection): Promise<Bridge> {
  const pairs = new Set<[Socket, Socket]>();
  let frozenForAll = false;
  const server = createServer((client) => {
    const backend = connectTo(`${connection.host}/.s.PGSQL.${connection.port}`);
    const pair: [Socket, Socket] = [client, backend];
    pairs.add(pair);
    const end = () => {
      client.destroy();
      backend.destroy();
      pairs.delete(pair);
    };
    for (const socket of pair) socket.on('error', () => {});
    client.once('close', () => {
      // What is frozen does not learn that the other side has gone.
      if (client.isPaused()) pairs.delete(pair);
      else end();
    });
    backend.once('close', end);
    if (frozenForAll) return freezePair(pair);
    client.pipe(backend);
    backend.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  const backends = new Set<Socket>();
  function freezePair([client, backend]: [Socket, Socket]): void {
    client.unpipe();
    backend.unpipe();
    client.pause();
    backend.pause();
    backends.add(backend);
  }
  return {
    port: address.port,
    url: `postgresql://${encodeURIComponent(connection.user)}@127.0.0.1:${address.port}/${connection.database}`,
    freeze({ all = false } = {}) {
      frozenForAll = all;
      for (const pair of pairs) freezePair(pair);
      return pairs.size;
    },
    thaw() {
      frozenForAll = false;
    },
    async close() {
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      for (const backend of backends) backend.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
