/** Runs the simulator from the command line: prints its URL as one line of JSON and stops cleanly when told to. */
import { parseArgs } from 'node:util';
import { startFreshBooksSimulator } from './server.ts';

const HELP = `A simulated FreshBooks: OAuth, API, webhooks, and a control API under /_control.

  npm run simulator:freshbooks -- [options]
  npm run -s cli -- simulate freshbooks [options]

  --port <n>           port to listen on (4010)
  --host <address>     address to listen on (127.0.0.1)
  --seed <n>           ids, secrets and default workload follow from it (1)
  --rate-limit <n>     calls per minute (600); creates get 250 in 600 of it
  --exit-with-parent   stop when standard input closes
  --help               this text

It prints {"url"} when it is ready; open that address for a page with clients, invoices and payments, and buttons to
send, pay and delete. Faults are switched on while it runs, for example:

  curl -X PUT localhost:4010/_control/faults -H 'content-type: application/json' -d '{"webhookDropRate":1}'

  refusedKinds         ["payment"]: kinds that may not be read
  ignoredFilters       [{"kind":"payment","filter":"vis_state"}], or "updated_min": everything comes instead
  unknownClients       [7001]: clients that are not known any more, while their invoices are
  lowerCaseCurrencies  true: a client's currency is written "usd"
  webhooks             "off": no deliveries at all
  webhookDropRate      0 to 1: that part of the deliveries is lost
  webhookDuplicate     so many extra copies of each delivery
  webhookShuffle       deliveries in random order
  webhookDelayMs       deliveries late
  webhookKeyOrder      "recorded", "documented", "system" or "rotate": order of the signed fields
  handshakeFirst       the handshake comes before the create call has answered
  disableCallbacks     all callbacks fall silent, as after many failed deliveries
  wrongVerifier        refused, or unsaid: 200 with the callback as it stands
  resendVerifier       same or new: what a resend to one that is not verified carries
  paymentTouchesInvoice  false: a payment sends no invoice.update
  allowDuplicateNumbers  two invoices may have one number
  allowBelowPaid       "negative" or "zero": an invoice may be lowered below what is paid; what it owes then
  latencyMs            every API call takes so much longer
  failNext             [{"match":"GET invoice","status":503,"times":2}]; status 0 cuts the connection
  loseAnswer           {"match":"POST token","times":1}: the work is done, the answer is lost
  neverAnswer          nothing is done, and the connection stays open
  truncateBody         half an answer
  errorsWith200        HTTP 200 that carries errors
  tokenLifetimeSeconds life of tokens issued from now on
  person               "client", "no-account-id" or "two-accounts": who consented, as users/me tells

GET /_control/faults shows what is on; DELETE /_control/faults ends all. Each oddity step by step, with its source:
src/connectors/freshbooks/simulator/README.md
`;

async function main(): Promise<number | undefined> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '4010' },
      host: { type: 'string', default: '127.0.0.1' },
      seed: { type: 'string', default: '1' },
      'rate-limit': { type: 'string', default: '600' },
      'exit-with-parent': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const running = await startFreshBooksSimulator({
    port: readWhole('--port', values.port),
    host: values.host,
    seed: readWhole('--seed', values.seed),
    rateLimitPerMinute: readWhole('--rate-limit', values['rate-limit']),
  });
  process.stdout.write(`${JSON.stringify({ url: running.url })}\n`);

  const stop = () => {
    void running.close().finally(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  if (values['exit-with-parent']) {
    process.stdin.once('end', stop);
    process.stdin.once('error', stop);
    process.stdin.resume();
  }
  return undefined;
}

function readWhole(flag: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${flag} takes a whole number, not ${JSON.stringify(text)}.`);
  return Number.parseInt(text, 10);
}

try {
  const code = await main();
  if (code !== undefined) process.exitCode = code;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
