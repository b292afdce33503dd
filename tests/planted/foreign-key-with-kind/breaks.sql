insert into parties values (1, 'person', 'Ada');
insert into payments values (1, 1, 'company', 10);
