-- Callback paths become secrets: a hash to look one up by, and the path itself sealed, to register it.
-- What a handshake offers waits in a table of its own until the source's API has accepted it. A path is replaced by a new one
-- beside it: the old one is served until the new one is verified.

alter table callbacks
  add column path_hash    text,
  add column path_sealed  jsonb,
  -- 'current' is registered for its topic, 'next' takes its place once it is verified, 'old' is being taken back.
  add column role         text not null default 'current' check (role in ('current', 'next', 'old')),
  -- Since when a handshake is awaited; null when none was asked for.
  add column asked_at     timestamptz,
  -- Since when it is to be replaced.
  add column replace_at   timestamptz,
  add column retired_at   timestamptz,
  alter column path drop not null,
  drop constraint callbacks_connection_id_topic_key;

update callbacks set path_hash = encode(sha256(convert_to(path, 'UTF8')), 'hex');

-- `path` and `offered` are of before: sealing needs the key, so the first start does it and leaves null in both.
alter table callbacks
  alter column path_hash set not null,
  alter column role drop default,
  add unique (path_hash),
  add check (num_nonnulls(path, path_sealed) = 1);

create unique index callbacks_one_of_a_role on callbacks (connection_id, topic, role) where role <> 'old';

create table callback_offers (
  id           uuid primary key,
  callback_id  uuid not null references callbacks on delete cascade,
  -- The source's own id of the callback, and the verifier; nothing of it is believed yet.
  sealed       jsonb not null,
  refused      boolean not null default false,
  offered_at   timestamptz not null
);
create index on callback_offers (callback_id);

-- Every path of before stands in clear in the audit, whose chains are never rewritten: each is replaced once.
update callbacks set replace_at = now();
insert into upgrade_notices (code, connection_id, subject, message, created_at)
select 'callback-paths', c.id, c.id::text,
  'The webhook paths of "' || c.name || '" are being replaced by new ones, which the timeline does not show. '
    || 'The old ones are served until then. A connection that is paused gets its new paths when it is resumed.', now()
from connections c
where c.removed_at is null and exists (select from callbacks b where b.connection_id = c.id);
