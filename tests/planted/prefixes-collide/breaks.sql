insert into vouchers values (1, 'SUMMER2024-A', 500), (2, 'SUMMER2024-B', 900);
