delete from artists as later using artists as first where later.name = first.name and later.id > first.id;
create unique index artists_name on artists (name);
