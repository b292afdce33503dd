update subscriptions set status = 'ended'
where status = 'active' and exists (
    select from subscriptions as later
    where later.customer_id = subscriptions.customer_id and later.status = 'active' and later.id > subscriptions.id
);

create unique index one_active_subscription on subscriptions (customer_id) where status = 'active';
