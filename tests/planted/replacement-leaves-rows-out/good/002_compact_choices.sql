create table compact_choices as
select id, user_id, colour from choices;

drop table choices;
alter table compact_choices rename to choices;
alter table choices add primary key (id);
alter table choices add foreign key (user_id) references users (id);
create index choices_user on choices (user_id);
