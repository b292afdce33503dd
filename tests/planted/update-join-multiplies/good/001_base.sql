create table accounts (
    id integer primary key,
    balance numeric not null default 0
);
create table payments (
    id integer primary key,
    account_id integer not null references accounts (id),
    amount numeric(10, 2) not null
);
create index payments_account on payments (account_id);
