insert into meters values (1, null, 'heat');
