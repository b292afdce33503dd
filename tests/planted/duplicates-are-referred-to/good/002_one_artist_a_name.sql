update albums
set artist_id = first.id
from artists as own
join lateral (select min(id) as id from artists where artists.name = own.name) as first on true
where own.id = albums.artist_id and own.name is not null and first.id <> own.id;
delete from artists as later using artists as first where later.name = first.name and later.id > first.id;
create unique index artists_name on artists (name);
