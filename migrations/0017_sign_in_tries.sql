-- Tries at the doors that anybody reaches (sign-in, set-up, consent's return) and devices that people have signed in on.

-- The sign-in library's own counts; ours take their place.
drop table sign_in_rates;

-- One number for each thing that is counted: when all of its tries will be back. A thing without a row has them all.
-- Cells are keyed hashes of bounded number, so that nobody's address stands here and a flood fills a bounded place.
create unlogged table sign_in_tries (
  cell     integer primary key,
  full_at  timestamptz not null
);

-- Takes one try of each, or of none where one has none left. `wait_ms` is above zero for those that have none left;
-- `used` is how many are still out. Without a burst nothing is refused, and no more than 24 are remembered.
create function take_tries(cells integer[], every_ms float8[], bursts float8[], at timestamptz)
returns table (wait_ms float8, used float8) language plpgsql as $$
begin
  insert into sign_in_tries select distinct asked, at from unnest(cells) asked order by asked on conflict do nothing;
  -- In one order, so that no two wait for each other in a circle.
  perform from sign_in_tries t where t.cell = any (cells) order by t.cell for update;
  return query
    with asked as (
      select a.place, a.cell, a.every, a.burst,
        coalesce(extract(epoch from greatest(t.full_at, at) - at)::float8 * 1000, 0) as out_ms
      from unnest(cells, every_ms, bursts) with ordinality a (cell, every, burst, place)
      left join sign_in_tries t on t.cell = a.cell
    ), told as (
      select a.place, a.cell, a.every, a.burst, a.out_ms,
        greatest(coalesce(a.out_ms + a.every - a.burst * a.every, 0), 0) as wait
      from asked a
    ), taken as (
      update sign_in_tries t
      set full_at = at + least(told.out_ms + told.every, coalesce(told.burst, 24) * told.every) * interval '1 millisecond'
      from told
      where told.cell = t.cell and not exists (select from told refused where refused.wait > 0)
    )
    select told.wait, told.out_ms / told.every from told order by told.place;
end $$;

-- Goes up with each new password and each signing out everywhere: cookies of devices from before are worth nothing then.
alter table users add column device_generation integer not null default 1;
