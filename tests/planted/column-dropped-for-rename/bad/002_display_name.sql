-- full_name is called display_name from now on.
alter table users drop column full_name;
alter table users add column display_name text;
