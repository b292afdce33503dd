create table albums (
    id integer primary key,
    title text not null
);
create table songs (
    id integer primary key,
    album_id integer references albums (id),
    title text not null
);
create index songs_album on songs (album_id);
