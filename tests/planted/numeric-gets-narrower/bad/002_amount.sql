alter table invoices alter column amount type numeric(6, 2);
