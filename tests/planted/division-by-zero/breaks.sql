insert into order_lines values (1, null, 0, 10);
