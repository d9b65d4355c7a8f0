/** Where a connection's secrets may go: which settings are addresses, and when a changed one parts with the secrets. */
import type { DestinationManifest, FieldSpec, SourceManifest } from './ports.ts';

/** The `code` of an OperatingError: the address must not be called; a person has to correct it, or the operator to allow it. */
export const ADDRESS_REFUSED = 'address-refused';

type Manifest = Pick<SourceManifest | DestinationManifest, 'fields'>;

/** By field; '' where the connector chooses among its own. */
export type Origins = Readonly<Record<string, string>>;

export function addressFields({ fields }: Manifest): FieldSpec[] {
  return fields.filter(({ address }) => address === 'called' || address === 'opened');
}

export function addressOf(field: FieldSpec, settings: Readonly<Record<string, string>>): string {
  return settings[field.name] || (field.default ?? '');
}

export function originsOf(manifest: Manifest, settings: Readonly<Record<string, string>>): Origins {
  return Object.fromEntries(
    addressFields(manifest).map((field) => [field.name, originOf(addressOf(field, settings))]),
  );
}

/** Where it has no origin, it is its own. */
export function originOf(address: string): string {
  const origin = URL.canParse(address) ? new URL(address).origin : 'null';
  return origin === 'null' ? address : origin;
}

/**
 * Each address in its own right, or the one that is shown nothing secret could trade places with the one that is.
 * `own`: among these, secrets may move; from and to any other they do not.
 */
export function secretsMayStay(own: readonly string[], before: Origins, after: Origins): boolean {
  const isOwn = (origin: string | undefined) =>
    origin === '' || (origin !== undefined && own.includes(origin));
  return Object.entries(after).every(
    ([name, origin]) => origin === before[name] || (isOwn(origin) && isOwn(before[name])),
  );
}
