-- Messages to a person's own address when a connection pauses or records park.

alter table connections
  add column alert_url   text,
  -- What parked earlier is not told.
  add column alert_since timestamptz;

create table alerts (
  id             uuid primary key,
  connection_id  uuid not null references connections on delete cascade,
  what           text not null check (what in ('paused', 'parked', 'test')),
  -- Of a parked record, or why the connection pauses.
  code           text not null,
  count          integer not null,
  -- The newest of the parked records that it tells of.
  newest_at      timestamptz,
  created_at     timestamptz not null,
  attempts       integer not null default 0,
  -- Null once it was sent or given up.
  next_at        timestamptz,
  tried_at       timestamptz,
  error          text
);
create index alerts_due on alerts (next_at) where next_at is not null;
create index alerts_by_connection on alerts (connection_id, created_at desc);
