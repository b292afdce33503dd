alter table accounts add column billing_email text not null default '';

update accounts set billing_email = coalesce(
    (select min(email) from users where users.account_id = accounts.id and role = 'owner'), ''
);
