-- Tokens belong to a person or are a service's with an end; one admin always; a name never looks like an id.

create function looks_like_id(words text) returns boolean language sql immutable as $$
  select words ~* '^\s*(urn:uuid:)?\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?\s*$'
$$;

-- Names of connections: whoever names one by its id gets that one.
do $$
declare
  given record;
  wanted text;
  number integer;
  shadowed boolean;
begin
  for given in select id, name from connections where looks_like_id(name) order by id loop
    number := 1;
    wanted := 'connection ' || btrim(given.name);
    while exists (select from connections where name = wanted) loop
      number := number + 1;
      wanted := 'connection ' || btrim(given.name) || ' ' || number;
    end loop;
    shadowed := exists (select from connections where id::text = lower(btrim(given.name)) and id <> given.id);
    update connections set name = wanted where id = given.id;
    insert into upgrade_notices (code, connection_id, subject, message, action, created_at) values (
      'connection-renamed', given.id, given.id::text,
      format('The connection "%s" was named like an id. It is now named "%s".', given.name, wanted)
        || case when shadowed then ' That id is another connection’s: calls meant for the other may have come to this one.' else '' end,
      case when shadowed
        then 'Compare the history of both connections; use the id or the new name where a program named it.'
        else 'Use the id or the new name where a program named it.' end,
      now());
    perform append_trail('connection:' || given.id, given.id, now(), 'system', 'decision', json_build_object(
      'summary', format('renamed by the upgrade: "%s" looked like an id', given.name), 'name', wanted)::text);
  end loop;
end $$;
alter table connections add constraint connections_name_is_no_id check (not looks_like_id(name));

-- The same for e-mails, which name people beside their ids; the command line once took any text.
do $$
declare
  given record;
  wanted text;
begin
  for given in select id, email from users where looks_like_id(email) order by id loop
    wanted := btrim(given.email) || '@renamed.invalid';
    while exists (select from users where email = wanted) loop
      wanted := 'x' || wanted;
    end loop;
    update users set email = wanted where id = given.id;
    insert into upgrade_notices (code, subject, message, action, created_at) values (
      'person-renamed', given.id::text,
      format('The e-mail "%s" of an account looked like an id. It is now "%s".', given.email, wanted),
      'Add the person again under their e-mail, and remove this account.', now());
    perform append_trail('installation', null, now(), 'system', 'decision', json_build_object(
      'summary', format('renamed by the upgrade: the e-mail "%s" looked like an id', given.email), 'email', wanted)::text);
  end loop;
end $$;
alter table users add constraint users_email_is_no_id check (not looks_like_id(email));

-- One admin always, whatever happens at the same moment.
create function keep_an_admin() returns trigger language plpgsql as $$
begin
  -- One after the other: each sees what the one before has left.
  perform pg_advisory_xact_lock(hashtext('ml-connector:admins'));
  if not exists (select from users where role = 'admin') then
    raise exception 'the last admin has to stay one'
      using errcode = 'check_violation', constraint = 'users_keep_an_admin', table = 'users';
  end if;
  return null;
end $$;
create trigger users_keep_an_admin_on_change after update of role on users
  for each row when (old.role = 'admin' and new.role <> 'admin') execute function keep_an_admin();
create trigger users_keep_an_admin_on_removal after delete on users
  for each row when (old.role = 'admin') execute function keep_an_admin();

-- Before there was a guard, two admins could demote each other.
insert into upgrade_notices (code, subject, message, action, created_at)
select 'no-admin', 'people', 'Nobody who may sign in is an admin.',
  'Make somebody one, on the machine itself: users set-role EMAIL --role admin', now()
where exists (select from users) and not exists (select from users where role = 'admin');

alter table api_tokens
  add column kind       text check (kind in ('personal', 'service')),
  -- Whose it is; it ends with the person.
  add column person_id  uuid references users on delete cascade,
  -- Who made it; it outlives them.
  add column maker_id   uuid references users on delete set null;

-- Whom each token of before leads back to: its maker, or over the tokens of that name which could have made it then.
create temporary table token_roots on commit drop as
with recursive walk (token_id, at_id) as (
  select id, id from api_tokens
  union
  select walk.token_id, parent.id from walk
  join api_tokens child on child.id = walk.at_id
  join api_tokens parent on child.created_by = 'token:' || parent.name and parent.id <> child.id
    and 'people' = any (parent.scopes) and parent.created_at <= child.created_at
    and (parent.revoked_at is null or parent.revoked_at >= child.created_at)
    and (parent.expires_at is null or parent.expires_at > child.created_at)
), roots as (
  select walk.token_id, root.created_by from walk
  join api_tokens root on root.id = walk.at_id
  where not exists (select from walk further where further.token_id = root.id and further.at_id <> root.id)
), told as (
  select token_id, count(distinct created_by) as count, min(created_by) as root from roots group by token_id
)
select t.id, coalesce(told.count, 0) as count, told.root, u.id as person_id, u.email, u.role
from api_tokens t
left join told on told.token_id = t.id
left join users u on told.count = 1 and lower(told.root) = 'user:' || u.email;

-- What had run out is ended by that and needs no owner.
update api_tokens set revoked_at = expires_at where revoked_at is null and expires_at <= now();

with matched as (
  update api_tokens t set kind = 'personal', person_id = r.person_id from token_roots r
  where r.id = t.id and t.revoked_at is null and r.person_id is not null
  returning t.id, t.name, t.created_by, r.email, r.role
)
insert into upgrade_notices (code, subject, message, created_at)
select 'token-personal', id::text, format(
  'The API token "%s", made by %s, is now a personal token of %s: it ends with the account and does no more than the role allows (%s now). No token makes tokens or people any more.',
  name, created_by, email, role), now()
from matched;

with served as (
  update api_tokens t set kind = 'service', scopes = array_remove(t.scopes, 'people'),
    expires_at = least(coalesce(t.expires_at, 'infinity'), now() + interval '366 days')
  from token_roots r, api_tokens before
  where r.id = t.id and before.id = t.id and t.revoked_at is null and t.created_by like 'cli:%'
    and cardinality(array_remove(t.scopes, 'people')) > 0
  returning t.id, t.name, t.created_by, t.expires_at, 'people' = any (before.scopes) as had_people
)
insert into upgrade_notices (code, subject, message, action, created_at)
select 'token-service', id::text, format(
    'The API token "%s", made by %s, is now a service token and ends on %s.',
    name, created_by, to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD'))
  || case when had_people then ' It has no scope "people" any more: no service token has.' else '' end,
  'Make a new one before that day where a program needs it, and end this one.', now()
from served;

with ended as (
  update api_tokens t set revoked_at = now() from token_roots r
  where r.id = t.id and t.revoked_at is null and t.kind is null
  returning t.id, t.name, t.created_by, r.count, r.root
)
insert into upgrade_notices (code, subject, message, action, created_at)
select 'token-ended', id::text, format('The API token "%s", made by %s, is ended: ', name, created_by) || case
    when created_by like 'cli:%' then 'it had the scope "people" alone, which no service token has.'
    when count > 1 then 'more than one person may have made it.'
    when root like 'user:%' then format('nobody with the e-mail %s has an account.', substr(root, 6))
    else 'it leads back to no person.' end,
  'Make a new token where a program still needs one: under People, or with tokens add.', now()
from ended;

select append_trail('installation', null, now(), 'system', 'decision', json_build_object(
  'summary', 'API tokens were given to their people by the upgrade',
  'tokens', json_agg(json_build_object('id', subject, 'now', code, 'words', message) order by subject))::text)
from upgrade_notices where code in ('token-personal', 'token-service', 'token-ended') having count(*) > 0;

alter table api_tokens add constraint api_tokens_belong check (
  revoked_at is not null
  -- Without a kind the rest would be null, and null passes a check.
  or (kind is not distinct from 'personal' and person_id is not null and maker_id is null)
  or (kind is not distinct from 'service' and person_id is null and expires_at is not null and not 'people' = any (scopes)));
create index api_tokens_by_person on api_tokens (person_id) where person_id is not null;
create index api_tokens_by_maker on api_tokens (maker_id) where maker_id is not null;
