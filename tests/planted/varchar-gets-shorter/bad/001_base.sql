create table authors (
    id integer primary key,
    name text not null
);
create table articles (
    id integer primary key,
    author_id integer references authors (id),
    slug varchar(60) not null
);
create index articles_author on articles (author_id);
