-- For the dashboard: API tokens, replays that run in the background, and indexes for pages and searches of many records.

-- Only the hash is kept: a token is shown once, when it is made.
create table api_tokens (
  id            uuid primary key,
  name          text not null,
  hash          bytea not null unique,
  scopes        text[] not null,
  created_by    text not null,
  created_at    timestamptz not null,
  expires_at    timestamptz,
  last_used_at  timestamptz,
  revoked_at    timestamptz
);

create table replays (
  id          uuid primary key,
  actor       text not null,
  -- As it was asked for: ids or a filter.
  request     jsonb not null,
  created_at  timestamptz not null
);
create index replays_by_time on replays (created_at desc);

-- The records of a replay as they were when it was asked for; `taken_at` is set in the transaction of the event.
create table replay_items (
  replay_id    uuid not null references replays on delete cascade,
  document_id  uuid not null references documents on delete cascade,
  taken_at     timestamptz,
  primary key (replay_id, document_id)
);
create index replay_items_waiting on replay_items (replay_id, document_id) where taken_at is null;

-- Pages, newest change first, by each filter that leaves many.
drop index documents_by_change;
drop index documents_by_state;
create index documents_by_change on documents (changed_at desc, id desc);
create index documents_by_state on documents (state, changed_at desc, id desc);
create index documents_by_kind on documents (kind, changed_at desc, id desc);
create index documents_by_connection on documents (connection_id, changed_at desc, id desc);
create index documents_by_reason on documents ((reason ->> 'code'), changed_at desc, id desc) where reason is not null;
create index documents_by_amount on documents (amount_minor);

-- Searches for part of a number, a name or an id.
create extension if not exists pg_trgm;
create index documents_by_label on documents using gin (label gin_trgm_ops);
create index documents_by_source_id on documents using gin (source_id gin_trgm_ops);
create index links_by_number on links using gin (counterpart_number gin_trgm_ops);
