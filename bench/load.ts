/** HTTP load: a fixed number of prepared requests, every answer awaited. */
import autocannon from 'autocannon';

export type Delivery = { body: string; headers: Record<string, string> };

export type Load = {
  ok: number;
  seconds: number;
  latenciesMs: number[];
};

/**
 * Sends `amount` requests: the `deliveries` spread over `connections`, again and again. Autocannon's own duration and histogram are not used: the one ends at
 * its next second, the other knows whole milliseconds.
 */
export async function sendAll(
  url: string,
  deliveries: readonly Delivery[],
  { amount, connections }: { amount: number; connections: number },
): Promise<Load> {
  const load: Load = { ok: 0, seconds: 0, latenciesMs: [] };
  let started = 0;
  let last = 0;
  let client = 0;
  await new Promise<void>((resolve, reject) => {
    const instance = autocannon(
      {
        url,
        connections,
        amount,
        method: 'POST',
        timeout: 30,
        sampleInt: 50,
        setupClient: (one) => {
          const own = deliveries.filter((_, index) => index % connections === client);
          client += 1;
          one.setRequests(own.map((delivery) => ({ method: 'POST', ...delivery })));
          started = performance.now();
        },
      },
      (error, result) => {
        if (error) reject(error instanceof Error ? error : new Error(String(error)));
        else if (result.errors > 0) reject(new Error(`${result.errors} requests without an answer`));
        else resolve();
      },
    );
    instance.on('response', (_client, status, _bytes, ms) => {
      if (status === 200) load.ok += 1;
      load.latenciesMs.push(ms);
      last = performance.now();
    });
  });
  load.seconds = (last - started) / 1000;
  return load;
}
