create table visitors (
    id integer primary key,
    name text not null
);
create table events (
    id integer primary key,
    visitor_id integer references visitors (id),
    kind text not null check (kind in ('login', 'purchase', 'refund'))
);
create index events_visitor on events (visitor_id);
