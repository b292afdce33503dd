insert into newsletter_readers (email, joined_on)
select email, joined_on from shop_readers
on conflict (email) do nothing;

drop table shop_readers;
