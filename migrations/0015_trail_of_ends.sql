-- The audit notices more: entries bind every field and a key, chain ends are sealed into a signed chain of their own, and nothing may be taken out.

-- The installation's own signing key: Ed25519 for signatures, and a key for the code that each trail entry bears. Old public keys stay.
create table signing_keys (
  id           integer primary key,
  -- SubjectPublicKeyInfo.
  public_key   bytea not null,
  -- JWE; of a retired key only what checks entries is left in it.
  sealed       jsonb not null,
  created_at   timestamptz not null,
  retired_at   timestamptz
);
create unique index signing_keys_one_in_force on signing_keys ((true)) where retired_at is null;

-- Format 1 is what was written before: its hash leaves out the connection, and it bears no code. Nothing is hashed anew.
alter table trail
  add column format  smallint not null default 1,
  add column id      uuid,
  add column key_id  integer,
  add column mac     bytea;
alter table trail alter column format drop default;
alter table trail add constraint trail_format_check
  check (format = 1 or (format = 2 and id is not null and key_id is not null and mac is not null)) not valid;

alter table trail_heads
  -- Entries up to here may have format 1. Counts only for chains sealed before the end "upgraded".
  add column old_position  integer not null default 0,
  -- Something in it is not sealed yet.
  add column unsealed      boolean not null default true;
update trail_heads set old_position = position;
create index trail_heads_unsealed on trail_heads (subject) where unsealed;

-- The chain of ends: a batch now and then with the new end of every chain that has grown, each batch signed.
create table trail_batches (
  number     integer primary key,
  sealed_at  timestamptz not null,
  chains     integer not null,
  ends_hash  bytea not null,
  hash       bytea not null,
  key_id     integer not null,
  signature  bytea not null
);
create table trail_ends (
  subject        text not null,
  batch          integer not null references trail_batches,
  position       integer not null,
  hash           bytea not null,
  connection_id  uuid,
  old_position   integer not null,
  -- Where the chain was broken already when it was entered: entered as it is, not vouched for.
  broken_at      integer,
  primary key (subject, batch)
);
create index trail_ends_by_batch on trail_ends (batch);
create index trail_ends_broken on trail_ends (subject) where broken_at is not null;

-- Checks of the whole audit, as somebody asked for them.
create table trail_checks (
  id           uuid primary key,
  actor        text not null,
  started_at   timestamptz not null,
  -- Moves while it runs.
  seen_at      timestamptz not null,
  finished_at  timestamptz,
  chains       integer not null default 0,
  entries      bigint not null default 0,
  batches      integer not null default 0,
  faults       jsonb not null default '[]'
);
create index trail_checks_by_time on trail_checks (started_at desc);

drop function broken_trails(text);
drop function append_trail(text, uuid, timestamptz, text, text, text);

-- `p_content` is the hash over all that the entry says, made by the application (src/store/trail-format.ts). It is not kept:
-- a check makes it anew of what stands in the row.
create function append_trail(
  p_id uuid, p_subject text, p_connection uuid, p_at timestamptz, p_actor text, p_entry text, p_payload text,
  p_content bytea, p_key integer, p_mac bytea
) returns integer language plpgsql security definer as $$
declare
  head trail_heads;
  next_hash bytea;
begin
  if exists (select from signing_keys where id = p_key and retired_at is not null) then
    raise exception 'the signing key % was replaced: this process has to be started again', p_key;
  end if;
  select * into head from trail_heads where subject = p_subject for update;
  if not found then
    insert into trail_heads (subject, position, hash) values (p_subject, 0, '\x') on conflict do nothing;
    select * into strict head from trail_heads where subject = p_subject for update;
  end if;
  next_hash := sha256(head.hash || int4send(head.position + 1) || p_content || int4send(p_key) || p_mac);
  insert into trail (subject, position, connection_id, at, actor, entry, payload, hash, format, id, key_id, mac)
    values (p_subject, head.position + 1, p_connection, p_at, p_actor, p_entry, p_payload, next_hash, 2, p_id, p_key, p_mac);
  update trail_heads set position = head.position + 1, hash = next_hash, unsealed = true where subject = p_subject;
  return head.position + 1;
end $$;

-- Enters a batch after the newest one. A chain that has moved on, or is being written, stays unsealed for the next batch.
create function seal_trail(
  p_number integer, p_at timestamptz, p_ends_hash bytea, p_hash bytea, p_key integer, p_signature bytea, p_ends jsonb
) returns void language plpgsql security definer as $$
begin
  if p_number <> (select coalesce(max(number), 0) + 1 from trail_batches) then
    raise exception 'batch % does not follow the newest one', p_number;
  end if;
  insert into trail_batches (number, sealed_at, chains, ends_hash, hash, key_id, signature)
    values (p_number, p_at, jsonb_array_length(p_ends), p_ends_hash, p_hash, p_key, p_signature);
  insert into trail_ends (subject, batch, position, hash, connection_id, old_position, broken_at)
    select e.subject, p_number, e.position, decode(e.hash, 'hex'), e."connectionId", e."oldPosition", e."brokenAt"
    from jsonb_to_recordset(p_ends) as e(
      subject text, position integer, hash text, "connectionId" uuid, "oldPosition" integer, "brokenAt" integer);
  with sealed as (
    select h.subject from trail_heads h
    join jsonb_to_recordset(p_ends) as e(subject text, position integer) on e.subject = h.subject and e.position = h.position
    for update of h skip locked
  )
  update trail_heads h set unsealed = false from sealed where h.subject = sealed.subject;
end $$;

-- They run with their owner's rights, so they name where they look.
do $$ begin
  execute format('alter function append_trail(uuid, text, uuid, timestamptz, text, text, text, bytea, integer, bytea) set search_path = %I, pg_temp', current_schema());
  execute format('alter function seal_trail(integer, timestamptz, bytea, bytea, integer, bytea, jsonb) set search_path = %I, pg_temp', current_schema());
end $$;

-- Whoever owns the tables can drop these. They stop everybody else, and mistakes.
create function refuse_trail_change() returns trigger language plpgsql as $$
begin
  raise exception '% of % is refused: the audit is only ever added to', tg_op, tg_table_name
    using hint = 'Nothing in ml-connector does this. SECURITY.md says who could, and how it shows.';
end $$;
create trigger trail_stays before update or delete or truncate on trail
  for each statement execute function refuse_trail_change();
create trigger trail_batches_stay before update or delete or truncate on trail_batches
  for each statement execute function refuse_trail_change();
create trigger trail_ends_stay before update or delete or truncate on trail_ends
  for each statement execute function refuse_trail_change();
-- A head moves with every entry. Moved back it shows: entries stand after it. A trigger for that would double the price of an entry.
create trigger trail_heads_stay before delete or truncate on trail_heads
  for each statement execute function refuse_trail_change();
create trigger signing_keys_stay before delete or truncate on signing_keys
  for each statement execute function refuse_trail_change();
create trigger signing_keys_keep_their_names before update on signing_keys for each row
  when (not (new.id = old.id and new.public_key = old.public_key and new.created_at = old.created_at
    and (old.retired_at is null or new.retired_at = old.retired_at)))
  execute function refuse_trail_change();

insert into upgrade_notices (code, subject, message, action, created_at)
  select 'trail-upgrade', 'installation',
    'The audit of before the upgrade is being verified in its old format, and its ends are being sealed.',
    'Nothing: it goes on in the background and says here when it is done. Until then audit verify calls these chains not sealed yet.', now()
  where exists (select from trail_heads);
