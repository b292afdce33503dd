alter table orders rename to purchases;
alter table purchases add column paid boolean;
