-- A CHECK of something else proves nothing.
alter table orders add constraint total_positive check (total > 0) not valid;
alter table orders alter total set not null;
