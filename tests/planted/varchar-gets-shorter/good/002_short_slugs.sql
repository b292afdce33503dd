alter table articles add column short_slug varchar(20) not null default '';
update articles set short_slug = left(slug, 20);
