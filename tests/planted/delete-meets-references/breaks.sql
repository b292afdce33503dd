insert into publishers values (1, true);
insert into books values (1, 1);
