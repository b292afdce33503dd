-- full_name is called display_name from now on.
alter table users add column display_name text;
update users set display_name = full_name;
alter table users drop column full_name;
