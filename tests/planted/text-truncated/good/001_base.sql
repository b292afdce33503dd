create table brands (
    id integer primary key,
    name text not null
);
create table articles (
    id integer primary key,
    brand_id integer references brands (id),
    sku text not null
);
create index articles_brand on articles (brand_id);
