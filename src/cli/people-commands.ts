/** Commands for people and tokens: the first account, users, passwords, API tokens, the audit. */
import { Argument, type Command, Option } from '@commander-js/extra-typings';
import { collect, examples, verb, wholeNumber } from './verb.ts';

const ROLES = ['viewer', 'operator', 'admin'] as const;
const SCOPES = ['read', 'operate', 'connections'] as const;

const serviceTokens = () =>
  new Option(
    '--service-tokens <answer>',
    'what becomes of the service tokens they made; asked for at a terminal when left out',
  ).choices(['keep', 'end'] as const);

export function addPeople(program: Command): void {
  verb(program, 'setup', 'make the first account of the dashboard, or show where to make it')
    .option('--email <email>', 'make it here and now; the password is made up and shown once')
    .option('--public-url <url>', 'how the outside reaches this service (ML_PUBLIC_URL)')
    .addHelpText('after', examples('setup', 'setup --email owner@example.com --json'))
    .action(async (options) => (await import('./people.ts')).setup(options));
  verb(program, 'password', 'set a new password for an account of the dashboard; its sessions end')
    .argument('<email>')
    .addHelpText('after', examples('password owner@example.com'))
    .action(async (email, options) => (await import('./people.ts')).password(email, options));
  addUsers(program);
  addTokens(program);
  verb(
    program,
    'audit',
    'who did what to the installation, or to a connection; or whether the audit is whole',
  )
    .addArgument(
      new Argument('[action]', 'list, or verify: every chain, end and signature')
        .choices(['list', 'verify'] as const)
        .default('list' as const),
    )
    .option('--connection <name>')
    .option('--limit <count>', 'how many', wholeNumber, 50)
    .addHelpText('after', examples('audit --connection acme', 'audit verify', 'audit verify --json'))
    .action(async (action, options) =>
      action === 'verify'
        ? (await import('./verify-audit.ts')).verify(options)
        : (await import('./people.ts')).audit(options),
    );
}

function addUsers(program: Command): void {
  const users = program.command('users').description('people who may sign in to the dashboard');
  verb(users, 'list', 'everybody, with role and open sessions').action(async (options) =>
    (await import('./people.ts')).listUsers(options),
  );
  verb(users, 'add', 'add a person; the password is made up and shown once')
    .argument('<email>')
    .addOption(new Option('--role <role>', 'what they may do').choices(ROLES).default('viewer' as const))
    .addHelpText('after', examples('users add vic@example.com --role operator'))
    .action(async (email, options) => (await import('./people.ts')).addUser(email, options));
  verb(users, 'set-role', 'give a person another role')
    .argument('<email>')
    .addOption(new Option('--role <role>', 'what they may do').choices(ROLES).makeOptionMandatory())
    .addOption(serviceTokens())
    .addHelpText('after', examples('users set-role vic@example.com --role viewer --service-tokens keep'))
    .action(async (email, options) => (await import('./people.ts')).setRole(email, options));
  verb(users, 'remove', 'remove a person with their personal tokens; what they did stays in the audit')
    .argument('<email>')
    .addOption(serviceTokens())
    .addHelpText('after', examples('users remove vic@example.com --service-tokens end'))
    .action(async (email, options) => (await import('./people.ts')).removeUser(email, options));
  verb(users, 'sign-out', 'end all sessions of a person')
    .argument('<email>')
    .action(async (email, options) => (await import('./people.ts')).signOut(email, options));
}

function addTokens(program: Command): void {
  const tokens = program.command('tokens').description('API tokens: what programs show instead of a session');
  verb(tokens, 'list', 'all that work, without their secrets').action(async (options) =>
    (await import('./people.ts')).listTokens(options),
  );
  verb(tokens, 'add', 'make a service token; it is shown only now, and has an end')
    .argument('<name>')
    .option('--scope <scope>', `what it may do, again for more: ${SCOPES.join(', ')}`, collect)
    .option('--days <days>', 'ends by itself after so long: 1 to 366', wholeNumber)
    .addHelpText(
      'after',
      examples(
        'tokens add monitoring --scope read --days 366',
        'tokens add nightly --scope read --scope operate --days 90',
      ),
    )
    .action(async (name, options) => (await import('./people.ts')).addToken(name, options));
  verb(tokens, 'revoke', 'end a token')
    .argument('<id>')
    .action(async (id, options) => (await import('./people.ts')).revokeToken(id, options));
}
