/** A source whose records can always be stored: one odd character must not hold up a whole list page, nor a page everybody else. */
import { setImmediate } from 'node:timers/promises';
import { toStorable } from '../core/json.ts';
import type { Source, SourceRecord } from '../core/ports.ts';

export function storableSource(source: Source): Source {
  const clean = (record: SourceRecord): SourceRecord => ({
    ...record,
    raw: toStorable(record.raw),
    label: toStorable(record.label),
  });
  return {
    get identity() {
      return source.identity;
    },
    kinds: source.kinds,
    callbacks: source.callbacks,
    toRecord: source.toRecord,
    toCanonical: source.toCanonical,
    ...(source.permissionFor ? { permissionFor: source.permissionFor.bind(source) } : {}),
    ping: () => source.ping(),
    ...(source.revoke ? { revoke: source.revoke.bind(source) } : {}),
    async read(kind, sourceId) {
      const record = await source.read(kind, sourceId);
      await setImmediate();
      return record && clean(record);
    },
    async list(request) {
      const page = await source.list(request);
      const records: SourceRecord[] = [];
      for (const record of page.records) {
        await setImmediate();
        records.push(clean(record));
      }
      return { ...page, records };
    },
  };
}
