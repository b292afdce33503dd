insert into tickets (status) values ('closed');
