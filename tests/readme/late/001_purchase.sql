create table purchase (id int primary key, net numeric not null);
