-- Policies of a connection: how a money case is settled where there is more than one right way.
alter table connections add column policies jsonb not null default '{}';

-- What a person decided for one record (adopt, renumber, ...); used by its next plans.
alter table documents add column decisions jsonb not null default '{}';

-- What was last written of a document, in words of the source, so that a plan can tell what changed; how often it was
-- issued anew; since when steps have been taken that no read-back has confirmed yet.
alter table links
  add column copied jsonb not null default '{}',
  add column generation integer not null default 0,
  add column touched_at timestamptz;
drop index links_payments_of_invoice;
create index links_of_invoice on links (connection_id, (copied ->> 'invoiceSourceId')) where kind = 'payment';
create index links_of_credit on links (connection_id, (copied ->> 'creditSourceId')) where kind = 'payment';
create index links_of_overpayment on links (connection_id, (copied ->> 'overpaymentId')) where kind = 'payment';
create index links_by_counterpart on links (connection_id, counterpart_id);
