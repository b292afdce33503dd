alter table invoices add column amount_in_cents integer not null default 0;
update invoices set amount_in_cents = amount * 100;
