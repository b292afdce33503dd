create table teams (
    id integer primary key,
    name text not null
);
create table players (
    id integer primary key,
    team_id integer references teams (id),
    full_name text not null
);
create index players_team on players (team_id);
