-- A proxy that everybody comes through and that is not trusted, as the service has seen it: for commands, which are other processes.

create table seen_proxy (
  one      boolean primary key default true check (one),
  address  text not null,
  seen_at  timestamptz not null
);
