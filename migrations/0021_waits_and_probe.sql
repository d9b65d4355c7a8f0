-- A stored wait is the moment of writing plus a duration: one that was written ahead of now was written by a clock that
-- has been set back since, and begins anew (src/store/set-back.ts). And a row for the probe that tries a small write.

alter table lanes add column written_at timestamptz;
alter table connections add column poll_written_at timestamptz;

create table write_probe (
  only_row  boolean primary key default true check (only_row),
  tried_at  timestamptz not null
);
