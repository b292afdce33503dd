create table artists (
    id integer primary key,
    name text
);
create table albums (
    id integer primary key,
    artist_id integer references artists (id)
);
create index albums_artist on albums (artist_id);
