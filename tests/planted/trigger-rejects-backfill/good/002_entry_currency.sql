alter table entries add column currency text not null default 'EUR';
alter table entries alter column currency drop default;
