insert into suppliers (code, name) select code, name from manufacturers;
drop table manufacturers;
