/** The systems that can be connected, as their connectors describe themselves. */
import type { FieldSpec, SourceManifest } from '../core/ports.ts';
import { redirectUriOf } from './add-connection.ts';
import { type Actor, requireRole } from './context.ts';
import type { OperationParts } from './parts.ts';

export async function listConnectors(parts: OperationParts, actor: Actor) {
  requireRole(actor, 'viewer');
  const { sources, destinations } = parts.registry;
  return {
    publicUrl: parts.publicUrl,
    systems: [...sources, ...destinations].map((manifest) => ({
      id: manifest.id,
      label: manifest.label,
      side: manifest.side,
      fields: manifest.fields.map(toField),
      hasSandbox: manifest.simulator !== undefined,
      /** Where a person's browser comes back to; null where no consent is asked for. */
      redirectUri: needsConsent(manifest) ? redirectUriOf(parts.publicUrl, manifest.id) : null,
    })),
  };
}

function needsConsent(manifest: { side: string; consent?: SourceManifest['consent'] }): boolean {
  return manifest.consent !== undefined;
}

function toField({ name, label, help, secret, required, choices, table, default: preset }: FieldSpec) {
  return {
    name,
    label,
    help,
    secret,
    required,
    choices: choices ? [...choices] : null,
    table: table
      ? {
          from: table.from,
          to: table.to,
          fromChoices: table.fromChoices ? [...table.fromChoices] : null,
          toChoices: table.toChoices ? [...table.toChoices] : null,
        }
      : null,
    default: preset ?? null,
  };
}
