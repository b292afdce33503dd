insert into invoices values (1, null, 30000000);
