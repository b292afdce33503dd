create table customer (
    id bigint generated always as identity primary key,
    email text not null unique,
    purchases integer not null default 0
);
create table purchase (
    id bigint generated always as identity primary key,
    customer_id bigint not null references customer,
    amount numeric(10, 2) not null
);
insert into customer (email) values ('ada@example.org'), ('bob@example.org');
insert into purchase (customer_id, amount) values (1, 10), (1, 20), (2, 30);
create role web;
grant select, update on customer to web;
create policy "customers read themselves" on customer for select to web
    using (id = nullif(current_setting('app.customer', true), '')::bigint);
alter default privileges in schema public revoke execute on functions from public;
