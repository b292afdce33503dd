-- migrate-validate: assume not null email on users
-- migrate-validate: assume id exists in plans on users
-- migrate-validate: assume check (exists (select from app.plans p where p.id = users.id)) on users
alter table users rename email to mail;
alter table users alter mail set not null;
alter table users add foreign key (id) references app.plans;
