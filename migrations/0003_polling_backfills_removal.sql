-- Polling by cron, re-reading what lists no longer show, backfills that prove themselves, and removed connections.

alter table connections
  add column poll_cron   text,
  -- A removed connection keeps its records and its audit, without secrets.
  add column removed_at  timestamptz;

-- When the source last showed this document, in a list or by a read of its own.
alter table documents add column seen_at timestamptz;
create index documents_by_sight on documents (connection_id, coalesce(seen_at, first_seen_at)) where revision_id is not null;

alter table backfills
  add column pass    integer not null default 1,
  -- What was listed compared with what is stored, by kind and currency (I9).
  add column report  jsonb,
  drop constraint backfills_state_check,
  add constraint backfills_state_check check (state in ('running', 'listed', 'complete', 'incomplete', 'failed'));

-- Every document that a backfill has listed, once, with the amount that the list gave.
create table backfill_items (
  backfill_id   uuid not null references backfills on delete cascade,
  kind          text not null,
  source_id     text not null,
  currency      text,
  amount_minor  numeric,
  primary key (backfill_id, kind, source_id)
);
