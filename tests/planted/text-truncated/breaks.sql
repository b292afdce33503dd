insert into articles values (1, null, 'BOLT-0001');
