insert into tickets (kind, title) values ('question', 'How?');
