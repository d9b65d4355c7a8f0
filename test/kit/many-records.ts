/** Many made-up records straight into the tables, as a large company has them after some years. */
import { sql } from 'kysely';
import type { Db } from '../../src/store/db.ts';

/** One client, six invoices and three payments for every ten; one in fifty is parked. */
export async function seedRecords(db: Db, connectionId: string, count: number): Promise<void> {
  await sql`
    insert into documents (id, connection_id, kind, source_id, lane, state, reason, label, currency, amount_minor,
      dated_on, invoice_source_id, first_seen_at, changed_at)
    select gen_random_uuid(), ${connectionId}, kind, 'many' || n, 'client/many' || (n - n % 10), state,
      case when state = 'parked' then jsonb_build_object('code', case when n % 3 = 0 then 'refused' else 'unmappable' end,
        'message', 'The destination refused it.', 'wayOut', 'Correct the cause, then replay the record.') end,
      case kind when 'client' then 'Client ' || (n / 10) || ' Ltd' else upper(left(kind, 3)) || '-' || lpad(n::text, 7, '0') end,
      case when kind <> 'client' then currency end,
      case when kind <> 'client' then 10000 + (n * 7919) % 900000 end,
      case when kind <> 'client' then to_char(date '2020-01-01' + n % 2000, 'YYYY-MM-DD') end,
      case when kind = 'payment' then 'many' || (n - 3) end,
      now() - make_interval(secs => n * 61), now() - make_interval(secs => n * 37)
    from (
      select n, case when n % 10 = 0 then 'client' when n % 10 < 7 then 'invoice' else 'payment' end as kind,
        case when n % 50 = 1 then 'parked' when n % 97 = 2 then 'pending' else 'synced' end as state,
        (array['USD', 'CAD', 'EUR', 'JPY'])[1 + (n / 10) % 4] as currency
      from generate_series(0, ${count - 1}::int) as n
    ) made`.execute(db);
  await sql`
    insert into links (connection_id, kind, source_id, currency, counterpart_id, counterpart_number, stage, fingerprint,
      confirmed, created_at)
    select connection_id, kind, source_id, coalesce(currency, 'USD'), id::text, 'A-' || lpad(substr(source_id, 5), 7, '0'),
      'posted', '', jsonb_build_object('amountMinor', amount_minor::text), first_seen_at
    from documents where connection_id = ${connectionId} and source_id like 'many%' and state = 'synced' and kind <> 'client'`.execute(
    db,
  );
  await sql`analyze documents, links`.execute(db);
}
