insert into profiles (handle) values ('ada'), ('ada');
