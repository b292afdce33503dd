create table birthdays (
    person_id integer primary key references people (id),
    born_on date not null
);

create function date_or_null(written text) returns date language plpgsql as $$
begin
    return written::date;
exception when data_exception then
    return null;
end
$$;

insert into birthdays (person_id, born_on)
select id, date_or_null(birth_date) from people where date_or_null(birth_date) is not null;
