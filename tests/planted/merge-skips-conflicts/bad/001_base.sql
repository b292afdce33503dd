create table newsletter_readers (
    email text primary key,
    joined_on date not null
);
create table shop_readers (
    email text primary key,
    joined_on date not null
);
