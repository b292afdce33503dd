insert into deliveries values (1, 'Ada');
insert into addresses values (1, 'Ada', 'Main street'), (2, 'Ada', 'High street');
