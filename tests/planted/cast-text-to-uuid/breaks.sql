insert into devices values (1, null, 'SN-1');
