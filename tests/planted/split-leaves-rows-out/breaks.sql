insert into events values (1, null, 'refund');
