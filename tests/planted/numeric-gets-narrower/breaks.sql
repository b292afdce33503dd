insert into invoices (amount) values (10000);
