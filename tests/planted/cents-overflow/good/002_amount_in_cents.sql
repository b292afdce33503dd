alter table invoices add column amount_in_cents bigint not null default 0;
update invoices set amount_in_cents = amount::bigint * 100;
