alter table closures add column superseded boolean not null default false;

update closures set superseded = true
where exists (select from closures as first where first.during && closures.during and first.id < closures.id);

alter table closures
    add constraint closures_apart exclude using gist (during with &&) where (not superseded);
