alter table entries add column currency text;
update entries set currency = 'EUR';
alter table entries alter column currency set not null;
