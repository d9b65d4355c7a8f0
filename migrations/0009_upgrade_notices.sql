-- What an upgrade found that a person has to do or to know: shown at the start, by `status` and in the dashboard until it is done.

create table upgrade_notices (
  id             uuid primary key default gen_random_uuid(),
  -- What it is about, in a closed set of the code: 'token-ended', 'connection-renamed', ...
  code           text not null,
  connection_id  uuid references connections on delete cascade,
  -- Which one: a name, an id, an address. One notice for each code and subject.
  subject        text not null,
  message        text not null,
  -- What to do about it; empty where knowing is enough.
  action         text not null default '',
  created_at     timestamptz not null,
  -- Set by a person who has read it, or by the code when nothing is left to do.
  done_at        timestamptz,
  done_by        text,
  unique (code, subject)
);
