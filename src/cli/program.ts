/** The command line: every verb with its help, examples and exit codes; heavy parts are loaded when a verb runs. */
import { Command, Option } from '@commander-js/extra-typings';
import { tellFailure } from './output.ts';
import { addPeople } from './people-commands.ts';
import { collect, examples, json, verb, wholeNumber } from './verb.ts';

function addService(program: Command): void {
  verb(program, 'start', 'start the service: receive, sync, dashboard')
    .addOption(
      new Option('--role <role>', 'what this process does').choices(['all', 'web', 'worker'] as const),
    )
    .option('--port <port>', 'port of dashboard and webhooks (ML_PORT, default 3000)')
    .option('--host <address>', 'address to listen on (ML_HOST, default 127.0.0.1)')
    .option('--public-url <url>', 'how the outside reaches this service (ML_PUBLIC_URL)')
    .option('--lanes <count>', 'clients worked on at the same time (ML_LANES, default 8)')
    .option('--sandbox', 'start the simulators of both systems as well')
    .addOption(new Option('--exit-with-parent', 'stop when standard input closes').hideHelp())
    .addHelpText(
      'after',
      examples(
        'start',
        'start --port 8080 --public-url https://sync.example.com',
        'start --role worker --database-url postgres://db.example.com/ml',
      ),
    )
    .action(async (options) => (await import('./start.ts')).start(options));
  program
    .command('demo')
    .description('start everything with simulated systems and watch invoices flow')
    .option('--once', 'make a fixed number of documents, compare both ledgers, end')
    .option('--invoices <count>', 'with --once', wholeNumber, 200)
    .option('--payments <count>', 'with --once', wholeNumber, 120)
    .option('--seed <number>', 'the same seed gives the same company', wholeNumber, 1)
    .option('--rate <perSecond>', 'how fast people work in the source', wholeNumber)
    .option('--poll', 'webhooks off: polling only')
    .option('--kill <times>', 'kill -9 the service so often while it works', wholeNumber, 0)
    .option('--port <port>', 'port of the dashboard', wholeNumber)
    .addOption(json())
    .addHelpText(
      'after',
      examples('demo', 'demo --once --json --invoices 200 --payments 120 --seed 7', 'demo --once --kill 5'),
    )
    .action(async (options) => (await import('./demo.ts')).demo(options));
  program
    .command('prove')
    .description(
      'show that nothing is lost, doubled or wrong, whatever fails: simulated systems, real database',
    )
    .option(
      '--seeds <count>',
      'how many (20, or the one named); the same seed gives the same users and the same faults',
      wholeNumber,
    )
    .option('--seed <number>', 'only this one, or the first of them', wholeNumber)
    .option('--faults <classes>', 'only these, with commas between; none for a calm day')
    .option('--minutes <count>', 'begin no seed after so long', wholeNumber)
    .option('--acts <count>', 'how many things users do in a seed', wholeNumber, 40)
    .addOption(json())
    .addHelpText(
      'after',
      examples('prove --seeds 20', 'prove --seed 7', 'prove --faults crash,database --minutes 5 --json'),
    )
    .action(async (options) => (await import('./prove.ts')).prove(options));
  program
    .command('simulate')
    .description('run the simulator of a system by itself; everything after its name is for the simulator')
    .argument('<system>', 'which system')
    .argument('[options...]')
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .addHelpText('after', examples('simulate SYSTEM --help', 'simulate SYSTEM --port 4020'))
    .action(async (system, rest) => (await import('./simulate.ts')).simulate(system, rest));
}

const SECRET = 'a secret of a side: asked for, or read from a file (…=@FILE) or standard input (…=-)';

function addConnections(program: Command): void {
  const connection = program
    .command('connection')
    .description('connections: one source account tied to one destination tenant');
  verb(connection, 'add', 'connect two systems; asks for what is not given')
    .option('--name <name>', 'how people call it')
    .option('--source <system>', 'where invoices come from')
    .option('--destination <system>', 'where they go')
    .option('--set <side.field=value>', 'a field of a side, e.g. source.clientId=abc', collect)
    .option('--secret <side.field>', SECRET, collect)
    .option('--sandbox', 'use the running simulators instead of real credentials')
    .option('--source-url <url>', 'with --sandbox: where the source’s simulator is')
    .option('--destination-url <url>', 'with --sandbox: where the destination’s simulator is')
    .option('--poll-seconds <seconds>', 'poll interval, 0 = off', wholeNumber, 300)
    .option('--poll-cron <schedule>', 'poll by cron instead, five fields in UTC')
    .option('--no-webhooks', 'do not register webhooks')
    .option('--public-url <url>', 'how the outside reaches this service (ML_PUBLIC_URL)')
    .addHelpText('after', examples('connection add', 'connection add --sandbox --name demo'))
    .action(async (options) => (await import('./connection.ts')).add(options));
  verb(
    connection,
    'consent',
    'show where a person gives consent, or finish with the address they came back to',
  )
    .argument('<name>')
    .option('--returned-url <url>', 'the address the browser ended at, where it could not reach this service')
    .option('--public-url <url>', 'how the outside reaches this service (ML_PUBLIC_URL)')
    .addHelpText(
      'after',
      examples(
        'connection consent acme',
        "connection consent acme --returned-url 'https://localhost/cb?code=…&state=…'",
      ),
    )
    .action(async (name, options) => (await import('./connection.ts')).consent(name, options));
  verb(connection, 'systems', 'systems that can be connected, with the fields each needs').action(
    async (options) => (await import('./look.ts')).systems(options),
  );
  verb(connection, 'show', 'one connection with its settings; secrets are never shown')
    .argument('<name>')
    .action(async (name, options) => (await import('./look.ts')).showConnection(name, options));
  verb(connection, 'preview', 'what would be written for the newest invoices; writes nothing')
    .argument('<name>')
    .option('--limit <count>', 'how many invoices', wholeNumber, 20)
    .addHelpText('after', examples('connection preview acme --limit 5 --json'))
    .action(async (name, options) => (await import('./look.ts')).preview(name, options));
  verb(connection, 'list', 'all connections and how they stand').action(async (options) =>
    (await import('./connection.ts')).list(options),
  );
  verb(connection, 'set', 'change settings, credentials, webhooks or polling')
    .argument('<name>')
    .option('--set <side.field=value>', 'a field of a side', collect)
    .option('--secret <side.field>', SECRET, collect)
    .addOption(
      new Option('--poll-seconds <seconds>', 'poll interval, 0 = off')
        .argParser(wholeNumber)
        .conflicts('pollCron'),
    )
    .option('--poll-cron <schedule>', 'poll by cron instead, five fields in UTC')
    .option('--policy <name=choice>', 'how a money case is settled; connection show names them', collect)
    .option('--alert-url <url>', "where to tell of pauses and parked records, '' = nowhere")
    .option('--webhooks', 'register webhooks')
    .option('--no-webhooks', 'remove webhooks')
    .addHelpText(
      'after',
      examples(
        'connection set acme --no-webhooks --poll-seconds 60',
        "connection set acme --poll-cron '*/10 * * * *'",
        'connection set acme --set destination.region=eu-production',
        'connection set acme --secret source.clientSecret',
        'connection set acme --secret source.clientSecret=@secret.txt',
      ),
    )
    .action(async (name, options) => (await import('./connection.ts')).set(name, options));
  verb(connection, 'pause', 'stop working; events are still accepted')
    .argument('<name>')
    .option('--reason <text>', 'kept in the audit')
    .action(async (name, options) => (await import('./connection.ts')).pause(name, options));
  verb(connection, 'test-alert', 'send a test to the connection’s address for alerts')
    .argument('<name>')
    .action(async (name, options) => (await import('./connection.ts')).testAlert(name, options));
  verb(connection, 'rotate-paths', 'replace the webhook paths, as after one has leaked')
    .argument('<name>')
    .addHelpText('after', examples('connection rotate-paths acme'))
    .action(async (name, options) => (await import('./connection.ts')).rotate(name, options));
  verb(connection, 'remove', 'take back callbacks and tokens, forget the secrets; records and audit stay')
    .argument('<name>')
    .option('--dry-run', 'only say what goes and what stays')
    .option('--yes', 'do not ask')
    .option('--force', 'also when the source does not answer')
    .addHelpText('after', examples('connection remove acme --dry-run', 'connection remove acme --yes --json'))
    .action(async (name, options) => (await import('./remove-connection.ts')).remove(name, options));
  verb(connection, 'resume', 'go on where it stopped')
    .argument('<name>')
    .action(async (name, options) => (await import('./connection.ts')).resume(name, options));
}

function addRecords(program: Command): void {
  verb(program, 'ping', 'ask both systems whether they would work; writes nothing')
    .argument('[connection]', 'all when left out')
    .option('--side <side>', 'source, destination, or a system’s name')
    .addHelpText('after', examples('ping', 'ping acme --side destination --json'))
    .action(async (name, options) => (await import('./ping.ts')).ping(name, options));
  verb(program, 'records', 'list records, newest change first')
    .option('--connection <name>')
    .addOption(new Option('--state <state>').choices(['pending', 'synced', 'parked', 'ignored'] as const))
    .addOption(new Option('--kind <kind>').choices(['client', 'invoice', 'payment', 'credit'] as const))
    .option('--reason <code>', 'reason code of parked records')
    .option(
      '--search <text>',
      'part of a number or of a client’s name; a whole amount, id, date or month (2026-03)',
    )
    .option('--counts', 'only how many, by state, kind and currency')
    .option('--limit <count>', 'how many', wholeNumber, 50)
    .addHelpText(
      'after',
      examples('records --state parked', 'records --kind invoice --search 0000012 --json'),
    )
    .action(async (options) => (await import('./records.ts')).records(options));
  verb(program, 'parked', 'what waits for a person, grouped by reason')
    .option('--connection <name>')
    .action(async (options) => (await import('./look.ts')).parked(options));
  verb(program, 'show', 'print the timeline of a record, from the first event to the read-back')
    .argument('<record>', 'id, number, name, or "invoice/4711" (kind and source id)')
    .option('--full', 'with requests, answers and raw payloads')
    .addHelpText('after', examples('show 0000012', 'show invoice/4711 --full', 'show 0000012 --json'))
    .action(async (record, options) => (await import('./show.ts')).show(record, options));
  verb(program, 'dry-run', 'what a look at a record would do now, as the exact requests; writes nothing')
    .argument('<record>', 'id, number or name')
    .action(async (record, options) => (await import('./decide.ts')).dryRun(record, options));
  verb(program, 'resolve', 'take one of the choices that parked records offer; show names them')
    .argument('<choice>')
    .argument('<records...>', 'ids, numbers or names')
    .option('--argument <text>', 'where the choice needs one, such as an account')
    .addHelpText('after', examples('resolve adopt 0000012', 'resolve account 0000012 --argument A00000042'))
    .action(async (choice, records, options) =>
      (await import('./decide.ts')).resolve(choice, records, options),
    );
  verb(program, 'link', 'tie a client of the source to an account of the destination by hand')
    .argument('<connection>')
    .argument('<client>', 'the client’s id in the source')
    .argument('<account>', 'the account’s number or id in the destination')
    .option(
      '--shared-with <connection/client>',
      'the client who has the account, if both are to share it; name and e-mail stay that one’s',
    )
    .action(async (name, client, account, options) =>
      (await import('./decide.ts')).link(name, client, account, options),
    );
  const accounts = program
    .command('accounts')
    .description('accounts of the destination that several clients are booked to');
  verb(accounts, 'shared', 'list them, with whose they are').action(async (options) =>
    (await import('./decide.ts')).listShared(options),
  );
  verb(accounts, 'owner', 'say whose one is: only that client’s name and e-mail are written to it')
    .argument('<connection>')
    .argument('<client>', 'the client’s id in the source')
    .argument('<account>', 'the account’s number or id in the destination')
    .addHelpText('after', examples('accounts owner acme 4711 A00000042'))
    .action(async (name, client, account, options) =>
      (await import('./decide.ts')).nameOwner(name, client, account, options),
    );
  verb(program, 'replay', 'look at records again from the source on; never doubles')
    .argument('[records...]', 'ids, numbers or names')
    .option('--connection <name>')
    .addOption(new Option('--state <state>').choices(['pending', 'synced', 'parked', 'ignored'] as const))
    .addOption(new Option('--kind <kind>').choices(['client', 'invoice', 'payment', 'credit'] as const))
    .option('--reason <code>', 'reason code of parked records')
    .option('--dry-run', 'only say which records it would look at')
    .option('--wait', 'wait until all have an end state (needs a running service)')
    .addHelpText(
      'after',
      examples(
        'replay 0000012',
        'replay --state parked --reason refused --dry-run',
        'replay --state parked --wait --json',
      ),
    )
    .action(async (records, options) => (await import('./replay.ts')).replay(records, options));
  verb(program, 'replays', 'replays that the dashboard or a program has started, and how far they are')
    .argument('[id]', 'the newest when left out')
    .action(async (id, options) => (await import('./look.ts')).replays(id, options));
  verb(program, 'backfill', 'copy history; goes on by itself after a crash')
    .argument('<connection>')
    .option('--since <date>', 'only what changed since yyyy-mm-dd; all when left out')
    .option('--no-wait', 'start it and return')
    .option('--resume <id>', 'watch one that was started before')
    .addHelpText('after', examples('backfill acme --since 2026-01-01', 'backfill acme --no-wait --json'))
    .action(async (name, options) => (await import('./backfill.ts')).backfill(name, options));
}

function addUpkeep(program: Command): void {
  verb(program, 'status', 'how everything stands').action(async (options) =>
    (await import('./status.ts')).status(options),
  );
  verb(program, 'overview', 'in step or not, for each connection, kind and currency')
    .addOption(
      new Option('--window <window>', 'history by hours or by days').choices(['day', 'month'] as const),
    )
    .action(async (options) => (await import('./look.ts')).overview(options));
  const notices = program.command('notices').description('what upgrades left for a person to do');
  verb(notices, 'list', 'those that are not done').action(async (options) =>
    (await import('./notices.ts')).list(options),
  );
  verb(notices, 'done', 'show one no more')
    .argument('<id>')
    .action(async (id, options) => (await import('./notices.ts')).done(id, options));
  verb(program, 'rejections', 'webhook deliveries that were turned away, and why; newest first')
    .option('--connection <name>')
    .option('--cause <cause>', 'bad-signature, unknown-path, too-large …')
    .option('--limit <count>', 'how many', wholeNumber, 20)
    .addHelpText('after', examples('rejections', 'rejections --cause bad-signature --json'))
    .action(async (options) => (await import('./rejections.ts')).rejections(options));
  verb(program, 'restored', 'after a restore from a backup: look at every copy anew')
    .addHelpText('after', examples('restored', 'restored --json'))
    .action(async (options) => (await import('./restored.ts')).restored(options));
  verb(program, 'keys', 'encryption keys of the stored secrets, and the key that signs the audit')
    .argument(
      '[action]',
      'show, rotate (new key file), reseal (after changing ML_ENCRYPTION_KEY), rotate-signing',
      'show',
    )
    .addHelpText('after', examples('keys', 'keys rotate', 'keys rotate-signing'))
    .action(async (action, options) => (await import('./keys.ts')).keys(action, options));
}

export async function runCli(argv: readonly string[]): Promise<void> {
  const program = createProgram();
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    process.exit(tellFailure(error, argv.includes('--json')));
  }
}

export function createProgram(): Command {
  const program = new Command('ml-connector')
    .description('Carries invoices and payments from one system into another, and proves that both agree.')
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for what is possible)')
    .configureHelp({ sortSubcommands: false })
    .addHelpText('after', '\nExit codes: 0 done, 1 something failed, 2 wrong call or configuration.');
  // Before the verbs are added: each takes it over from here.
  program.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  addService(program);
  addConnections(program);
  addRecords(program);
  addUpkeep(program);
  addPeople(program);
  return program;
}
