create table if not exists customer (
    id bigint generated always as identity primary key,
    email text not null unique,
    purchases integer not null default 0,
    nickname varchar(40)
);
create index if not exists purchase_amount on purchase (amount);
update customer set purchases = purchases + 1;
