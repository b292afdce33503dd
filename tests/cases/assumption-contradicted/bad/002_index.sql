-- migrate-validate: assume unique lower(email) on users
-- migrate-validate: assume no rows: select u.id, count(*) from users u where id > 2 group by 1
-- migrate-validate: assume id between 1 and 3 on users
create index on users (lower(email));
