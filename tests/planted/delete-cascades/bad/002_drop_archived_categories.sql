delete from categories where archived;
alter table categories drop column archived;
