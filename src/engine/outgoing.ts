/** What a connection may call: a sandbox its own simulators, any other one https on the public internet and what the operator named. */
import { originOf } from '../core/addresses.ts';
import { type Addresses, createAddressRules } from '../platform/addresses.ts';
import type { Connection } from '../store/connections.ts';
import type { EngineParts } from './parts.ts';

const STRICT = createAddressRules();

export function addressesOf(
  { addresses = STRICT }: Pick<EngineParts, 'addresses'>,
  { simulators }: Pick<Connection, 'simulators'>,
): Addresses {
  return addresses.of(simulators);
}

/** A sandbox's may be at its simulators; anybody's elsewhere are as public as they have to be. */
export function alertAddresses(
  { addresses = STRICT }: Pick<EngineParts, 'addresses'>,
  { url, simulators }: { url: string; simulators: Connection['simulators'] },
): Addresses {
  return addresses.of(simulators?.includes(originOf(url)) ? simulators : null);
}
