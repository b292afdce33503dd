alter table people alter column birth_date type date using birth_date::date;
