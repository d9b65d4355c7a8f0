-- The time zone of the destination had a default that was stored as if a person had set it; now it is read where the
-- destination tells it, and the setting overrules. What is stored stays: a person says whether it is meant.
insert into upgrade_notices (code, connection_id, subject, message, action, created_at)
select 'time-zone-set', c.id, c.id::text,
  'What is today for "' || c.name || '" is decided by its setting timeZone, ' || (c.destination_settings ->> 'timeZone')
    || ', which earlier editions filled in by themselves. Now the destination is asked for its own.',
  'Clear the setting timeZone of the connection, unless it is to overrule the destination; ping names both.', now()
from connections c
where c.removed_at is null and coalesce(c.destination_settings ->> 'timeZone', '') <> '';
