alter table players add column last_name text;
update players set last_name = (string_to_array(full_name, ' '))[2];
alter table players alter column last_name set not null;
