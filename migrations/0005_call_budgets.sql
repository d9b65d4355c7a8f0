-- A vendor's limits belong to a tenant, not to a connection: one row for each tenant and pool of calls, shared by all
-- connections, processes and machines. The state is src/core/call-budget.ts; `version` makes each change atomic.
create table call_budgets (
  name        text not null,
  pool        text not null,
  version     bigint not null default 0,
  state       jsonb not null,
  changed_at  timestamptz not null,
  primary key (name, pool)
) with (fillfactor = 50);
drop table rate_budgets;
