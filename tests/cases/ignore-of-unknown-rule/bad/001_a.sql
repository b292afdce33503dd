-- migrate-validate: ignore unindexed-foreign-keys: tiny
select 1;
select 2; -- migrate-validate: ignore splinter:nothing_like_it: tiny
