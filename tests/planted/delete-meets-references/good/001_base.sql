create table publishers (
    id integer primary key,
    closed boolean not null default false
);
create table books (
    id integer primary key,
    publisher_id integer not null references publishers (id)
);
create index books_publisher on books (publisher_id);
