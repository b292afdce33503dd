-- full_name is called display_name from now on.
alter table users rename column full_name to display_name;
alter table users alter column display_name drop not null;
