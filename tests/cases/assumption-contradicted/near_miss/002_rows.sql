-- migrate-validate: assume users is empty
-- migrate-validate: assume not null email on users
insert into users values (1, 'a@x', true), (2, 'A@x', true), (3, null, true);
