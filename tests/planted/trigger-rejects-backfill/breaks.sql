insert into entries (amount, booked) values (10, true);
