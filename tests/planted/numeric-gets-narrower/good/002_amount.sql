alter table invoices alter column amount type numeric(14, 2);
