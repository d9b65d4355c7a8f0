-- People who may sign in, their sessions, and the counters against guessing; column names as the sign-in library maps them.

create table users (
  id              uuid primary key default gen_random_uuid(),
  name            text not null,
  email           text not null unique,
  email_verified  boolean not null,
  image           text,
  role            text not null check (role in ('viewer', 'operator', 'admin')),
  created_at      timestamptz not null default current_timestamp,
  updated_at      timestamptz not null default current_timestamp
);

create table sessions (
  id          uuid primary key default gen_random_uuid(),
  user_id     uuid not null references users on delete cascade,
  token       text not null unique,
  expires_at  timestamptz not null,
  ip_address  text,
  user_agent  text,
  created_at  timestamptz not null default current_timestamp,
  updated_at  timestamptz not null
);
create index sessions_by_user on sessions (user_id);

-- How a user proves who they are: one row for the password (argon2id), later one for each identity provider.
create table sign_in_accounts (
  id                        uuid primary key default gen_random_uuid(),
  user_id                   uuid not null references users on delete cascade,
  provider_id               text not null,
  account_id                text not null,
  password                  text,
  access_token              text,
  refresh_token             text,
  id_token                  text,
  access_token_expires_at   timestamptz,
  refresh_token_expires_at  timestamptz,
  scope                     text,
  created_at                timestamptz not null default current_timestamp,
  updated_at                timestamptz not null,
  unique (provider_id, account_id)
);
create index sign_in_accounts_by_user on sign_in_accounts (user_id);

create table sign_in_verifications (
  id          uuid primary key default gen_random_uuid(),
  identifier  text not null,
  value       text not null,
  expires_at  timestamptz not null,
  created_at  timestamptz not null default current_timestamp,
  updated_at  timestamptz not null default current_timestamp
);
create index sign_in_verifications_by_identifier on sign_in_verifications (identifier);

create table sign_in_rates (
  id            uuid primary key default gen_random_uuid(),
  key           text not null unique,
  count         integer not null,
  last_request  bigint not null
);
