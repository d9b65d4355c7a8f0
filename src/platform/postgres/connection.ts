/** How to reach a PostgreSQL that the launcher started, as data that can be written to a file. */

export type LocalConnection = {
  /** The directory of the unix socket; `pg` treats a host that begins with a slash as one. */
  host: string;
  port: number;
  user: string;
  database: string;
};

/** The same as a URL, for tools that want one: the socket directory travels percent-encoded as the host. */
export function toConnectionString(connection: LocalConnection): string {
  const { host, port, user, database } = connection;
  return `postgresql://${encodeURIComponent(user)}@${encodeURIComponent(host)}:${port}/${encodeURIComponent(database)}`;
}
