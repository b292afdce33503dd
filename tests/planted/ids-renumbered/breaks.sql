insert into songs values (1, null, 'Yesterday'), (2, null, 'Help!');
