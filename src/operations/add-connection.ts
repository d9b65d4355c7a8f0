/** Adds a connection with real credentials, or with those of a running sandbox. */
import { addressFields, addressOf, originOf } from '../core/addresses.ts';
import { UsageError } from '../core/errors.ts';
import { looksLikeId, newId } from '../core/ids.ts';
import type { DestinationManifest, FieldSpec, Secrets, SourceManifest } from '../core/ports.ts';
import { parseTable } from '../core/table.ts';
import { destinationManifest, sourceManifest } from '../engine/connection-runtime.ts';
import { addressesOf } from '../engine/outgoing.ts';
import { nowOf } from '../engine/parts.ts';
import { type Addresses, isOnThisMachine, returnAddressProblem } from '../platform/addresses.ts';
import { insertConnection, setConnectionState } from '../store/connections.ts';
import { saveSecrets } from '../store/credentials.ts';
import { sqlRunner } from '../store/db.ts';
import { type Actor, requireRole } from './context.ts';
import { auditDecision, type OperationParts } from './parts.ts';

export type NewSide = { connector: string; values: Record<string, string>; secrets: Secrets };

export type AddConnectionRequest = {
  name: string;
  source: NewSide;
  destination: NewSide;
  webhooksEnabled: boolean;
  pollIntervalSeconds: number;
  /** Takes the interval's place. */
  pollCron?: string | undefined;
  /** Waits until a person switches it on, after looking at checks and preview. */
  startPaused?: boolean | undefined;
};

/** A consent does not end this pause: somebody is still at it. */
export const BEING_SET_UP = 'It is being set up; switch it on when the checks are green.';

/** What the sandbox verbs found: settings and credentials of running simulators, and the origins of these. */
export type SandboxSides = { source: NewSide; destination: NewSide; simulators: readonly string[] };

/** Returns its id. Where the source needs a person's consent first, the connection starts paused and says so. */
export async function addConnection(
  parts: OperationParts,
  actor: Actor,
  request: AddConnectionRequest,
  /** Apart from the request, so that no request can bring them: they mark the connection as a sandbox, for good. */
  { simulators }: { simulators?: readonly string[] } = {},
): Promise<{ id: string; needsConsent: boolean }> {
  requireRole(actor, 'admin');
  if (!/^[\w][\w .-]{0,62}$/.test(request.name)) {
    throw new UsageError('A connection’s name has 1 to 63 letters, digits, blanks, dots or dashes.');
  }
  if (looksLikeId(request.name))
    throw new UsageError('A connection’s name cannot look like an id.', 'Choose a name made of words.');
  const source = sourceManifest(parts.registry, request.source.connector);
  const destination = destinationManifest(parts.registry, request.destination.connector);
  const addresses = addressesOf(parts, { simulators: simulators ?? null });
  const sides = {
    source: toSide(source, request.source, addresses),
    destination: toSide(destination, request.destination, addresses),
  };
  const needsConsent = source.consent !== undefined && sides.source.secrets['refreshToken'] === undefined;
  const id = newId(parts.clock.now());
  await parts.db.transaction().execute(async (tx) => {
    const now = nowOf(parts);
    await insertConnection(
      tx,
      {
        id,
        name: request.name,
        source: source.id,
        destination: destination.id,
        settings: { source: sides.source.settings, destination: sides.destination.settings },
        webhooksEnabled: request.webhooksEnabled,
        pollIntervalSeconds: request.pollIntervalSeconds,
        pollCron: request.pollCron,
        simulators,
      },
      now,
    ).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === '23505') {
        throw new UsageError(`There is a connection "${request.name}" already.`, 'Choose another name.');
      }
      throw error;
    });
    for (const side of ['source', 'destination'] as const) {
      await saveSecrets(tx, parts.vault, { connectionId: id, side }, sides[side].secrets, now);
    }
    if (needsConsent || request.startPaused === true) {
      const reason = request.startPaused === true ? BEING_SET_UP : `${source.label} waits for consent`;
      await setConnectionState(tx, id, { state: 'paused', reason, by: actor.name }, now);
    }
    await parts.queue.wake('callbacks', [{ key: id }], sqlRunner(tx));
    await auditDecision(parts, tx, actor, id, {
      summary: `added: ${source.label} to ${destination.label}`,
      name: request.name,
    });
  });
  return { id, needsConsent };
}

/** Sorts what was given into settings and secrets by the manifest; names every missing or unknown field at once. */
function toSide(
  manifest: SourceManifest | DestinationManifest,
  given: NewSide,
  addresses: Addresses,
): { settings: Record<string, string>; secrets: Secrets } {
  const problems: string[] = [];
  const settings: Record<string, string> = {};
  const secrets: Secrets = { ...given.secrets };
  const known = new Map(manifest.fields.map((field) => [field.name, field]));
  for (const [name, value] of Object.entries(given.values)) {
    const field = known.get(name);
    if (!field)
      problems.push(`${name}: ${manifest.label} has no such field (known: ${[...known.keys()].join(', ')})`);
    else if (problemOf(field, value, addresses) !== undefined)
      problems.push(`${name}: ${problemOf(field, value, addresses)}`);
    else if (field.secret) secrets[name] = value;
    else settings[name] = value;
  }
  for (const field of manifest.fields) {
    const value = field.secret ? secrets[field.name] : settings[field.name];
    if (value === undefined && field.default !== undefined) settings[field.name] = field.default;
    else if (value === undefined && field.required && given.values[field.name] === undefined)
      problems.push(`${field.name}: ${missing(field)}`);
  }
  const preset = presetProblems(manifest, settings, given.values, addresses);
  if (problems.length + preset.length > 0)
    throw new UsageError([`${manifest.label}:`, ...[...problems, ...preset].map((p) => `  ${p}`)]);
  return { settings, secrets };
}

/** A sandbox must not reach for the vendor's own where its simulator named nothing. */
function presetProblems(
  manifest: SourceManifest | DestinationManifest,
  settings: Record<string, string>,
  given: Record<string, string>,
  addresses: Addresses,
): string[] {
  return addressFields(manifest).flatMap((field) => {
    const value = addressOf(field, settings);
    const problem = given[field.name] || value === '' ? undefined : addresses.problemOf(value);
    return problem === undefined ? [] : [`${field.name}: ${problem}`];
  });
}

/** What is wrong with a value given for a field; undefined when it may be taken. */
export function problemOf(field: FieldSpec, value: string, addresses: Addresses): string | undefined {
  if (field.required && value.trim() === '') return missing(field);
  if (field.choices && !field.choices.includes(value)) return `one of ${field.choices.join(', ')}`;
  const table = field.table && parseTable(field.name, field.table, value);
  if (table?.ok === false) return table.problems.map((wrong) => `"${wrong.value}": ${wrong.rule}`).join('; ');
  return field.address && value !== '' ? addressProblem(field, value, addresses) : undefined;
}

function addressProblem({ address }: FieldSpec, value: string, addresses: Addresses): string | undefined {
  if (address === 'returned') return returnAddressProblem(value);
  const problem = addresses.problemOf(value);
  if (problem !== undefined || address === 'opened') return problem;
  return value.includes('?') ? 'leave out what follows the question mark' : undefined;
}

function missing(field: FieldSpec): string {
  return `missing (${field.label}: ${field.help})`;
}

/** A running sandbox of each side, ready to be added. Throws UsageError when one is not running. */
export async function sandboxSides(
  parts: OperationParts,
  request: {
    source: string;
    destination: string;
    sourceUrl?: string | undefined;
    destinationUrl?: string | undefined;
  },
): Promise<SandboxSides> {
  const source = sourceManifest(parts.registry, request.source);
  const destination = destinationManifest(parts.registry, request.destination);
  const [from, to] = [urlOf(source, request.sourceUrl), urlOf(destination, request.destinationUrl)];
  return {
    source: await sandboxSide(source, from, parts.publicUrl),
    destination: await sandboxSide(destination, to, parts.publicUrl),
    simulators: [...new Set([from, to].map(originOf))],
  };
}

function urlOf({ label, simulator }: SourceManifest | DestinationManifest, url: string | undefined): string {
  if (!simulator) throw new UsageError(`${label} has no sandbox.`);
  const at = url ?? `http://127.0.0.1:${simulator.defaultPort}`;
  if (isOnThisMachine(at)) return at;
  throw new UsageError(
    `A sandbox is on this machine, and ${JSON.stringify(at)} is not.`,
    'For example: http://127.0.0.1:4010',
  );
}

async function sandboxSide(
  manifest: SourceManifest | DestinationManifest,
  at: string,
  publicUrl: string,
): Promise<NewSide> {
  const { simulator } = manifest;
  if (!simulator) throw new UsageError(`${manifest.label} has no sandbox.`);
  try {
    const { settings, secrets } = await simulator.connect(at, redirectUriOf(publicUrl, manifest.id));
    return { connector: manifest.id, values: settings, secrets };
  } catch (cause) {
    throw new UsageError(
      `No ${manifest.label} sandbox answers at ${at} (${cause instanceof Error ? cause.message : String(cause)}).`,
      `Start it in another terminal: npm run simulator:${manifest.id}`,
    );
  }
}

export function redirectUriOf(publicUrl: string, connector: string): string {
  return `${publicUrl}/oauth/${connector}/callback`;
}
