-- Reads much and locks nobody out.
update orders set state = 'new' where state is null;
create table totals as select customer_id, sum(total) from orders group by 1;
do $$ begin delete from orders where total < 0; end $$;
create table events_2025 partition of events for values from ('2025-01-01') to ('2026-01-01');
