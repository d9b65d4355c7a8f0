/** `connection …`: adding, listing, changing, pausing. */
import pc from 'picocolors';
import { registry } from '../app.ts';
import { UsageError } from '../core/errors.ts';
import type { FieldSpec } from '../core/ports.ts';
import {
  addConnection,
  type NewSide,
  type SandboxSides,
  sandboxSides,
} from '../operations/add-connection.ts';
import { testAlert as testOperation } from '../operations/alert-address.ts';
import type { SettingChange } from '../operations/connection-changes.ts';
import { finishConsent, startConsent } from '../operations/consent.ts';
import { listConnections } from '../operations/list-connections.ts';
import { rotatePaths } from '../operations/rotate-paths.ts';
import { pauseConnection, resumeConnection, setConnection } from '../operations/set-connection.ts';
import { answer, localActor, say, stateText, table } from './output.ts';
import { readSecrets, type Side, type SideValues } from './secrets.ts';
import { type GlobalOptions, withInstallation } from './with-installation.ts';

type AddOptions = GlobalOptions & {
  name?: string | undefined;
  source?: string | undefined;
  destination?: string | undefined;
  set?: string[] | undefined;
  secret?: string[] | undefined;
  sandbox?: boolean | undefined;
  sourceUrl?: string | undefined;
  destinationUrl?: string | undefined;
  pollSeconds: number;
  pollCron?: string | undefined;
  webhooks: boolean;
  publicUrl?: string | undefined;
};

export async function add(options: AddOptions): Promise<void> {
  const given = await readValues(options);
  const source = findManifest(registry.sources, options.source);
  const destination = findManifest(registry.destinations, options.destination);
  const asks = options.json !== true && process.stdin.isTTY === true;
  if (!asks && options.sandbox !== true)
    assertComplete([source, given.source], [destination, given.destination]);
  await withInstallation(options, async ({ parts }) => {
    const { simulators, ...sides }: Omit<SandboxSides, 'simulators'> & Partial<SandboxSides> =
      options.sandbox === true
        ? await sandboxSides(parts, {
            source: source.id,
            destination: destination.id,
            sourceUrl: options.sourceUrl,
            destinationUrl: options.destinationUrl,
          })
        : {
            source: await askSide(source, given.source),
            destination: await askSide(destination, given.destination),
          };
    const name = options.name ?? (options.sandbox === true ? 'sandbox' : asks ? await askName() : 'main');
    const request = {
      name,
      ...sides,
      webhooksEnabled: options.webhooks,
      pollIntervalSeconds: options.pollSeconds,
      pollCron: options.pollCron,
    };
    const added = await addConnection(parts, localActor(), request, simulators && { simulators });
    const consentUrl = added.needsConsent
      ? (await startConsent(parts, localActor(), { connection: added.id })).url
      : null;
    answer(options.json, { ...added, name, consentUrl }, (shown) => {
      say(`${pc.green('added')} ${name}`);
      warnOfPolls(options.pollSeconds);
      if (consentUrl === null) return say(`Try it: npm run -s cli -- ping ${name}`);
      say(
        `One step is left: a person with access to the source’s account opens this address and allows it:\n\n  ${shown.consentUrl}\n`,
      );
      say(
        `If the browser ends at a page that does not load, hand its address over: connection consent ${name} --returned-url '…'`,
      );
    });
  });
}

async function readValues(options: {
  set?: string[] | undefined;
  secret?: string[] | undefined;
}): Promise<SideValues> {
  const [plain, secret] = [parseSettings(options.set ?? []), await readSecrets(options.secret ?? [])];
  return {
    source: { ...plain.source, ...secret.source },
    destination: { ...plain.destination, ...secret.destination },
  };
}

/** "source.clientId=abc" -> { source: { clientId: "abc" } } */
function parseSettings(texts: readonly string[]): SideValues {
  const values: SideValues = { source: {}, destination: {} };
  for (const text of texts) {
    const [, side, field, value] = /^(source|destination)\.(\w+)=(.*)$/s.exec(text) ?? [];
    if (side === undefined || field === undefined || value === undefined) {
      throw new UsageError(
        `--set ${text} is not of the form side.field=value.`,
        'For example: --set source.clientId=abc',
      );
    }
    values[side as Side][field] = value;
  }
  return values;
}

/** "drafts=wait" -> { drafts: "wait" } */
function parsePolicies(texts: readonly string[]): Record<string, string> {
  const pairs = texts.map((text) => {
    const [, name, value] = /^(\w+)=([\w-]+)$/.exec(text) ?? [];
    if (name === undefined || value === undefined)
      throw new UsageError(
        `--policy ${text} is not of the form name=choice.`,
        'For example: --policy drafts=wait',
      );
    return [name, value] as const;
  });
  return Object.fromEntries(pairs);
}

type Manifest = { id: string; label: string; fields: readonly FieldSpec[] };

function findManifest(manifests: readonly Manifest[], id = manifests[0]?.id): Manifest {
  const manifest = manifests.find((candidate) => candidate.id === id);
  if (!manifest)
    throw new UsageError(
      `There is no connector "${id}".`,
      `Known: ${manifests.map((known) => known.id).join(', ')}.`,
    );
  return manifest;
}

const isAsked = (field: FieldSpec, given: Readonly<Record<string, string>>) =>
  field.required && given[field.name] === undefined;

/** Where nobody can be asked, everything that is missing is named at once. */
function assertComplete(...sides: (readonly [Manifest, Record<string, string>])[]): void {
  const missing = sides.flatMap(([{ fields }, given], index) => {
    const side = index === 0 ? 'source' : 'destination';
    return fields
      .filter((field) => isAsked(field, given) && field.default === undefined)
      .map(({ name, secret }) => (secret ? `--secret ${side}.${name}=@FILE` : `--set ${side}.${name}=…`));
  });
  if (missing.length > 0)
    throw new UsageError(
      'There is no terminal to ask at, and something is missing.',
      `Give it as well: ${missing.join(' ')} (connection systems says what each is; --sandbox needs none of them).`,
    );
}

async function askSide({ id, label, fields }: Manifest, given: Record<string, string>): Promise<NewSide> {
  const values = { ...given };
  for (const field of fields) if (isAsked(field, values)) values[field.name] = await askField(label, field);
  return { connector: id, values, secrets: {} };
}

async function askField(label: string, field: FieldSpec): Promise<string> {
  const prompts = await import('@clack/prompts');
  const message = `${label}: ${field.label} (${field.help})`;
  const validate = (value: string | undefined) => (value ? undefined : 'This is needed.');
  const entered = field.secret
    ? await prompts.password({ message, validate })
    : await prompts.text({
        message,
        validate,
        ...(field.default === undefined ? {} : { initialValue: field.default }),
      });
  if (prompts.isCancel(entered)) throw new UsageError('Cancelled; nothing was added.');
  return entered;
}

async function askName(): Promise<string> {
  const prompts = await import('@clack/prompts');
  const entered = await prompts.text({ message: 'Name of this connection', initialValue: 'main' });
  if (prompts.isCancel(entered)) throw new UsageError('Cancelled; nothing was added.');
  return entered;
}

export async function consent(
  name: string,
  options: GlobalOptions & { returnedUrl?: string | undefined; publicUrl?: string | undefined },
): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    if (options.returnedUrl === undefined) {
      const started = await startConsent(parts, localActor(), { connection: name });
      return answer(options.json, started, (shown) =>
        say(`Open this address and allow it:\n\n  ${shown.url}\n`),
      );
    }
    const { returnedUrl } = options;
    const done = await finishConsent(parts, localActor(), { connection: name, returnedUrl });
    answer(options.json, done, (shown) =>
      say(
        `${pc.green('connected')} ${shown.connection}${shown.account ? ` to account ${shown.account}` : ''}`,
      ),
    );
  });
}

export async function list(options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const connections = await listConnections(parts, localActor());
    answer(options.json, connections, (shown) => {
      if (shown.length === 0) return say('No connection yet. Add one: connection add');
      const rows = shown.map((c) => [
        c.name,
        `${c.sourceLabel} → ${c.destinationLabel}`,
        stateText(c.state),
        c.webhooksEnabled ? 'on' : 'off',
        c.pollCron ?? (c.pollIntervalSeconds === 0 ? 'off' : `${c.pollIntervalSeconds} s`),
        `${c.counts.synced} synced, ${c.counts.pending} pending, ${c.counts.parked} parked`,
        c.pauseReason ?? c.blocks.find(({ workedAround }) => !workedAround)?.words ?? '',
      ]);
      say(table(['name', 'systems', 'state', 'webhooks', 'polling', 'records', ''], rows));
    });
  });
}

export async function set(
  name: string,
  options: GlobalOptions & {
    set?: string[] | undefined;
    secret?: string[] | undefined;
    pollSeconds?: number | undefined;
    pollCron?: string | undefined;
    webhooks?: boolean | undefined;
    alertUrl?: string | undefined;
    policy?: string[] | undefined;
  },
): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const { id, changes } = await setConnection(parts, localActor(), {
      connection: name,
      webhooksEnabled: options.webhooks,
      pollIntervalSeconds: options.pollSeconds,
      pollCron: options.pollCron,
      alertUrl: options.alertUrl,
      values: await readValues(options),
      policies: parsePolicies(options.policy ?? []),
    });
    answer(options.json, { id, changed: changes.length > 0, changes }, (shown) => {
      if (shown.changes.length === 0)
        return say(`${name} stays as it is: nothing differs from what was there.`);
      say(`${pc.green('changed')} ${name}`);
      for (const change of shown.changes) say(`  ${change.name}: ${changeText(change)}`);
      warnOfPolls(options.pollSeconds);
    });
  });
}

/** A secret is told of, never told. */
function changeText({ from, to }: SettingChange): string {
  if (to === null) return 'replaced';
  return from === null ? to : `${from || '(empty)'} → ${to || '(empty)'}`;
}

/** Sensible for a rehearsal; a vendor counts every call. */
const OFTEN_SECONDS = 30;

function warnOfPolls(seconds: number | undefined): void {
  if (seconds === undefined || seconds === 0 || seconds >= OFTEN_SECONDS) return;
  const polls = Math.floor(3600 / seconds).toLocaleString('en');
  say(
    `${pc.yellow('often')} ${polls} polls an hour, each with several calls: the source may refuse so many. Webhooks tell at once; 300 s is usual.`,
  );
}

export async function rotate(name: string, options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const done = await rotatePaths(parts, localActor(), { connection: name });
    answer(options.json, done, (shown) => {
      say(`${pc.green('asked for')}: ${shown.callbacks} webhooks of ${name} get new paths`);
      say(
        shown.waits
          ? `It is paused: they get them when it is resumed (connection resume ${name}).`
          : `The running service does it; the old paths are served until the new ones are verified (ping ${name}).`,
      );
    });
  });
}

export async function testAlert(name: string, options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const tested = await testOperation(parts, localActor(), { connection: name });
    if (tested.failure !== null) process.exitCode = 1;
    answer(options.json, tested, (shown) =>
      say(shown.failure === null ? pc.green('sent') : `${pc.red('not sent')}: ${shown.failure}`),
    );
  });
}

export async function pause(
  name: string,
  options: GlobalOptions & { reason?: string | undefined },
): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const done = await pauseConnection(parts, localActor(), { connection: name, reason: options.reason });
    answer(options.json, done, (shown) =>
      say(
        shown.changed
          ? `${pc.yellow('paused')} ${name}; events are still accepted`
          : `${name} was paused already`,
      ),
    );
  });
}

export async function resume(name: string, options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const done = await resumeConnection(parts, localActor(), { connection: name });
    answer(options.json, done, (shown) =>
      say(shown.changed ? `${pc.green('resumed')} ${name}` : `${name} was active already`),
    );
  });
}
