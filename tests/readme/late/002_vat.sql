alter table purchase add vat numeric not null default 0;
