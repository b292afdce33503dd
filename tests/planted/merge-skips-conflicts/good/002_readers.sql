alter table newsletter_readers
    add column source text not null default 'newsletter',
    drop constraint newsletter_readers_pkey,
    add primary key (source, email);

insert into newsletter_readers (source, email, joined_on) select 'shop', email, joined_on from shop_readers;
drop table shop_readers;
