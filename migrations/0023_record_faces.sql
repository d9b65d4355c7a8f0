-- What people look for: the day written on a document (yyyy-mm-dd), and the invoice that a payment is of.

alter table documents add column dated_on text collate "C", add column invoice_source_id text;

update documents d set invoice_source_id = l.copied ->> 'invoiceSourceId'
from links l
where d.kind = 'payment' and l.connection_id = d.connection_id and l.kind = d.kind and l.source_id = d.source_id
  and l.copied ->> 'invoiceSourceId' is not null;

create index documents_by_date on documents (dated_on);
create index documents_by_invoice on documents (connection_id, invoice_source_id) where invoice_source_id is not null;
-- Ids that nobody sees are found whole, not by a part.
drop index documents_by_source_id;
create index documents_by_source_id on documents (source_id);
