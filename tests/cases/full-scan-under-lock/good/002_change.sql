alter table events_2024 add constraint bounds check (at >= '2024-01-01' and at < '2025-01-01') not valid;
