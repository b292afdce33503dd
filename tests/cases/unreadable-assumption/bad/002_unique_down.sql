-- migrate-validate: assume users is empty
drop index users_lower_idx;
