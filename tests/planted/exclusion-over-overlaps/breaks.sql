insert into closures (id, during) values (1, '[2024-01-01,2024-01-03)'), (2, '[2024-01-02,2024-01-04)');
