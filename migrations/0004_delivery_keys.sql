-- The idempotency key of a delivery follows from what it makes, not from a random id: after a restore from an older
-- backup the same step has the same key again, so a call that is still on its way cannot be made a second time.
alter table deliveries add column key_base text;
update deliveries set key_base = id::text;
alter table deliveries alter column key_base set not null;
-- Since when a call with the present key may still be on its way; its key is kept until that can be excluded.
alter table deliveries add column doubt_since timestamptz;
