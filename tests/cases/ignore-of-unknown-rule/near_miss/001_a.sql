-- migrate-validate: ignore splinter:no_primary_key: tiny
create table a (x int);
-- squawk-ignore no-rule-of-ours
select 1;
