create table members (
    id integer primary key,
    name text
);
create domain phone as text not null;
