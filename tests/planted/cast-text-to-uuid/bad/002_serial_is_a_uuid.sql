alter table devices alter column serial type uuid using serial::uuid;
