create table customers (
    id integer primary key,
    name text not null
);
create table subscriptions (
    id integer primary key,
    customer_id integer not null references customers (id),
    status text not null default 'active' check (status in ('active', 'paused', 'ended')),
    started_on date not null default current_date
);
create index subscriptions_customer on subscriptions (customer_id);
