-- Where the service is reached, as its process with a server has said last: for commands, which are other processes.

create table web_address (
  one      boolean primary key default true check (one),
  url      text not null,
  said_at  timestamptz not null
);
