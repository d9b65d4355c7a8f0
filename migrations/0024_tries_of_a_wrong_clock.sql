-- Tries that a clock has counted which was set back since come back as soon as if they had been made now.

create or replace function take_tries(cells integer[], every_ms float8[], bursts float8[], at timestamptz)
returns table (wait_ms float8, used float8) language plpgsql as $$
begin
  insert into sign_in_tries select distinct asked, at from unnest(cells) asked order by asked on conflict do nothing;
  -- In one order, so that no two wait for each other in a circle.
  perform from sign_in_tries t where t.cell = any (cells) order by t.cell for update;
  -- Nothing is out for longer than all of its tries take to come back.
  update sign_in_tries t set full_at = at + coalesce(a.burst, 24) * a.every * interval '1 millisecond'
  from unnest(cells, every_ms, bursts) a (cell, every, burst)
  where t.cell = a.cell and t.full_at > at + coalesce(a.burst, 24) * a.every * interval '1 millisecond' + interval '5 seconds';
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
