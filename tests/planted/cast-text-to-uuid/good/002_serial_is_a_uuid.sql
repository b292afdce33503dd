alter table devices add column device_uuid uuid not null default gen_random_uuid();

update devices set device_uuid = serial::uuid
where serial ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
