create table logins (id integer primary key, visitor_id integer references visitors (id));
create table purchases (id integer primary key, visitor_id integer references visitors (id), kind text not null);

insert into logins (id, visitor_id) select id, visitor_id from events where kind = 'login';
insert into purchases (id, visitor_id, kind) select id, visitor_id, kind from events where kind = 'purchase';

drop table events;
