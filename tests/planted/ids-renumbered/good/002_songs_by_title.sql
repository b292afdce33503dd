create table songs_by_title as
select id, album_id, title from songs order by title;

drop table songs;
alter table songs_by_title rename to songs;
alter table songs add primary key (id);
alter table songs add foreign key (album_id) references albums (id);
create index songs_album on songs (album_id);
