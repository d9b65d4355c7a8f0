-- Secrets that were replaced, kept sealed for a day: until then every process cuts them out of what it writes, also one
-- that starts anew. What made a consent is here, too: its code and verifier are worth nothing afterwards, but were sent.

create table former_secrets (
  id           uuid primary key,
  -- What the sealed value is bound to.
  identity     text not null,
  sealed       jsonb not null,
  replaced_at  timestamptz not null
);
create index former_secrets_by_age on former_secrets (replaced_at);
