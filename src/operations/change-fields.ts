/** Changes the fields of one side; an address of somebody else's parts the connection from its secrets. */
import { addressFields, addressOf, originsOf, secretsMayStay } from '../core/addresses.ts';
import { UsageError } from '../core/errors.ts';
import { destinationManifest, sourceManifest } from '../engine/connection-runtime.ts';
import { addressesOf } from '../engine/outgoing.ts';
import { nowOf } from '../engine/parts.ts';
import { type Connection, hasBooks, mergeSettings, type Side } from '../store/connections.ts';
import { dropConsents } from '../store/consents.ts';
import { lockSecrets, saveSecrets } from '../store/credentials.ts';
import { problemOf } from './add-connection.ts';
import type { OperationParts } from './parts.ts';

type Values = Record<string, string>;

/** Why the connection cannot work now, for a person; undefined where it can. `connection` is locked. */
export async function changeFields(
  parts: OperationParts,
  tx: OperationParts['db'],
  connection: Connection,
  side: Side,
  given: Values,
): Promise<string | undefined> {
  const manifest =
    side === 'source'
      ? sourceManifest(parts.registry, connection.source)
      : destinationManifest(parts.registry, connection.destination);
  assertFit(parts, manifest, connection, side, given);
  await keepIdentity(parts, tx, connection, side, manifest, given);
  const isSecret = (name: string) => manifest.fields.some((field) => field.name === name && field.secret);
  const pick = (secret: boolean) =>
    Object.fromEntries(Object.entries(given).filter(([name]) => isSecret(name) === secret));
  const before = connection.settings[side];
  const after = { ...before, ...pick(false) };
  await mergeSettings(tx, connection.id, side, pick(false), nowOf(parts));
  const key = { connectionId: connection.id, side };
  const own = connection.simulators ?? manifest.origins ?? [];
  const stay = secretsMayStay(own, originsOf(manifest, before), originsOf(manifest, after));
  if (stay && Object.keys(pick(true)).length === 0) return undefined;
  // A renewal under way must not be overwritten with the token it has just used up.
  const secrets = await lockSecrets(tx, parts.vault, key);
  await saveSecrets(tx, parts.vault, key, { ...(stay ? secrets : {}), ...pick(true) }, nowOf(parts));
  if (stay) return undefined;
  await dropConsents(tx, connection.id);
  return wordsFor(manifest, side, pick(true));
}

type Manifest = ReturnType<typeof sourceManifest> | ReturnType<typeof destinationManifest>;

function assertFit(
  parts: OperationParts,
  manifest: Manifest,
  connection: Connection,
  side: Side,
  given: Values,
): void {
  const unknown = Object.keys(given).filter((name) => !manifest.fields.some((field) => field.name === name));
  if (unknown.length > 0) throw new UsageError(`${manifest.label} has no field ${unknown.join(', ')}.`);
  const addresses = addressesOf(parts, connection);
  const problems = manifest.fields.flatMap((field) => {
    const value = given[field.name];
    const problem = value === undefined ? undefined : problemOf(field, value, addresses);
    return problem === undefined ? [] : [`${field.name}: ${problem}`];
  });
  if (connection.simulators) problems.push(...leavingSandbox(manifest, connection, side, given));
  if (problems.length > 0) throw new UsageError([`${manifest.label}:`, ...problems.map((p) => `  ${p}`)]);
}

/** Whose books they are stays once there are records of them; before that, what was found by itself is found anew. */
async function keepIdentity(
  parts: OperationParts,
  tx: OperationParts['db'],
  { id, name, settings }: Connection,
  side: Side,
  { identitySettings = [], fields, label }: Manifest,
  given: Record<string, string>,
): Promise<void> {
  const present = settings[side];
  if (!(await hasBooks(tx, id, side))) {
    const found = identitySettings.filter(
      (one) => present[one] && !fields.some((field) => field.name === one),
    );
    const none = Object.fromEntries(found.map((one) => [one, '']));
    if (found.length > 0) await mergeSettings(tx, id, side, none, nowOf(parts));
    return;
  }
  const changed = identitySettings.find(
    (one) => given[one] !== undefined && given[one] !== (present[one] ?? ''),
  );
  if (changed === undefined) return;
  const what = fields.find((field) => field.name === changed)?.label ?? changed;
  throw new UsageError(
    `${name} has records already: ${label}’s ${what} stays ${present[changed] || 'empty'}.`,
    'Add a connection of its own for the other one: connection add',
  );
}

/** An address that is cleared would be the vendor's own. */
function leavingSandbox(manifest: Manifest, { settings }: Connection, side: Side, given: Values): string[] {
  return addressFields(manifest).flatMap((field) => {
    const isCleared = given[field.name] === '' && addressOf(field, settings[side]) !== '';
    return isCleared ? [`${field.name}: a sandbox calls its own simulators only; it cannot be cleared`] : [];
  });
}

function wordsFor(manifest: Manifest, side: Side, given: Values): string | undefined {
  const missing = manifest.fields.filter(
    ({ name, secret, required }) => secret && required && given[name] === undefined,
  );
  const needsConsent = 'consent' in manifest && manifest.consent !== undefined;
  const steps = [
    ...missing.map(({ label, name }) => `enter the ${label.toLowerCase()} again (${side}.${name})`),
    ...(needsConsent ? ['give consent again'] : []),
  ];
  if (steps.length === 0) return undefined;
  return `New address for ${manifest.label}, so its secrets were dropped: ${steps.join(', then ')}.`;
}
