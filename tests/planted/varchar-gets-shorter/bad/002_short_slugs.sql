alter table articles alter column slug type varchar(20);
