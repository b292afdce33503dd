insert into newsletter_readers values ('ada@example.org', '2024-01-01');
insert into shop_readers values ('ada@example.org', '2020-01-01');
