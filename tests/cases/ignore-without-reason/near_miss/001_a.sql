-- squawk-ignore ban-drop-table
create table a (id int primary key, note text default '-- migrate-validate: ignore applies');
-- migrate-validate finds nothing to ignore here
select 1;
do $$ begin
-- migrate-validate: ignore applies
end $$;
