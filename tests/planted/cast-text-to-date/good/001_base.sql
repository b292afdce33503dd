create table people (
    id integer primary key,
    name text not null,
    birth_date text
);
create table passports (
    number text primary key,
    person_id integer not null references people (id)
);
create index passports_person on passports (person_id);
