-- Sandboxes are marked for good: they call the simulators they were made from, and nothing else is called without TLS.

alter table connections add column simulators text[] check (cardinality(simulators) > 0);

-- Made by the sandbox verbs: all addresses on this machine, and none of them was ever changed by a person.
with addresses as (
  select c.id, setting.side,
    substring(setting.value from '^http://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?(?=/|$)') as origin
  from connections c
  cross join lateral (
    select 'source' as side, * from jsonb_each_text(c.source_settings)
    union all select 'destination', * from jsonb_each_text(c.destination_settings)
  ) setting
  where setting.key in ('apiBaseUrl', 'authorizeUrl', 'tokenUrl', 'baseUrl') and setting.value <> ''
), sandboxes as (
  select id, array_agg(distinct origin order by origin) as origins
  from addresses group by id
  having bool_and(origin is not null) and count(distinct side) = 2
)
update connections c set simulators = s.origins
from sandboxes s
where c.id = s.id and not exists (
  select 1 from trail t
  where t.subject = 'connection:' || c.id and t.entry = 'decision'
    and t.payload ~ '"(source\.(apiBaseUrl|authorizeUrl|tokenUrl)|destination\.baseUrl)"'
);

create function keep_simulators() returns trigger language plpgsql as $$
begin
  raise exception 'a connection stays the sandbox that it is, or none';
end $$;

create trigger connections_keep_simulators before update of simulators on connections
  for each row when (old.simulators is distinct from new.simulators) execute function keep_simulators();
