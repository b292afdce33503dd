create table accounts (
    id integer primary key,
    owner text not null,
    balance integer not null
);
alter table accounts add constraint accounts_balance check (balance >= 0) not valid;
