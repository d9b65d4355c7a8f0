-- Whose account it is: one client of one source account, however many connections reach the same tenant (K5).

create table account_owners (
  destination         text not null,
  -- As the destination's setting `tenantId` names it; '' while nobody knows, which may then be any.
  tenant              text not null,
  counterpart_id      text not null,
  counterpart_number  text not null,
  -- The client whose name and e-mail are written to it; null until a person has said whose it is.
  connection_id       uuid references connections on delete cascade,
  source_id           text,
  since               timestamptz not null,
  named_by            text,
  primary key (destination, tenant, counterpart_id),
  check ((connection_id is null) = (source_id is null))
);
create index account_owners_by_client on account_owners (connection_id, source_id);
create index links_of_account on links (counterpart_id) where kind = 'client';

-- Owners of the accounts that links name and this table does not: of an earlier version, or made by one that still ran.
-- Shared ones get none, and a notice.
create function note_account_owners(p_at timestamptz) returns void language sql as $$
  with named as (
    select c.destination, coalesce(c.destination_settings ->> 'tenantId', '') as tenant,
      l.counterpart_id, l.counterpart_number, l.connection_id, l.source_id, l.created_at, c.removed_at,
      c.source || ' ' || coalesce(c.source_settings ->> 'accountId', c.id::text) as source_account,
      coalesce(nullif(d.label, '') || ', ', '') || 'client ' || l.source_id || ' of ' || c.name as told,
      l.counterpart_number ~ '^([A-Z]-)?[A-Z]+-\w+-client-\w' and position(
        regexp_replace(c.source_settings ->> 'accountId', '[^A-Za-z0-9]', '_', 'g') || '-client-' ||
        regexp_replace(l.source_id, '[^A-Za-z0-9]', '_', 'g') || '-' in l.counterpart_number) = 0 as is_made_for_another
    from links l
    join connections c on c.id = l.connection_id
    left join documents d on d.connection_id = l.connection_id and d.kind = 'client' and d.source_id = l.source_id
    where l.kind = 'client'
  ), scoped as (
    select *, case when bool_or(tenant = '') over (partition by destination, counterpart_id) then '' else tenant end as scope
    from named
  ), accounts as (
    select destination, scope, counterpart_id, max(counterpart_number) as number,
      count(distinct (source_account, source_id)) as clients,
      coalesce(bool_or(is_made_for_another), false) as is_made_for_another,
      (array_agg(connection_id order by removed_at is not null, created_at desc))[1] as connection_id,
      (array_agg(source_id order by removed_at is not null, created_at desc))[1] as source_id,
      string_agg(distinct told, '; ') as told
    from scoped s
    where not exists (
      select from account_owners o where o.destination = s.destination and o.counterpart_id = s.counterpart_id
        and (o.tenant = '' or s.scope = '' or o.tenant = s.scope))
    group by destination, scope, counterpart_id
  ), added as (
    insert into account_owners (destination, tenant, counterpart_id, counterpart_number, connection_id, source_id, since)
    select destination, scope, counterpart_id, number,
      case when clients = 1 and not is_made_for_another then connection_id end,
      case when clients = 1 and not is_made_for_another then source_id end, p_at
    from accounts
    on conflict do nothing
    returning destination, tenant, counterpart_id, connection_id
  )
  insert into upgrade_notices (code, subject, message, action, created_at)
  select 'account-shared', number || ' (' || counterpart_id || ')',
    case when clients > 1
      then 'Account ' || number || ' holds what several clients were billed: ' || told || '.'
      else 'Account ' || number || ' was made for another client, by its number, and is used for: ' || told || '.'
    end || ' Everything stays where it is, and nobody''s name or e-mail is written to the account until you say whose it is.',
    'Say whose it is: accounts owner <connection> <client> <account>, or on the page of connections in the dashboard. '
      || 'Clients whose it is not can be tied to another account: link <connection> <client> <account>.',
    p_at
  from added join accounts using (destination, counterpart_id)
  where added.tenant = accounts.scope and added.connection_id is null
  on conflict do nothing
$$;

select note_account_owners(now());
