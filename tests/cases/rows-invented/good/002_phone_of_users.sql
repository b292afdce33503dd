create table users_with_phone as
select distinct on (users.id) users.id, users.name, phones.number
from users left join phones on phones.user_id = users.id
order by users.id, phones.id;

drop table users cascade;
alter table users_with_phone rename to users;
