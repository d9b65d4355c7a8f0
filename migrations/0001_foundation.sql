-- The tables of the engine: what was told (events), what it is about (documents), what we did (deliveries, trail).

create table connections (
  id                     uuid primary key,
  name                   text not null unique,
  source                 text not null,
  destination            text not null,
  state                  text not null check (state in ('active', 'paused')),
  pause_reason           text,
  paused_by              text,
  source_settings        jsonb not null default '{}',
  destination_settings   jsonb not null default '{}',
  webhooks_enabled       boolean not null default true,
  poll_interval_seconds  integer not null default 300 check (poll_interval_seconds >= 0),
  next_poll_at           timestamptz,
  created_at             timestamptz not null,
  updated_at             timestamptz not null
);

-- Secrets, each row a JWE bound to this row's identity.
create table credentials (
  connection_id  uuid not null references connections on delete cascade,
  side           text not null check (side in ('source', 'destination')),
  sealed         jsonb not null,
  updated_at     timestamptz not null,
  primary key (connection_id, side)
);

-- One sealed constant for each encryption key ever used: a wrong key is noticed before anything is decrypted wrongly.
create table vault_keys (
  key_id      text primary key,
  sealed      jsonb not null,
  created_at  timestamptz not null
);

create table callbacks (
  id             uuid primary key,
  connection_id  uuid not null references connections on delete cascade,
  topic          text not null,
  path           text not null unique,
  remote_id      text,
  -- Sealed. `offered` came with a handshake and waits until the source's API has accepted it.
  verifier       jsonb,
  offered        jsonb,
  verified_at    timestamptz,
  created_at     timestamptz not null,
  unique (connection_id, topic)
);

-- The logical clock: every event and every read of the source takes the next tick, so that "was this read issued
-- after that event was received?" has an answer that no machine's clock can spoil.
create sequence event_clock;

create table documents (
  id             uuid primary key,
  connection_id  uuid not null references connections on delete cascade,
  kind           text not null check (kind in ('client', 'invoice', 'payment', 'credit')),
  source_id      text not null,
  lane           text not null,
  state          text not null check (state in ('pending', 'synced', 'parked', 'ignored')),
  reason         jsonb,
  label          text not null default '',
  currency       text,
  amount_minor   numeric,
  fetched_seq    bigint not null default 0,
  revision_id    uuid,
  first_seen_at  timestamptz not null,
  changed_at     timestamptz not null,
  unique (connection_id, kind, source_id)
);
create index documents_by_lane on documents (connection_id, lane);
create index documents_by_change on documents (changed_at desc, id);
create index documents_by_state on documents (state, changed_at desc);
create index documents_waiting on documents ((reason ->> 'waitsFor')) where state = 'parked';

create table events (
  seq            bigint primary key default nextval('event_clock'),
  connection_id  uuid not null references connections on delete cascade,
  document_id    uuid not null references documents on delete cascade,
  origin         text not null check (origin in ('webhook', 'poll', 'backfill', 'replay', 'reconciliation', 'dependency')),
  topic          text not null,
  raw            bytea,
  headers        jsonb,
  -- A full record that came along with a list page, and the tick at which that page was asked for.
  record         jsonb,
  read_seq       bigint,
  received_at    timestamptz not null,
  -- Written into the document's trail.
  noted          boolean not null default false,
  settled_at     timestamptz,
  outcome        text
);
create index events_unsettled on events (document_id, seq) where settled_at is null;
create index events_by_document on events (document_id, seq);
create index events_by_connection on events (connection_id, received_at desc);

create table revisions (
  id            uuid primary key,
  document_id   uuid not null references documents on delete cascade,
  read_seq      bigint not null,
  read_at       timestamptz not null,
  content_hash  text not null,
  raw           jsonb not null
);
create index revisions_by_document on revisions (document_id, read_seq);

-- A lane is worked by one holder at a time; `token` grows with every acquisition and fences off the previous holder.
create table lanes (
  connection_id  uuid not null references connections on delete cascade,
  lane           text not null,
  holder         text,
  token          bigint not null default 0,
  expires_at     timestamptz,
  not_before     timestamptz,
  failures       integer not null default 0,
  primary key (connection_id, lane)
);

create table links (
  connection_id       uuid not null references connections on delete cascade,
  kind                text not null,
  source_id           text not null,
  -- Clients have one account for each currency; elsewhere the document's own currency.
  currency            text not null,
  counterpart_id      text not null,
  counterpart_number  text not null,
  stage               text not null,
  -- Of the canonical document as it was delivered.
  fingerprint         text not null,
  confirmed           jsonb,
  confirmed_at        timestamptz,
  created_at          timestamptz not null,
  primary key (connection_id, kind, source_id, currency)
);
create index links_payments_of_invoice on links (connection_id, (confirmed ->> 'invoiceSourceId')) where kind = 'payment';
create unique index links_one_source on links (connection_id, kind, counterpart_id) where kind <> 'client';

create table deliveries (
  id               uuid primary key,
  connection_id    uuid not null references connections on delete cascade,
  document_id      uuid not null references documents on delete cascade,
  step_kind        text not null,
  step             jsonb not null,
  request          jsonb not null,
  mapping_version  text not null,
  state            text not null check (state in ('intended', 'succeeded', 'failed')),
  -- Grows when the vendor is known to remember a failure under the old key.
  key_generation   integer not null default 0,
  intended_at      timestamptz not null,
  -- Since when the present key may be known to the vendor.
  key_since        timestamptz not null,
  settled_at       timestamptz,
  result           jsonb,
  error            jsonb
);
create unique index deliveries_one_open on deliveries (document_id, step_kind) where state = 'intended';
create index deliveries_by_document on deliveries (document_id, intended_at);

-- The audit: one hash chain for each subject ("document:<id>", "connection:<id>", "installation").
create table trail (
  subject        text not null,
  position       integer not null,
  connection_id  uuid,
  at             timestamptz not null,
  actor          text not null,
  entry          text not null,
  -- Text, not jsonb: the hash is over exactly these bytes.
  payload        text not null,
  hash           bytea not null,
  primary key (subject, position)
);

create table trail_heads (
  subject   text primary key,
  position  integer not null,
  hash      bytea not null
);

create function append_trail(
  p_subject text, p_connection uuid, p_at timestamptz, p_actor text, p_entry text, p_payload text
) returns integer language plpgsql as $$
declare
  head trail_heads;
  next_hash bytea;
begin
  insert into trail_heads (subject, position, hash) values (p_subject, 0, '\x') on conflict do nothing;
  select * into head from trail_heads where subject = p_subject for update;
  next_hash := sha256(head.hash || convert_to(
    concat_ws(chr(31), p_subject, head.position + 1, extract(epoch from p_at), p_actor, p_entry, p_payload), 'UTF8'));
  insert into trail (subject, position, connection_id, at, actor, entry, payload, hash)
    values (p_subject, head.position + 1, p_connection, p_at, p_actor, p_entry, p_payload, next_hash);
  update trail_heads set position = head.position + 1, hash = next_hash where subject = p_subject;
  return head.position + 1;
end $$;

-- Recomputes the chains of all subjects that start with the prefix; returns the first broken place of each.
create function broken_trails(p_prefix text) returns table (subject text, "position" integer) language sql stable as $$
  with checked as (
    select t.subject, t.position, t.hash = sha256(
      coalesce(lag(t.hash) over chain, '\x'::bytea) || convert_to(
        concat_ws(chr(31), t.subject, t.position, extract(epoch from t.at), t.actor, t.entry, t.payload), 'UTF8'))
      and t.position = row_number() over chain as good
    from trail t where starts_with(t.subject, p_prefix)
    window chain as (partition by t.subject order by t.position)
  ), heads as (
    select h.subject, h.position,
      exists (select from trail t where t.subject = h.subject and t.position = h.position and t.hash = h.hash) as good
    from trail_heads h where starts_with(h.subject, p_prefix)
  )
  select bad.subject, min(bad.position)::integer
  from (select * from checked where not good union all select * from heads where not good) bad group by bad.subject
$$;

-- One token bucket for each API budget, shared by all workers (generic cell rate algorithm). Times are epoch ms.
create table rate_budgets (
  connection_id  uuid not null references connections on delete cascade,
  side           text not null,
  bucket         text not null,
  limit_calls    integer,
  window_ms      integer not null default 60000,
  next_free_ms   bigint not null default 0,
  blocked_ms     bigint not null default 0,
  primary key (connection_id, side, bucket)
);

create table cursors (
  connection_id  uuid not null references connections on delete cascade,
  kind           text not null,
  deleted        boolean not null,
  -- Everything that changed before this moment has been stored (I9).
  complete_until timestamptz not null,
  primary key (connection_id, kind, deleted)
);

create table backfills (
  id             uuid primary key,
  connection_id  uuid not null references connections on delete cascade,
  changed_since  timestamptz,
  kind           text not null,
  cursor         text,
  listed         jsonb not null default '{}',
  estimated      jsonb not null default '{}',
  state          text not null check (state in ('running', 'listed', 'failed')),
  error          text,
  actor          text not null,
  created_at     timestamptz not null,
  updated_at     timestamptz not null
);

-- Deliveries refused at the door, kept for diagnosis; the newest thousand.
create table rejections (
  id             uuid primary key,
  connection_id  uuid references connections on delete cascade,
  at             timestamptz not null,
  cause          text not null,
  status         integer not null,
  headers        jsonb not null,
  body           bytea
);
create index rejections_by_time on rejections (at desc);

-- Consents under way: a person has been sent to the source's consent page and is expected back with this state.
create table consents (
  state          text primary key,
  connection_id  uuid not null references connections on delete cascade,
  -- Sealed PKCE verifier.
  sealed         jsonb not null,
  redirect_uri   text not null,
  actor          text not null,
  expires_at     timestamptz not null
);
