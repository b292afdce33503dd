alter table shipments add column region text;

update shipments set region = coalesce(warehouses.region, 'unknown')
from warehouses where warehouses.id = shipments.warehouse_id;

alter table shipments alter column region set not null;
