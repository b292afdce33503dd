create table teams (
    id integer primary key,
    name text not null
);
create table memberships (
    id integer primary key,
    team_id integer not null references teams (id),
    user_id uuid not null,
    role text not null default 'member'
);
create index memberships_user on memberships (user_id);
