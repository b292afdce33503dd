alter table dishes add column price_in_cents bigint not null default 0;
update dishes set price_in_cents = (price * 100)::bigint;
