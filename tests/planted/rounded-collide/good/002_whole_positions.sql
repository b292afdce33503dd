alter table steps add column exact numeric(10, 2);
update steps set exact = position;
alter table steps drop constraint steps_position_key;
update steps set position = ranked.place + 1
from (select id, row_number() over (order by position) as place from steps) as ranked
where ranked.id = steps.id;
alter table steps add constraint steps_position_key unique (position);
