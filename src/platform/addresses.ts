/** Which addresses may be called: https on the public internet, what the operator named, a sandbox's own simulators. */
import { type LookupAddress, lookup as lookupName } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { UsageError } from '../core/errors.ts';

const ALLOWING = 'ML_ALLOW_PRIVATE_ADDRESSES';
const CONNECT_TIMEOUT_MS = 10_000;

/** What may be called on behalf of one connection. */
export type Addresses = {
  /** Why it is not called, in words without the address itself (there may be a secret in it); undefined when it may be. */
  problemOf(address: string): string | undefined;
  /** The same by the addresses that a name has now; one that has none is for the call to tell. */
  problemNow(address: string): Promise<string | undefined>;
  /** The same at the moment of connecting, for each address that the name has just then. */
  connect: buildConnector.connector;
};

export type AddressRules = {
  /** A sandbox calls these origins and nothing else, on this machine; without them, it is https. */
  of(simulators?: readonly string[] | null): Addresses;
};

/** Goes into a socket's error, and comes back as the cause of a failed call. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
  readonly code = 'ADDRESS_REFUSED';
}

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
const isIn = (list: BlockList, address: string) => list.check(address, familyOf(address));

type Range = { what: string; list: BlockList };

function range(what: string, ...subnets: readonly string[]): Range {
  const list = new BlockList();
  for (const subnet of subnets) addSubnet(list, subnet);
  return { what, list };
}

/** Source: IANA's registries of special-purpose addresses for IPv4 and IPv6, and multicast. The first one that fits names it. */
const NOT_PUBLIC: readonly Range[] = [
  range('this machine itself', '127.0.0.0/8', '0.0.0.0/8', '::1/128', '::/128'),
  // 168.63.129.16 is public, and yet every virtual machine of one large cloud has its platform there.
  range('link-local, where clouds keep their metadata', '169.254.0.0/16', 'fe80::/10', '168.63.129.16/32'),
  range('a private network', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fec0::/10'),
  range('a network shared by a provider', '100.64.0.0/10'),
  range('multicast', '224.0.0.0/4', 'ff00::/8'),
  range(
    'not on the public internet',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.88.99.0/24',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '240.0.0.0/4',
    '2001::/23',
    '2001:db8::/32',
    '2002::/16',
    '3fff::/20',
  ),
];
const THIS_MACHINE = range('', '127.0.0.0/8', '::1/128').list;
/** All of IPv6 that is given out so far; the rest is nobody's. */
const GIVEN_OUT = range('', '2000::/3').list;
/** With an IPv4 address in their last 32 bits, which then decides. */
const AROUND_IPV4 = range('', '::ffff:0:0/96', '64:ff9b::/96').list;

/** What kind of address it is, in words, where it is not on the public internet. */
function kindOf(address: string): string | undefined {
  const known = NOT_PUBLIC.find(({ list }) => isIn(list, address));
  if (known) return known.what;
  return isIP(address) === 6 && !isIn(GIVEN_OUT, address) ? 'not on the public internet' : undefined;
}

/** Without zone and brackets, and as the IPv4 address that is inside. */
function toPlain(address: string): string {
  const [bare = ''] = address.replace(/^\[|\]$/g, '').split('%');
  if (isIP(bare) !== 6 || !isIn(AROUND_IPV4, bare)) return bare;
  const dotted = /(?:\d+\.){3}\d+$/.exec(bare)?.[0];
  if (dotted !== undefined) return dotted;
  // The web's own spelling has groups without leading zeros: "::ffff:7f00:1", and "64:ff9b::1" for 0.0.0.1.
  const groups = new URL(`http://[${bare}]`).hostname.slice(1, -1).replace('::', ':0:').split(':').slice(-2);
  const bytes = groups.flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
  return bytes.join('.');
}

const toHost = (host: string) => host.toLowerCase().replace(/\.$/, '');

function addSubnet(list: BlockList, entry: string): void {
  const [address = '', prefix] = entry.split('/');
  const bits = prefix ?? (isIP(address) === 6 ? '128' : '32');
  list.addSubnet(address, Number.parseInt(bits, 10), familyOf(address));
}

const HOST_NAME =
  /^(?=.{1,253}$)(?!\d+$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/;
const RANGE = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/;

/** "10.1.0.0/16", "fd00::7" or "billing.internal". Throws UsageError naming all that is neither. */
function parseAllowed(entries: readonly string[]): (host: string, address: string) => boolean {
  const list = new BlockList();
  const hosts = new Set<string>();
  const wrong = entries.filter((entry) => {
    const text = toHost(entry);
    const [, address = '', prefix = '0'] = RANGE.exec(text) ?? [];
    const isRange = isIP(address) !== 0 && Number.parseInt(prefix, 10) <= (isIP(address) === 6 ? 128 : 32);
    if (isRange) addSubnet(list, text);
    else if (HOST_NAME.test(text) && /[a-z]/.test(text)) hosts.add(text);
    else return true;
    return false;
  });
  if (wrong.length > 0)
    throw new UsageError(
      `${ALLOWING}: ${wrong.map((entry) => JSON.stringify(entry)).join(', ')} is neither a host nor a range of addresses.`,
      'For example: billing.internal, 10.1.0.0/16',
    );
  return (host, address) => hosts.has(toHost(host)) || isIn(list, address);
}

/** `allowed`: hosts and ranges that the operator named. `lookup` is handed in by tests. */
export function createAddressRules({
  allowed = [],
  lookup = lookupName,
}: {
  allowed?: readonly string[] | undefined;
  lookup?: typeof lookupName;
} = {}): AddressRules {
  const isAllowed = parseAllowed(allowed);

  /** Why this machine must not connect to `found`, which is what `host` is or has as its address. */
  function against(host: string, found: string): string | undefined {
    const address = toPlain(found);
    const kind = kindOf(address);
    if (kind === undefined || isAllowed(host, address)) return undefined;
    const named = toPlain(host) === address ? address : `${host}, which is ${address},`;
    return `${named} is ${kind}; it is called only where ${ALLOWING} names it`;
  }

  function problemOf(address: string): string | undefined {
    const problem = formProblem(address);
    if (problem !== undefined) return problem;
    const { protocol, hostname } = new URL(address);
    if (protocol !== 'https:') return 'it has to begin with https://';
    const host = toPlain(hostname);
    if (isIP(host) !== 0) return against(host, host);
    return /(^|\.)localhost$/.test(toHost(host)) ? against(host, '127.0.0.1') : undefined;
  }

  function inSandbox(simulators: readonly string[]): Addresses {
    const onThisMachine = (_host: string, found: string) =>
      isIn(THIS_MACHINE, toPlain(found)) ? undefined : 'a sandbox is on this machine and nowhere else';
    const isOwn = (address: string) => simulators.includes(new URL(address).origin);
    return toAddresses(
      (address) =>
        formProblem(address) ??
        (isOwn(address) ? undefined : `a sandbox calls its own simulators only (${simulators.join(', ')})`),
      onThisMachine,
      lookup,
    );
  }

  const outside = toAddresses(problemOf, against, lookup);
  return { of: (simulators) => (simulators ? inSandbox(simulators) : outside) };
}

function toAddresses(
  problemOf: Addresses['problemOf'],
  against: Against,
  lookup: typeof lookupName,
): Addresses {
  return {
    problemOf,
    problemNow: (address) =>
      new Promise((resolve) => {
        const problem = problemOf(address);
        if (problem !== undefined) return resolve(problem);
        const host = toPlain(new URL(address).hostname);
        lookup(host, { all: true }, (error, found) => {
          const refused = error ? [] : found.map((one) => against(host, one.address));
          resolve(refused.every((words) => words !== undefined) ? refused[0] : undefined);
        });
      }),
    connect: connectorFor(against, lookup),
  };
}

function formProblem(address: string): string | undefined {
  const url = URL.parse(address);
  if (!url || !/^[a-z][a-z0-9+.-]*:\/\/[^\s\\]+$/i.test(address))
    return 'it is no whole address; one looks like https://api.example.com';
  if (/^[^/]*\/\/[^/?#]*@/.test(address)) return 'leave user name and password out of it';
  if (address.includes('#')) return 'leave out what follows the #';
  return undefined;
}

/** For the page that a browser comes back to, which may be ours on this machine. */
export function returnAddressProblem(address: string): string | undefined {
  const problem = formProblem(address);
  if (problem !== undefined) return problem;
  return /^https?:/i.test(address)
    ? undefined
    : 'it begins with https:// (or http://, on a machine of your own)';
}

/** A simulator is on this machine, and spelled so that no resolver has a say. */
export function isOnThisMachine(address: string): boolean {
  const url = formProblem(address) === undefined ? new URL(address) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') return false;
  const host = toPlain(url.hostname);
  return isIP(host) === 0 ? host === 'localhost' : isIn(THIS_MACHINE, host);
}

type Against = (host: string, address: string) => string | undefined;

/** Names are resolved here and connected to as resolved: what a second look-up would say does not matter. */
function connectorFor(against: Against, lookup: typeof lookupName): buildConnector.connector {
  const checkedLookup: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error) return callback(error, []);
      const good = found.filter(({ address }) => against(hostname, address) === undefined);
      const [first] = good;
      if (!first) {
        const [refused] = found.map(({ address }) => against(hostname, address));
        return callback(new AddressRefused(refused ?? `${hostname} has no address`), []);
      }
      if (options.all === true) callback(null, good);
      else callback(null, first.address, first.family);
    });
  };
  const connect = buildConnector({ timeout: CONNECT_TIMEOUT_MS, lookup: checkedLookup });
  return (options, callback) => {
    const host = toPlain(options.hostname);
    const problem = isIP(host) === 0 ? undefined : against(host, host);
    if (problem === undefined) connect(options, callback);
    else callback(new AddressRefused(problem), null);
  };
}
