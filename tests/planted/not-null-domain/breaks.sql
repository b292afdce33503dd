insert into contacts (phone) values (null);
