-- What a connection cannot do although its sign-in is good: a kind that may not be read, a step that may not be taken, a filter that does nothing.

create table blocks (
  connection_id  uuid not null references connections on delete cascade,
  side           text not null check (side in ('source', 'destination')),
  -- 'read payment', 'step post-invoice', 'deleted-filter payment', ...: a word of src/store/blocks.ts and what it is about.
  what           text not null,
  -- In the words of the system that refused, and what to do about it.
  message        text not null,
  way_out        text not null,
  since          timestamptz not null,
  seen_at        timestamptz not null,
  -- Before then nobody tries it again.
  next_try_at    timestamptz not null,
  -- When that was written: a clock may be set back.
  written_at     timestamptz not null,
  primary key (connection_id, side, what)
);

-- Records that wait for the end of a block: pending, and looked at by nobody until then.
alter table documents add column held_by text;
create index documents_held on documents (connection_id, held_by) where held_by is not null;

alter table alerts drop constraint alerts_what_check;
alter table alerts add constraint alerts_what_check check (what in ('paused', 'parked', 'blocked', 'test'));
