-- What comes in again and again, genuine or not, takes a bounded place.

-- A delivery that says once more what another one has said, before anybody has looked, is counted in that one's event.
alter table events
  -- Of a webhook: equal means that the same was said by the same sender.
  add column signature    text,
  add column repeats      integer not null default 0,
  add column repeated_at  timestamptz,
  -- A document told of too often is looked at later: nobody looks because of this event before then.
  add column due_at       timestamptz;
create unique index events_same on events (document_id, topic, signature)
  where settled_at is null and not noted and signature is not null;

-- Every refusal, by day; without a connection: sent to an address that is nobody's.
create table rejection_counts (
  connection_id  uuid references connections on delete cascade,
  cause          text not null,
  day            date not null,
  count          bigint not null,
  last_at        timestamptz not null,
  unique nulls not distinct (connection_id, cause, day)
);
insert into rejection_counts
  select connection_id, cause, (at at time zone 'UTC')::date, count(*), max(at) from rejections group by 1, 2, 3;

-- Some of them in full, as many for each connection and cause; those to nobody's address apart.
create index rejections_by_kind on rejections (connection_id, cause, at desc);
update rejections set
  headers = case when octet_length(headers::text) <= 4096 then headers else (
    select coalesce(jsonb_object_agg(left(key, 64), left(value, 256)), '{}')
    from (select * from jsonb_each_text(headers) order by key limit 12) as few) end,
  body = substring(body from 1 for 4096);
