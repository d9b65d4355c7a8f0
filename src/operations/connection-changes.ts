/** What a change of a connection's settings came to, for a person to read. */
import type { Connection, Side } from '../store/connections.ts';

/** A secret tells neither value. */
export type SettingChange = { name: string; from: string | null; to: string | null };

export function scheduleText({
  pollIntervalSeconds,
  pollCron,
}: Pick<Connection, 'pollIntervalSeconds' | 'pollCron'>): string {
  if (pollCron !== null) return `by cron, ${pollCron}`;
  return pollIntervalSeconds === 0 ? 'off' : `every ${pollIntervalSeconds} s`;
}

/** `replaced` are the secrets that were given, as "side.field". */
export function changesBetween(
  before: Connection,
  after: Connection,
  replaced: readonly string[],
): SettingChange[] {
  const [old, now] = [toValues(before), toValues(after)];
  const names = [...new Set([...old.keys(), ...now.keys()])];
  const changed = names.filter((name) => old.get(name) !== now.get(name));
  return [
    ...changed.map((name) => ({ name, from: old.get(name) ?? '', to: now.get(name) ?? '' })),
    ...replaced.map((name) => ({ name, from: null, to: null })),
  ];
}

function toValues(connection: Connection): Map<string, string> {
  const fieldsOf = (side: Side) =>
    Object.entries(connection.settings[side]).map(([name, value]) => [`${side}.${name}`, value] as const);
  return new Map([
    ['webhooks', connection.webhooksEnabled ? 'on' : 'off'],
    ['polling', scheduleText(connection)],
    ...fieldsOf('source'),
    ...fieldsOf('destination'),
    ...Object.entries(connection.policies),
  ]);
}
