/** The newest PostgreSQL that was known when this release was made; nothing outside is asked. Each release renews it. */

const NEWEST_POSTGRES = { major: 18, minor: 4, knownOn: '2026-11-29' } as const;

export type DatabaseVersion = {
  /** As the server says it: "18.4". */
  version: string;
  builtIn: boolean;
  /** The newest minor of its major that this release knows of; null for another major. */
  newestKnown: string | null;
  knownOn: string;
  /** Older than that. */
  behind: boolean;
};

export function describeVersion(server: { version: string; builtIn: boolean }): DatabaseVersion {
  const { major, minor, knownOn } = NEWEST_POSTGRES;
  const [, ownMajor, ownMinor] = /^(\d+)\.(\d+)/.exec(server.version) ?? [];
  const isSame = ownMajor === String(major);
  return {
    ...server,
    newestKnown: isSame ? `${major}.${minor}` : null,
    knownOn,
    behind: isSame && Number.parseInt(ownMinor ?? '', 10) < minor,
  };
}

/** One sentence for the start and for `status`. */
export function versionText({ version, builtIn, newestKnown, knownOn, behind }: DatabaseVersion): string {
  const own = `PostgreSQL ${version}${builtIn ? ' (built-in)' : ''}`;
  if (newestKnown === null) return `${own}.`;
  const known = `the newest known when this release was made (${knownOn}) is ${newestKnown}`;
  return behind ? `${own}; ${known}: an update is due.` : `${own}; ${known}.`;
}
